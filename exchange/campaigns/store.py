"""Campaigns as the tables show them."""

from typing import Final

import asyncpg

from exchange.campaigns.rules import Running
from exchange.engine.events import Cause
from exchange.projections.sales import sale_news
from registry.kit import sql
from registry.kit.database import Tx
from registry.kit.pages import Window
from schemas.campaigns import AnonymousPledge, Campaign, CampaignEnd, CampaignState
from schemas.pages import Page
from schemas.webhooks import SaleNews

_sql = sql.load(__package__)
_ENDS: Final[dict[int, CampaignEnd]] = {Cause.UNDERSUBSCRIBED: "undersubscribed", Cause.CALLED_OFF: "called-off"}


async def campaign(tx: Tx, number: int) -> Campaign | None:
    """One campaign."""
    row = await tx.fetchrow(_sql.campaign, number)
    return _campaign(row) if row else None


async def campaigns(tx: Tx, window: Window, code: str | None, state: CampaignState | None) -> Page[Campaign]:
    """Campaigns of one instrument or all, in one state or any."""
    rows = await tx.fetch(window.of(_sql.campaigns), *window.args, code, state)
    return window.page([(row["id"], _campaign(row)) for row in rows])


async def pledges(tx: Tx, window: Window, number: int) -> Page[AnonymousPledge]:
    """The pledges of a campaign, without those that were withdrawn."""
    rows = await tx.fetch(window.of(_sql.pledges), *window.args, number)
    return window.page(
        [
            (
                row["id"],
                AnonymousPledge(
                    id=row["id"],
                    quantity_t=row["quantity_t"],
                    open_t=row["open_t"],
                    allotted_t=row["traded_t"],
                    at=row["at"],
                ),
            )
            for row in rows
        ]
    )


async def results(tx: Tx, number: int) -> list[SaleNews]:
    """What an ended campaign came to for each account that had a part in it; nothing while it has not ended."""
    return [
        sale_news(dict(row), number, sells=row["kind"] == "campaign", why=_ENDS.get(row["ended_because"]))
        for row in await tx.fetch(_sql.results, number)
    ]


async def own(tx: Tx, number: int, account_id: int) -> list[int]:
    """The numbers of an account's pledges to a campaign, and of its offer, the newest first."""
    return [row["id"] for row in await tx.fetch(_sql.own, number, account_id)]


async def running(tx: Tx) -> list[Running]:
    """The campaigns that have not ended, except those with an instruction on its way."""
    return [Running(**row) for row in await tx.fetch(_sql.running)]


def _campaign(row: asyncpg.Record) -> Campaign:
    ended = row["state"] == "ended"
    return Campaign(
        id=row["id"],
        instrument=row["code"],
        price_fen=row["price_fen"],
        quantity_t=row["quantity_t"],
        least_t=row["least_t"],
        most_t=row["most_t"],
        floor_t=row["floor_t"],
        allotment=row["allotment"],
        opens_at=row["opens_at"],
        closes_at=row["closes_at"],
        state="allotted" if ended and row["allotted_t"] else row["state"],
        ended_because=_ENDS[row["ended_because"]] if row["ended_because"] else None,
        pledges=row["pledges_now"],
        pledged_t=row["pledged_now_t"],
        allotted_t=row["allotted_t"] or 0,
        at=row["at"],
    )
