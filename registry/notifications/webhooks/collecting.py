"""
What webhooks tell, taken from what notifications found.

Nothing is looked for here: `registry.notifications.telling` reads each source behind its cursor, and what it found is
also written as messages, in the same transaction. A message is unique for its organisation and cause, as a notification
is for its person. For organisations that have no address nothing is kept.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from registry.claims import service as claims
from registry.credits.issuance import service as issuances
from registry.credits.retirement import service as retirements
from registry.kit.database import Tx
from registry.notifications.rules import Happened, ToldByWebhook
from registry.notifications.webhooks import store
from schemas.notifications import NotificationKind
from schemas.webhooks import AccountNews, PingEvent, WebhookKind, WebhookPayload

KINDS: Final[dict[NotificationKind, WebhookKind]] = {
    "fill": "order.filled",
    "delivery": "delivery.done",
    "refused": "settlement.refused",
}


async def of_accounts_in(tx: Tx, happened: Sequence[Happened]) -> None:
    """Keep what happened to accounts, for the organisations that own them."""
    owners = await store.owners(tx, [each.account_id for each in happened])
    listening = await store.listening(tx, sorted(set(owners.values())))
    for each in happened:
        if owners.get(each.account_id) in listening:
            what, _, instrument = each.about.partition(" ")
            event = AccountNews(
                account_id=each.account_id,
                what=what,
                instrument=instrument,
                quantity_kg=each.quantity_kg,
                why=each.why,
            )
            await _keep_in(tx, owners[each.account_id], each.cause, KINDS[each.kind], event)


async def of_news_in(tx: Tx, happened: Sequence[ToldByWebhook]) -> None:
    """Keep what only webhooks tell of accounts, for the organisations that own them."""
    owners = await store.owners(tx, [each.account_id for each in happened])
    listening = await store.listening(tx, sorted(set(owners.values())))
    for each in happened:
        if owners.get(each.account_id) in listening:
            await _keep_in(tx, owners[each.account_id], each.cause, each.kind, each.data)


async def of_log_in(tx: Tx, after: int, until: int) -> None:
    """Keep issuances, claims and retirements between two places of the log, for those whose they are."""
    for each in await store.logged(tx, after, until):
        await _keep_in(tx, each.organisation_id, f"{each.kind}:{each.thing}", each.kind, await _thing_in(tx, each))


async def ping_in(tx: Tx, organisation_id: int, webhook_id: int, cause: str) -> int:
    """Keep a test for one address; returns the number of its delivery."""
    message = await _insert_in(tx, organisation_id, cause, "webhook.ping", PingEvent(webhook_id=webhook_id))
    assert message is not None, "a test is told once: the request is known by its key"
    return await store.insert_delivery(tx, webhook_id, message)


async def _thing_in(tx: Tx, logged: store.Logged) -> msgspec.Struct | None:
    """What the API answers for it."""
    match logged.kind:
        case "credits.issued":
            return await issuances.find_in(tx, logged.thing)
        case "claim.declared":
            return await claims.claim_in(tx, int(logged.thing))
        case _:
            return await retirements.order_in(tx, logged.thing)


async def _keep_in(tx: Tx, organisation_id: int, cause: str, kind: str, data: Any) -> None:  # noqa: ANN401 - any struct
    message = await _insert_in(tx, organisation_id, cause, kind, data)
    if message is not None:
        await store.spread(tx, message)


async def _insert_in(tx: Tx, organisation_id: int, cause: str, kind: str, data: Any) -> int | None:  # noqa: ANN401 - any struct
    payload = WebhookPayload(type=kind, timestamp=await store.business_now(tx), data=data)
    return await store.insert_message(tx, organisation_id, cause, kind, msgspec.json.encode(payload).decode())
