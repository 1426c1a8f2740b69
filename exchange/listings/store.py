"""Listings as the tables show them."""

import asyncpg

from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.listings import Listing, PickingRule
from schemas.pages import Page

_sql = sql.load(__package__)


async def listing(tx: Tx, number: int) -> Listing | None:
    """One listing."""
    row = await tx.fetchrow(_sql.listing, number)
    return _listing(row) if row else None


async def listings(tx: Tx, window: Window, code: str | None, *, open_only: bool) -> Page[Listing]:
    """Listings of one instrument or all, the oldest first."""
    rows = await tx.fetch(window.of(_sql.listings), *window.args, code, open_only)
    return window.page([(row["id"], _listing(row)) for row in rows])


async def is_other(tx: Tx, number: int) -> bool:
    """Whether the number is that of something else than a listing."""
    return bool(await tx.fetchval(_sql.is_other, number))


async def picking(tx: Tx, instrument_id: int) -> PickingRule:
    """Which listings of an instrument may be picked."""
    return await tx.fetchval(_sql.picking, instrument_id) or "any"


def _listing(row: asyncpg.Record) -> Listing:
    return Listing(
        id=row["id"],
        instrument=row["code"],
        price_fen=row["price_fen"],
        quantity_t=row["quantity_t"],
        open_t=row["open_t"],
        traded_t=row["traded_t"],
        state="open" if row["open_t"] else "closed",
        at=row["at"],
    )
