"""The tables that follow the journal, as people read them."""

from collections.abc import Collection, Sequence
from typing import Final, Literal, NamedTuple

import asyncpg

from exchange.engine.events import Cause
from exchange.trading.projection import CASH
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.market import (
    Balances,
    Book,
    CashBalance,
    Fill,
    Listing,
    Order,
    PriceLevel,
    TonnesBalance,
    Trade,
)
from schemas.pages import Page

_sql = sql.load(__package__)
DEPTH: Final = 50
"""Price levels of each side that a book shows."""
_CLOSED_BECAUSE: Final = {
    Cause.OWNER: "cancelled",
    Cause.NOT_FILLED: "not-filled",
    Cause.SELF_TRADE: "self-trade",
    Cause.FREEZE: "frozen",
}


class Tradable(NamedTuple):
    """An instrument as commands need it; *id* is the engine's number for it."""

    id: int
    code: str
    tick_fen: int
    project_id: int
    vintage: int


class Answered(NamedTuple):
    """
    What a command of an account came to before.

    *wanted* and *bound* are the numbers of a refusal; of a cancel of everything, *wanted* is how much it closed.
    """

    sequence: int
    digest: bytes
    order_id: int
    reason: int | None
    wanted: int | None
    bound: int | None


class Open(NamedTuple):
    """What is open of an order or a listing."""

    id: int
    account_id: int
    price_fen: int
    open_t: int


class Undelivered(NamedTuple):
    """A trade that will be delivered."""

    id: int
    seller_id: int
    buyer_id: int
    quantity_t: int
    price_fen: int
    fee_fen: int


class Rules(NamedTuple):
    """What bounds an open instrument; *halted* adds the causes up."""

    id: int
    halted: int
    low_fen: int
    high_fen: int


async def open_orders(tx: Tx) -> list[Open]:
    """Everything that is open."""
    return [Open(*row.values()) for row in await tx.fetch(_sql.open_orders)]


async def undelivered(tx: Tx) -> list[Undelivered]:
    """Every trade that waits for its delivery, or whose delivery is under way."""
    return [Undelivered(*row.values()) for row in await tx.fetch(_sql.undelivered)]


async def rules(tx: Tx) -> list[Rules]:
    """Every open instrument."""
    return [Rules(*row.values()) for row in await tx.fetch(_sql.rules)]


async def instrument(tx: Tx, code: str) -> Tradable | None:
    """An instrument by its code."""
    row = await tx.fetchrow(_sql.instrument, code)
    return Tradable(*row.values()) if row else None


async def instrument_ids(tx: Tx, codes: Collection[str]) -> dict[str, int]:
    """The engine's numbers for those of *codes* that are instruments."""
    return {row["code"]: row["id"] for row in await tx.fetch(_sql.instrument_ids, list(codes))} if codes else {}


async def requests(tx: Tx, account_id: int, numbers: Sequence[int]) -> dict[int, Answered]:
    """What those of an account's commands came to that are known, by client_order_id."""
    rows = await tx.fetch(_sql.requests, account_id, numbers)
    return {row["client_order_id"]: Answered(*list(row.values())[1:]) for row in rows}


async def orders(tx: Tx, numbers: Sequence[int]) -> dict[int, Order]:
    """Orders, listings and subscriptions by number."""
    return {row["id"]: _order(row) for row in await tx.fetch(_sql.placed, numbers)}


async def orders_of(tx: Tx, window: Window, account_id: int, *, open_only: bool, newest_first: bool) -> Page[Order]:
    """What an account placed."""
    oldest = _sql.open_of if open_only else _sql.placed_of
    newest = _sql.newest_open_of if open_only else _sql.newest_placed_of
    rows = await tx.fetch(newest if newest_first else oldest, *window.args, account_id)
    return window.page([(row["id"], _order(row)) for row in rows])


async def listings(tx: Tx, window: Window, code: str | None, *, open_only: bool) -> Page[Listing]:
    """Listings of one instrument or all."""
    rows = await tx.fetch(_sql.listings, *window.args, code, open_only)
    return window.page([(row["id"], listing_of(_order(row))) for row in rows])


def listing_of(order: Order) -> Listing:
    """A listing as everybody may see it."""
    return Listing(
        id=order.id,
        instrument=order.instrument,
        price_fen=order.price_fen,
        quantity_t=order.quantity_t,
        open_t=order.open_t,
        traded_t=order.traded_t,
        state="open" if order.open_t else "closed",
        at=order.at,
    )


def _order(row: asyncpg.Record) -> Order:
    state: Literal["open", "filled", "closed"] = (
        "open" if row["open_t"] else "filled" if row["traded_t"] == row["quantity_t"] else "closed"
    )
    because = _CLOSED_BECAUSE[row["closed_because"]] if state == "closed" else None
    return Order(
        id=row["id"],
        kind=row["kind"],
        account_id=row["account_id"],
        instrument=row["code"],
        side=row["side"],
        price_fen=row["price_fen"],
        quantity_t=row["quantity_t"],
        open_t=row["open_t"],
        traded_t=row["traded_t"],
        state=state,
        closed_because=because,  # type: ignore[arg-type]  # the table above has the four words
        time_in_force="GTC" if row["life"] == "POST_ONLY" else row["life"],
        post_only=row["life"] == "POST_ONLY",
        client_order_id=row["client_order_id"],
        listing_id=row["listing_id"],
        at=row["at"],
    )


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


def _trade(row: asyncpg.Record) -> Trade:
    return Trade(
        id=row["id"],
        instrument=row["code"],
        price_fen=row["price_fen"],
        quantity_t=row["quantity_t"],
        amount_fen=row["price_fen"] * row["quantity_t"],
        taker_side=row["taker_side"],
        at=row["at"],
    )


async def fills(tx: Tx, window: Window, account_id: int, *, newest_first: bool) -> Page[Fill]:
    """An account's own side of its trades."""
    rows = await tx.fetch(_sql.newest_fills if newest_first else _sql.fills, *window.args, account_id)
    return window.page([(row["id"], _fill(row, account_id)) for row in rows])


def _fill(row: asyncpg.Record, account_id: int) -> Fill:
    return Fill(
        trade_id=row["id"],
        order_id=row["buy_order_id"] if row["bought"] else row["sell_order_id"],
        account_id=account_id,
        side="buy" if row["bought"] else "sell",
        instrument=row["code"],
        price_fen=row["price_fen"],
        quantity_t=row["quantity_t"],
        amount_fen=row["price_fen"] * row["quantity_t"],
        fee_fen=0 if row["bought"] else row["fee_fen"],
        state=row["state"],
        delivery_id=row["delivery_id"],
        at=row["at"],
    )


async def balances(tx: Tx, account_id: int) -> Balances:
    """What an account has; *tx* is one snapshot."""
    rows = await tx.fetch(_sql.positions, account_id)
    cash = next((row for row in rows if row["instrument_id"] == CASH), None)
    return Balances(
        account_id=account_id,
        sequence=await tx.fetchval(_sql.sequence),
        last_client_order_id=await tx.fetchval(_sql.last_client_order_id, account_id),
        cash=_cash(cash),
        tonnes=tuple(
            TonnesBalance(
                instrument=row["code"],
                settled_t=row["settled"],
                locked_t=row["locked"],
                incoming_t=row["incoming"],
                outgoing_t=row["outgoing"],
            )
            for row in rows
            if row["instrument_id"] != CASH
        ),
    )


def _cash(row: asyncpg.Record | None) -> CashBalance:
    if row is None:
        return CashBalance()
    return CashBalance(
        settled_fen=row["settled"],
        locked_fen=row["locked"],
        incoming_fen=row["incoming"],
        outgoing_fen=row["outgoing"],
    )
