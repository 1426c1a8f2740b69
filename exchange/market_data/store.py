"""Books and trades as anybody may see them."""

from typing import Final

import asyncpg

from exchange.projections.store import Tradable
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.market_data import Book, PriceLevel, Trade
from schemas.pages import Page

_sql = sql.load(__package__)
DEPTH: Final = 50
"""Price levels of each side that a book shows."""


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
