"""Books and trades as anybody may see them."""

from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal, NamedTuple

import asyncpg

from exchange.engine.session import CLOSED, PHASES
from exchange.market_data.rules import vwap
from exchange.projections.store import Tradable
from registry.kit import sql
from registry.kit.database import Tx, fetch_one
from registry.kit.pages import Window
from registry.kit.period import Between
from schemas.market_data import Book, BookOrder, DaySummary, PriceBar, PriceLevel, Trade
from schemas.pages import Page
from schemas.sessions import Phase

_sql = sql.load(__package__)
Interval = Literal["hour", "day"]
BARS: Final = 400
"""How many hours or days of prices are shown."""
_BAR: Final = ("open_fen", "high_fen", "low_fen", "close_fen", "quantity_t", "amount_fen", "trades")
DEPTH: Final = 50
"""Price levels of each side that a book shows."""
ORDERS: Final = 5_000
"""Orders of each side that a full book shows."""


async def book(tx: Tx, instrument: Tradable) -> Book:
    """The best prices of both sides; *tx* is one snapshot."""
    bids, asks = [
        tuple(
            PriceLevel(price_fen=row["price_fen"], quantity_t=row["quantity_t"], orders=row["orders"])
            for row in await tx.fetch(query, instrument.id, DEPTH)
        )
        for query in (_sql.best_bids, _sql.best_asks)
    ]
    return Book(instrument=instrument.code, sequence=await tx.fetchval(_sql.sequence), bids=bids, asks=asks)


async def trades(tx: Tx, window: Window, instrument: Tradable, *, newest_first: bool) -> Page[Trade]:
    """The trades of an instrument, without who made them."""
    rows = await tx.fetch(_sql.newest_trades if newest_first else _sql.trades, *window.args, instrument.id)
    return window.page([(row["id"], _trade(row)) for row in rows])


async def trades_after(tx: Tx, instrument: Tradable, trade_id: int) -> tuple[Trade, ...]:
    """Every trade later than one, the oldest first."""
    return tuple(_trade(row) for row in await tx.fetch(_sql.trades_after, instrument.id, trade_id))


async def last_trade_id(tx: Tx, instrument: Tradable) -> int:
    """The newest trade, or 0."""
    return int(await tx.fetchval(_sql.last_trade_id, instrument.id))


async def orders(tx: Tx, instrument: Tradable) -> tuple[BookOrder, ...]:
    """The best orders of both sides, one by one: by price, then by time."""
    rows = [
        *await tx.fetch(_sql.best_buy_orders, instrument.id, ORDERS),
        *await tx.fetch(_sql.best_sell_orders, instrument.id, ORDERS),
    ]
    return tuple(
        BookOrder(id=row["id"], side=row["side"], price_fen=row["price_fen"], open_t=row["open_t"]) for row in rows
    )


class BookState(NamedTuple):
    """
    Whether the book takes orders (the instrument is open, nothing halts it, it is not closed), and its phase.

    *delisted_on* is the day from which on it trades no more, where one was announced.
    """

    open: bool
    phase: Phase
    delisted_on: date | None


async def book_state(tx: Tx, instrument: Tradable) -> BookState:
    """Where the book of an instrument is in its day."""
    row = await fetch_one(tx, _sql.phase, instrument.id)
    return BookState(row["trades"] and row["phase"] != CLOSED, PHASES[row["phase"]], row["delisted_on"])


async def price_bars(tx: Tx, instrument: Tradable, interval: Interval) -> tuple[PriceBar, ...]:
    """Prices and volume by hour or by day, the oldest first: of the newest `BARS` intervals up to the last trade."""
    newest = await tx.fetchval(_sql.newest_trade_at, instrument.id)
    if newest is None:
        return ()
    since = newest - BARS * (timedelta(hours=1) if interval == "hour" else timedelta(days=1))
    rows = await tx.fetch(_sql.price_bars, instrument.id, interval, since)
    return tuple(
        PriceBar(
            begins=datetime.fromtimestamp(row["begins"], UTC),
            vwap_fen=vwap(row["amount_fen"], row["quantity_t"]),
            **{name: row[name] for name in _BAR},
        )
        for row in rows
    )


async def day(tx: Tx, of: date, between: Between) -> tuple[DaySummary, ...]:
    """What was traded in a day, an instrument a line, by code."""
    return tuple(
        DaySummary(
            day=of,
            instrument=row["code"],
            open_fen=row["open_fen"],
            high_fen=row["high_fen"],
            low_fen=row["low_fen"],
            last_fen=row["close_fen"],
            vwap_fen=vwap(row["amount_fen"], row["quantity_t"]),
            volume_t=row["quantity_t"],
            turnover_fen=row["amount_fen"],
            trades=row["trades"],
        )
        for row in await tx.fetch(_sql.day, *between)
    )


def _trade(row: asyncpg.Record) -> Trade:
    return Trade(
        id=row["id"],
        instrument=row["code"],
        price_fen=row["price_fen"],
        quantity_t=row["quantity_t"],
        amount_fen=row["price_fen"] * row["quantity_t"],
        taker_side=row["taker_side"],
        at=row["at"],
        asset=row["asset"],
    )
