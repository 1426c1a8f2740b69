"""An organisation's webhooks: added, paused, removed, tried, and what became of what was sent."""

from dataclasses import dataclass, field

from msgspec import structs

from registry.access import authorisation as access
from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Invalid, Unknown
from registry.kit.quotas import Quotas
from registry.notifications.webhooks import collecting, rules, store
from registry.notifications.webhooks.addresses import WayOut
from registry.notifications.webhooks.signing import SecretSeal, new_secret
from schemas.access import Call
from schemas.pages import Page
from schemas.webhooks import (
    DeliveryState,
    NewWebhook,
    RemovedWebhook,
    Replayed,
    ReplayWebhook,
    Webhook,
    WebhookDelivery,
)


@dataclass(frozen=True, slots=True)
class Webhooks:
    """How webhooks of this installation are sealed, and where they may go."""

    seal: SecretSeal
    gate: WayOut = field(default_factory=WayOut)


async def webhooks(organisation_id: int, window: Window, *, asked: Call, db: Database) -> Page[Webhook]:
    """The addresses of an organisation. Raises `NotYours`."""
    access.authorise_for(asked, organisation_id)
    async with db.reading() as tx:
        return await store.webhooks(tx, window, organisation_id)


async def webhook(organisation_id: int, webhook_id: int, *, asked: Call, db: Database) -> Webhook:
    """One of them. Raises `NotYours`, `Unknown`."""
    access.authorise_for(asked, organisation_id)
    async with db.reading() as tx:
        return await _webhook_in(tx, organisation_id, webhook_id)


async def add(
    organisation_id: int, body: NewWebhook, *, call: Call, db: Database, quotas: Quotas, webhooks: Webhooks
) -> Webhook:
    """
    Send events of some kinds to a URL; its secret is shown once.

    Raises `NotYours`, `UrlRefused`, `QuotaUsedUp`.
    """
    access.authorise_for(call, organisation_id)
    await webhooks.gate.resolve(body.url)

    async def work(tx: Tx) -> Written[Webhook]:
        await quotas.admit_in(tx, "webhooks", organisation_id, store.number_of)
        secret = new_secret()
        sealed = webhooks.seal.sealed(secret, organisation_id)
        kinds = tuple(dict.fromkeys(body.kinds))
        made = await store.insert_webhook(tx, organisation_id, body.url, kinds, sealed, by=call.by.person_id)
        return Written(made, structs.replace(await _webhook_in(tx, organisation_id, made), secret=secret))

    async def again(tx: Tx, made: str) -> Webhook:
        return await _webhook_in(tx, organisation_id, int(made))

    return await once(db, call, work, again)


async def rotate(organisation_id: int, webhook_id: int, *, call: Call, db: Database, webhooks: Webhooks) -> Webhook:
    """Sign with a new secret, shown once, and for 24 hours with the one before too. Raises `NotYours`, `Unknown`."""
    access.authorise_for(call, organisation_id)

    async def work(tx: Tx) -> Written[Webhook]:
        await _webhook_in(tx, organisation_id, webhook_id)
        secret = new_secret()
        sealed = webhooks.seal.sealed(secret, organisation_id)
        await store.rotate(tx, organisation_id, webhook_id, sealed, rules.OLD_SECRET_LASTS)
        return Written(webhook_id, structs.replace(await _webhook_in(tx, organisation_id, webhook_id), secret=secret))

    async def again(tx: Tx, rotated: str) -> Webhook:
        return await _webhook_in(tx, organisation_id, int(rotated))

    return await once(db, call, work, again)


async def pause(organisation_id: int, webhook_id: int, *, call: Call, db: Database) -> Webhook:
    """Send nothing there until it is resumed; what happens meanwhile waits. Raises `NotYours`, `Unknown`."""
    return await _set_state(organisation_id, webhook_id, "paused", call, db)


async def resume(organisation_id: int, webhook_id: int, *, call: Call, db: Database) -> Webhook:
    """Send there again, also to one that was disabled. Raises `NotYours`, `Unknown`."""
    return await _set_state(organisation_id, webhook_id, "active", call, db)


async def remove(organisation_id: int, webhook_id: int, *, call: Call, db: Database) -> RemovedWebhook:
    """Forget an address, its secret and its deliveries. Raises `NotYours`, `Unknown`."""
    access.authorise_for(call, organisation_id)

    async def work(tx: Tx) -> Written[RemovedWebhook]:
        if not await store.remove(tx, organisation_id, webhook_id):
            raise _unknown(organisation_id, webhook_id)
        return Written(webhook_id, RemovedWebhook(id=webhook_id))

    async def again(_: Tx, removed: str) -> RemovedWebhook:
        return RemovedWebhook(id=int(removed))

    return await once(db, call, work, again)


async def ping(organisation_id: int, webhook_id: int, *, call: Call, db: Database) -> WebhookDelivery:
    """Send a test. Raises `NotYours`, `Unknown`, `NotActive`, `TooManyPings`."""
    access.authorise_for(call, organisation_id)

    async def work(tx: Tx) -> Written[WebhookDelivery]:
        await store.lock(tx, webhook_id)
        await _active_in(tx, organisation_id, webhook_id)
        if await store.pings(tx, webhook_id) >= rules.PINGS_AN_HOUR:
            raise rules.TooManyPings(
                f"Within an hour {rules.PINGS_AN_HOUR} tests were sent to webhook {webhook_id}. Wait, or send one of "
                "its deliveries again."
            )
        cause = f"ping:{webhook_id}:{call.by.person_id}:{call.key}"
        sent = await collecting.ping_in(tx, organisation_id, webhook_id, cause)
        return Written(sent, await _delivery_in(tx, webhook_id, sent))

    async def again(tx: Tx, sent: str) -> WebhookDelivery:
        return await _delivery_in(tx, webhook_id, int(sent))

    return await once(db, call, work, again)


async def deliveries(
    organisation_id: int, webhook_id: int, state: DeliveryState | None, window: Window, *, asked: Call, db: Database
) -> Page[WebhookDelivery]:
    """What was sent to an address and what became of it, for 30 days. Raises `NotYours`, `Unknown`."""
    access.authorise_for(asked, organisation_id)
    async with db.reading() as tx:
        await _webhook_in(tx, organisation_id, webhook_id)
        return await store.deliveries(tx, window, webhook_id, state)


async def resend(
    organisation_id: int, webhook_id: int, delivery_id: int, *, call: Call, db: Database
) -> WebhookDelivery:
    """Send one again, under the same number. Raises `NotYours`, `Unknown`, `NotActive`."""
    access.authorise_for(call, organisation_id)

    async def work(tx: Tx) -> Written[WebhookDelivery]:
        await _active_in(tx, organisation_id, webhook_id)
        await _delivery_in(tx, webhook_id, delivery_id)
        await store.resend(tx, webhook_id, delivery_id)
        return Written(delivery_id, await _delivery_in(tx, webhook_id, delivery_id))

    async def again(tx: Tx, sent: str) -> WebhookDelivery:
        return await _delivery_in(tx, webhook_id, int(sent))

    return await once(db, call, work, again)


async def replay(organisation_id: int, webhook_id: int, body: ReplayWebhook, *, call: Call, db: Database) -> Replayed:
    """
    Send again, under the same numbers, whatever was noticed in a time and is of a kind that the address takes.

    Raises `NotYours`, `Unknown`, `NotActive`, `Invalid`, `TooMuchToReplay`.
    """
    access.authorise_for(call, organisation_id)
    if body.since >= body.until:
        raise Invalid(f"since ({body.since.isoformat()}) must be before until ({body.until.isoformat()}).")

    async def work(tx: Tx) -> Written[Replayed]:
        await _active_in(tx, organisation_id, webhook_id)
        found = await store.to_replay(tx, webhook_id, body.since, body.until)
        if found > rules.REPLAYED_AT_ONCE:
            raise rules.TooMuchToReplay(
                f"{found} events were noticed in this time, and at most {rules.REPLAYED_AT_ONCE} are sent again at "
                "once. Ask for a shorter time, then for the next."
            )
        sent = await store.replay(tx, webhook_id, body.since, body.until)
        return Written(sent, Replayed(webhook_id=webhook_id, messages=sent))

    async def again(_: Tx, sent: str) -> Replayed:
        return Replayed(webhook_id=webhook_id, messages=int(sent))

    return await once(db, call, work, again)


async def number_of_in(tx: Tx, organisation_id: int) -> int:
    """How many addresses an organisation has."""
    return await store.number_of(tx, organisation_id)


async def _set_state(organisation_id: int, webhook_id: int, state: str, call: Call, db: Database) -> Webhook:
    access.authorise_for(call, organisation_id)

    async def work(tx: Tx) -> Written[Webhook]:
        await store.set_state(tx, organisation_id, webhook_id, state)
        return Written(webhook_id, await _webhook_in(tx, organisation_id, webhook_id))

    async def again(tx: Tx, changed: str) -> Webhook:
        return await _webhook_in(tx, organisation_id, int(changed))

    return await once(db, call, work, again)


async def _active_in(tx: Tx, organisation_id: int, webhook_id: int) -> None:
    found = await _webhook_in(tx, organisation_id, webhook_id)
    if found.state != "active":
        raise rules.NotActive(f"Webhook {webhook_id} is {found.state}: resume it first.")


async def _webhook_in(tx: Tx, organisation_id: int, webhook_id: int) -> Webhook:
    found = await store.webhook(tx, organisation_id, webhook_id)
    if found is None:
        raise _unknown(organisation_id, webhook_id)
    return found


async def _delivery_in(tx: Tx, webhook_id: int, delivery_id: int) -> WebhookDelivery:
    found = await store.delivery(tx, webhook_id, delivery_id)
    if found is None:
        raise Unknown(f"Webhook {webhook_id} has no delivery {delivery_id}.")
    return found


def _unknown(organisation_id: int, webhook_id: int) -> Unknown:
    return Unknown(f"Organisation {organisation_id} has no webhook {webhook_id}.")
