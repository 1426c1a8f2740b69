"""
What accounts are told of by webhook alone: auctions and campaigns that ended, runs of subscriptions, and their pauses.

Whoever tells of it does so in the transaction in which it marks that it did: a cursor over the instructions that ended
sales, and marks of subscriptions, which do not end in the order of their numbers.
"""

from dataclasses import dataclass
from typing import Any, Final

from exchange.auctions import store as auctions
from exchange.campaigns import store as campaigns
from exchange.engine.modes.auctions.messages import CallOffAuction, CloseAuction
from exchange.instructions.rules import command_of
from exchange.settlement import store
from exchange.subscriptions import store as subscriptions
from registry.kit.database import Tx
from schemas.webhooks import SaleNews, StandingPaused, StandingRan, WebhookKind

SALES: Final = "sales"
"""The source with a cursor."""
SALES_AT_ONCE: Final = 100
RUNS_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """One thing that is told of an account. *cause* is a name for ever."""

    cause: str
    kind: WebhookKind
    account_id: int
    data: SaleNews | StandingRan | StandingPaused


async def end_of_sales_in(tx: Tx) -> int:
    """Where the sales end now: who begins here does not hear of what was before."""
    return await store.newest_instruction(tx)


async def sales_since_in(tx: Tx, place: int) -> tuple[int, list[News]]:
    """What became of sales that ended after *place*, for the seller and each bidder; and where to look from next."""
    until = await store.ended_instructions_until(tx, place)
    rows = await store.ended_sales(tx, place, SALES_AT_ONCE)
    found: list[News] = []
    for row in rows:
        if row["id"] > until:
            break
        command: Any = command_of(dict(row))
        if isinstance(command, CloseAuction | CallOffAuction):
            kind: WebhookKind = "auction.ended"
            number: int = command.auction
            results = await auctions.results(tx, number)
        else:
            kind, number = "campaign.ended", command.campaign
            results = await campaigns.results(tx, number)
        found += [
            News(cause=f"{kind}:{number}:{each.account_id}", kind=kind, account_id=each.account_id, data=each)
            for each in results
        ]
    reached = rows[-1]["id"] if len(rows) == SALES_AT_ONCE else until
    return max(place, min(until, reached)), found


async def runs_in(tx: Tx) -> list[News]:
    """Runs of subscriptions that are over and were not told of; they are marked as told."""
    return [
        News(cause=f"run:{each.run.id}", kind="subscription.ran", account_id=each.account_id, data=each)
        for each in await subscriptions.take_ended_runs(tx, RUNS_AT_ONCE)
    ]


async def pauses_in(tx: Tx) -> list[News]:
    """Subscriptions that were paused, by whomever, and not told of; they are marked as told."""
    return [
        News(
            cause=f"paused:{each.subscription_id}:{count}",
            kind="subscription.paused",
            account_id=each.account_id,
            data=each,
        )
        for count, each in await subscriptions.take_pauses(tx, RUNS_AT_ONCE)
    ]
