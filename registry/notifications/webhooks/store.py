"""Addresses, messages and deliveries of webhooks in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from registry.kit import sql
from registry.kit.database import Tx, affected, convert, fetch_one
from registry.kit.pages import Window
from schemas.pages import Page
from schemas.webhooks import DeliveryState, Webhook, WebhookDelivery, WebhookKind

_sql = sql.load(__package__)


class Attempt(NamedTuple):
    """A delivery that was taken for one attempt."""

    id: int
    webhook_id: int
    organisation_id: int
    url: str
    sealed: bytes
    old_sealed: bytes | None
    message: str
    body: str
    tries: int
    first_at: datetime
    tried_at: datetime


class Logged(NamedTuple):
    """Something of an organisation that has reached the log. *thing* is its code or number."""

    kind: WebhookKind
    leaf_index: int
    thing: str
    organisation_id: int


async def insert_webhook(
    tx: Tx, organisation_id: int, url: str, kinds: Sequence[WebhookKind], sealed: bytes, *, by: int
) -> int:
    """Keep an address; returns its number."""
    return int(await tx.fetchval(_sql.insert_webhook, organisation_id, url, list(kinds), sealed, by))


async def webhook(tx: Tx, organisation_id: int, webhook_id: int) -> Webhook | None:
    """One address of an organisation."""
    row = await tx.fetchrow(_sql.webhook, organisation_id, webhook_id)
    return convert(row, Webhook) if row else None


async def webhooks(tx: Tx, window: Window, organisation_id: int) -> Page[Webhook]:
    """The addresses of an organisation."""
    rows = await tx.fetch(window.of(_sql.webhooks), *window.args, organisation_id)
    return window.page([(row["id"], convert(row, Webhook)) for row in rows])


async def number_of(tx: Tx, organisation_id: int) -> int:
    """How many addresses an organisation has."""
    return int(await tx.fetchval(_sql.number_of, organisation_id))


async def lock(tx: Tx, webhook_id: int) -> None:
    """One change of an address at a time."""
    await tx.execute(_sql.lock, webhook_id)


async def set_state(tx: Tx, organisation_id: int, webhook_id: int, state: str) -> None:
    """Pause an address, or make it active."""
    await tx.execute(_sql.set_state, organisation_id, webhook_id, state)


async def remove(tx: Tx, organisation_id: int, webhook_id: int) -> bool:
    """Forget an address and its deliveries."""
    return affected(await tx.execute(_sql.remove, organisation_id, webhook_id)) == 1


async def rotate(tx: Tx, organisation_id: int, webhook_id: int, sealed: bytes, old_lasts: timedelta) -> None:
    """Sign with another secret from now on, and for a while with the one before too."""
    await tx.execute(_sql.rotate, organisation_id, webhook_id, sealed, old_lasts)


async def listening(tx: Tx, organisation_ids: Sequence[int]) -> frozenset[int]:
    """Which of these organisations have an address."""
    return frozenset(row["organisation_id"] for row in await tx.fetch(_sql.listening, list(organisation_ids)))


async def owners(tx: Tx, account_ids: Sequence[int]) -> dict[int, int]:
    """Whose these accounts are."""
    return {row["id"]: row["owner_id"] for row in await tx.fetch(_sql.owners, list(account_ids))}


async def logged(tx: Tx, after: int, until: int) -> list[Logged]:
    """What stands between two places of the log, of organisations that have an address."""
    return [Logged(*row.values()) for row in await tx.fetch(_sql.logged, after, until)]


async def insert_message(tx: Tx, organisation_id: int, cause: str, kind: str, body: str) -> int | None:
    """Keep what is sent; None if it is there already."""
    found = await tx.fetchval(_sql.insert_message, organisation_id, cause, kind, body)
    return None if found is None else int(found)


async def spread(tx: Tx, message_id: int) -> None:
    """Put a message on its way to every address that takes its kind."""
    await tx.execute(_sql.spread, message_id)


async def insert_delivery(tx: Tx, webhook_id: int, message_id: int) -> int:
    """Put a message on its way to one address."""
    return int(await tx.fetchval(_sql.insert_delivery, webhook_id, message_id))


async def pings(tx: Tx, webhook_id: int) -> int:
    """How many tests were sent to an address within an hour."""
    return int(await tx.fetchval(_sql.pings, webhook_id))


async def delivery(tx: Tx, webhook_id: int, delivery_id: int) -> WebhookDelivery | None:
    """One delivery."""
    row = await tx.fetchrow(_sql.delivery, webhook_id, delivery_id)
    return convert(row, WebhookDelivery) if row else None


async def deliveries(tx: Tx, window: Window, webhook_id: int, state: DeliveryState | None) -> Page[WebhookDelivery]:
    """The deliveries to one address."""
    rows = await tx.fetch(window.of(_sql.deliveries), *window.args, webhook_id, state)
    return window.page([(row["id"], convert(row, WebhookDelivery)) for row in rows])


async def resend(tx: Tx, webhook_id: int, delivery_id: int) -> None:
    """Put a delivery on its way again, whatever became of it."""
    await tx.execute(_sql.resend, webhook_id, delivery_id)


async def to_replay(tx: Tx, webhook_id: int, since: datetime, until: datetime) -> int:
    """How many messages of a time an address takes."""
    return int(await tx.fetchval(_sql.to_replay, webhook_id, since, until))


async def replay(tx: Tx, webhook_id: int, since: datetime, until: datetime) -> int:
    """Put all messages of a time on their way again; returns how many."""
    return affected(await tx.execute(_sql.replay, webhook_id, since, until))


async def take(tx: Tx, *, limit: int, of_each: int, lease: timedelta) -> list[Attempt]:
    """Take due deliveries for one attempt each, a few of each address."""
    return [Attempt(*row.values()) for row in await tx.fetch(_sql.take, limit, of_each, lease)]


async def delivered(tx: Tx, attempt: Attempt, answer: str) -> None:
    """It arrived."""
    await tx.execute(_sql.delivered, attempt.id, attempt.tries, answer)
    await tx.execute(_sql.well, attempt.webhook_id)


async def failed(tx: Tx, attempt: Attempt, answer: str, wait: timedelta | None) -> None:
    """It did not arrive, and is tried again after *wait*, or given up."""
    await tx.execute(_sql.failed, attempt.id, attempt.tries, answer, wait)


async def failing(tx: Tx, webhook_id: int) -> timedelta | None:
    """Note that nothing arrives at an address; returns for how long. None if it was removed."""
    row = await tx.fetchrow(_sql.failing, webhook_id)
    return row["now"] - row["failing_since"] if row else None


async def disable(tx: Tx, webhook_id: int, why: str, demo: str | None) -> None:
    """Send nothing more to an address, and tell the administrators why."""
    if affected(await tx.execute(_sql.disable, webhook_id, why)):
        await tx.execute(_sql.tell_disabled, webhook_id, demo)


async def business_now(tx: Tx) -> datetime:
    """Business time, in which events are dated."""
    found: datetime = (await fetch_one(tx, _sql.now))["at"]
    return found


async def forget(tx: Tx, kept: timedelta) -> None:
    """Delete messages that are old, with their deliveries."""
    await tx.execute(_sql.forget, kept)
