"""What somebody was told, what they want by e-mail, and where."""

import hashlib
import secrets

from registry.kit.database import Database, Tx
from registry.kit.idempotency import Written, once
from registry.kit.pages import Window
from registry.kit.problems import Unknown
from registry.notifications import rules, store
from registry.notifications.mails import Mails
from registry.notifications.store import OutboxMail, Recipient
from schemas.access import Call
from schemas.notifications import (
    NOTIFICATION_KINDS,
    ConfirmMailAddress,
    MailPreferences,
    MarkedRead,
    MarkRead,
    Notification,
    NotificationKind,
    SetMailAddress,
    SetMailPreferences,
)
from schemas.pages import Page


async def notifications(
    window: Window, kind: NotificationKind | None, *, unread: bool, asked: Call, db: Database
) -> Page[Notification]:
    """What the caller was told."""
    async with db.reading() as tx:
        return await store.of_person(tx, window, asked.by.person_id, kind, unread=unread)


async def unread(person_id: int, *, db: Database) -> int:
    """How many somebody has not read; a hundred stands for more."""
    async with db.reading() as tx:
        return await store.unread(tx, person_id)


async def mark_read(body: MarkRead, *, call: Call, db: Database) -> MarkedRead:
    """Mark one as read, or all up to one. Raises `Unknown`."""

    async def work(tx: Tx) -> Written[MarkedRead]:
        if not await store.exists(tx, call.by.person_id, body.id):
            raise Unknown(f"You have no notification {body.id}.")
        done = await store.read(tx, call.by.person_id, body.id, up_to=body.up_to)
        return Written(done, MarkedRead(person_id=call.by.person_id, read=done))

    async def again(_: Tx, done: str) -> MarkedRead:
        return MarkedRead(person_id=call.by.person_id, read=int(done))

    return await once(db, call, work, again)


async def preferences(*, asked: Call, db: Database, mails: Mails) -> MailPreferences:
    """What the caller gets by e-mail, and where."""
    async with db.reading() as tx:
        return await _preferences(tx, asked.by.person_id, mails)


async def set_preferences(body: SetMailPreferences, *, call: Call, db: Database, mails: Mails) -> MailPreferences:
    """Choose what to get by e-mail, and in which language."""

    async def work(tx: Tx) -> Written[MailPreferences]:
        await store.set_preference(tx, call.by.person_id, body.language, sorted(set(body.kinds)))
        return Written(call.by.person_id, await _preferences(tx, call.by.person_id, mails))

    async def again(tx: Tx, _: str) -> MailPreferences:
        return await _preferences(tx, call.by.person_id, mails)

    return await once(db, call, work, again)


async def set_address(body: SetMailAddress, *, call: Call, db: Database, mails: Mails) -> MailPreferences:
    """
    Send a link to an address; until its holder opens it, the one before counts.

    Raises `NoMail`, `TooManyConfirmations`.
    """
    if not mails.offered:
        raise rules.NoMail("The operator of this registry has set no mail server (KILNWOOD_SMTP_HOST).")
    person_id = call.by.person_id

    async def work(tx: Tx) -> Written[MailPreferences]:
        await store.lock_person(tx, person_id)
        if await store.confirmations_today(tx, person_id) >= rules.CONFIRMATIONS_A_DAY:
            raise rules.TooManyConfirmations(
                f"Within a day {rules.CONFIRMATIONS_A_DAY} links were sent for you. Use the last one, or wait a day."
            )
        code = secrets.token_urlsafe(32)
        to = Recipient(person_id, body.address, body.language, 1)
        await store.set_pending(tx, to, _sha256(code), rules.CODE_LASTS)
        await store.insert_mail(tx, to, "confirmation", *mails.confirmation(body.language, call.by.name, code))
        return Written(person_id, await _preferences(tx, person_id, mails))

    async def again(tx: Tx, _: str) -> MailPreferences:
        return await _preferences(tx, person_id, mails)

    return await once(db, call, work, again)


async def confirm_address(body: ConfirmMailAddress, *, call: Call, db: Database, mails: Mails) -> MailPreferences:
    """Take the address to which the link was sent. Raises `CodeIsOver`."""
    person_id = call.by.person_id

    async def work(tx: Tx) -> Written[MailPreferences]:
        if not await store.confirm(tx, person_id, _sha256(body.code)):
            raise rules.CodeIsOver(
                "The link is older than a day, was used, replaced by a newer one, or was sent for somebody else. "
                "Enter the address again to get a new one."
            )
        return Written(person_id, await _preferences(tx, person_id, mails))

    async def again(tx: Tx, _: str) -> MailPreferences:
        return await _preferences(tx, person_id, mails)

    return await once(db, call, work, again)


async def remove_address(*, call: Call, db: Database, mails: Mails) -> MailPreferences:
    """Forget the caller's address: they get no more mail."""

    async def work(tx: Tx) -> Written[MailPreferences]:
        await store.remove_address(tx, call.by.person_id)
        return Written(call.by.person_id, await _preferences(tx, call.by.person_id, mails))

    async def again(tx: Tx, _: str) -> MailPreferences:
        return await _preferences(tx, call.by.person_id, mails)

    return await once(db, call, work, again)


async def outbox(before: int, limit: int, *, db: Database) -> list[OutboxMail]:
    """The newest mails, for the demo's outbox."""
    async with db.reading() as tx:
        return await store.outbox(tx, before, limit)


async def _preferences(tx: Tx, person_id: int, mails: Mails) -> MailPreferences:
    found = await store.preference(tx, person_id)
    return MailPreferences(
        person_id=person_id,
        offered=mails.offered,
        address=found.address if found else None,
        pending_address=found.pending_address if found else None,
        language=found.language if found else "zh",
        kinds=found.kinds if found else NOTIFICATION_KINDS,
    )


def _sha256(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
