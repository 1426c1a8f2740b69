"""Auctions as the tables show them."""

from typing import Final

import asyncpg

from exchange.auctions.rules import DueAuction
from exchange.engine.events import Cause
from exchange.projections.sales import sale_news
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.auctions import AnonymousBid, Auction, AuctionEnd, AuctionState
from schemas.pages import Page
from schemas.webhooks import SaleNews

_sql = sql.load(__package__)
_ENDS: Final[dict[int, AuctionEnd]] = {Cause.UNDERSUBSCRIBED: "undersubscribed", Cause.CALLED_OFF: "called-off"}


async def auction(tx: Tx, number: int) -> Auction | None:
    """One auction."""
    row = await tx.fetchrow(_sql.auction, number)
    return _auction(row) if row else None


async def auctions(tx: Tx, window: Window, code: str | None, state: AuctionState | None) -> Page[Auction]:
    """Auctions of one instrument or all, in one state or any."""
    rows = await tx.fetch(window.of(_sql.auctions), *window.args, code, state)
    return window.page([(row["id"], _auction(row)) for row in rows])


async def bids(tx: Tx, window: Window, number: int) -> Page[AnonymousBid]:
    """The bids that are in an auction, or were when it closed."""
    rows = await tx.fetch(window.of(_sql.bids), *window.args, number)
    return window.page([(row["id"], _bid(row)) for row in rows])


async def results(tx: Tx, number: int) -> list[SaleNews]:
    """What an ended auction came to for each account that had a part in it; nothing while it has not ended."""
    return [
        sale_news(dict(row), number, sells=row["kind"] == "auction", why=_ENDS.get(row["ended_because"]))
        for row in await tx.fetch(_sql.results, number)
    ]


async def own(tx: Tx, number: int, account_id: int) -> list[int]:
    """The numbers of an account's bids in an auction, and of its offer, the newest first."""
    return [row["id"] for row in await tx.fetch(_sql.own, number, account_id)]


async def running(tx: Tx) -> list[DueAuction]:
    """The auctions that have not ended, except those with an instruction on its way."""
    return [DueAuction(**row) for row in await tx.fetch(_sql.running)]


def _bid(row: asyncpg.Record) -> AnonymousBid:
    return AnonymousBid(
        id=row["id"],
        price_fen=row["price_fen"],
        quantity_t=row["quantity_t"],
        sold_t=row["traded_t"],
        at=row["at"],
    )


def _auction(row: asyncpg.Record) -> Auction:
    ended, extension_s = row["state"] == "ended", row["extension_s"] or None
    return Auction(
        id=row["id"],
        instrument=row["code"],
        kind=row["kind"],
        reserve_fen=row["reserve_fen"],
        increment_fen=row["increment_fen"] or None,
        quantity_t=row["quantity_t"],
        lot_t=row["lot_t"],
        most_t=row["most_t"],
        ties=row["ties"],
        cancel_when_short=row["cancel_when_short"],
        opens_at=row["opens_at"],
        closes_at=row["closes_at"],
        extension_s=extension_s,
        latest_at=row["latest_at"] if extension_s else None,
        state="sold" if ended and row["sold_t"] else row["state"],
        ended_because=_ENDS[row["ended_because"]] if row["ended_because"] else None,
        bids=row["bids_now"],
        wanted_t=row["wanted_now_t"],
        best_fen=row["best_fen"],
        sold_t=row["sold_t"] or 0,
        price_fen=row["price_fen"] or None,
        seed=row["seed"].hex() if row["seed"] else None,
        at=row["at"],
    )
