"""Notifications, preferences and the outbox in PostgreSQL."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import asyncpg

from registry.kit import sql
from registry.kit.database import Tx, affected, fetch_one
from registry.kit.pages import Window
from registry.notifications.rules import Happened, page_of
from schemas.notifications import NOTIFICATION_KINDS, MailLanguage, Notification, NotificationKind
from schemas.pages import Page

_sql = sql.load(__package__)


class Cursor(NamedTuple):
    """How far a source was read: a number, an instant, or both."""

    place: int
    at: datetime | None


class Preference(NamedTuple):
    """Where somebody gets mail, and for what."""

    address: str | None
    pending_address: str | None
    language: MailLanguage
    kinds: tuple[NotificationKind, ...]


class Recipient(NamedTuple):
    """Somebody for whom a mail can be made."""

    person_id: int
    address: str
    language: MailLanguage
    waiting: int


class Mail(NamedTuple):
    """A mail that was taken for one attempt."""

    id: int
    person_id: int
    address: str
    language: MailLanguage
    subject: str
    body: str
    tries: int
    made_at: datetime


class OutboxMail(NamedTuple):
    """A mail as the demo's outbox shows it."""

    id: int
    address: str
    language: MailLanguage
    subject: str
    body: str
    state: str
    tries: int
    made_at: datetime


async def cursor(tx: Tx, source: str) -> Cursor | None:
    """How far a source was read, under its lock; None if nobody has begun."""
    row = await tx.fetchrow(_sql.cursor, source)
    return Cursor(*row.values()) if row else None


async def begin_cursor(tx: Tx, source: str, place: int, at: datetime | None = None) -> None:
    """Begin to read a source, from *place* on."""
    await tx.execute(_sql.begin_cursor, source, place, at)


async def move_cursor(tx: Tx, source: str, place: int, at: datetime | None = None) -> None:
    """Note how far a source was read."""
    await tx.execute(_sql.move_cursor, source, place, at)


async def now(tx: Tx) -> tuple[datetime, datetime]:
    """Business time and real time."""
    row = await fetch_one(tx, _sql.now)
    return row["business"], row["real"]


async def log_end(tx: Tx) -> int:
    """The last place of the log, -1 if it is empty."""
    return int(await tx.fetchval(_sql.log_end))


async def tell_waits(tx: Tx, business: datetime, real: datetime, demo: str | None) -> None:
    """Tell everybody of what waits for them since then."""
    await tx.execute(_sql.tell_waits, business, real, demo)


async def tell_deadlines(tx: Tx, demo: str | None) -> None:
    """Tell everybody of what ends soon."""
    await tx.execute(_sql.tell_deadlines, demo)


async def tell_refused(tx: Tx, since: datetime, demo: str | None) -> None:
    """Tell the people of its owner of what was sent back or refused since then."""
    await tx.execute(_sql.tell_refused, since, demo)


async def tell_retirements(tx: Tx, after: int, until: int, demo: str | None) -> None:
    """Tell the people of an organisation of its retirements in a part of the log."""
    await tx.execute(_sql.tell_retirements, after, until, demo)


async def tell_accounts(tx: Tx, happened: Sequence[Happened], demo: str | None) -> None:
    """Tell the people who may trade for an account of what happened to it."""
    await tx.execute(
        _sql.tell_accounts,
        [each.cause for each in happened],
        [each.kind for each in happened],
        [each.account_id for each in happened],
        [each.about for each in happened],
        [each.quantity_kg for each in happened],
        [each.why for each in happened],
        demo,
    )


async def of_person(
    tx: Tx, window: Window, person_id: int, kind: NotificationKind | None, *, unread: bool
) -> Page[Notification]:
    """What somebody was told."""
    rows = await tx.fetch(window.of(_sql.of), *window.args, person_id, kind, unread)
    return window.page([(row["id"], _notification(row)) for row in rows])


async def unread(tx: Tx, person_id: int) -> int:
    """How many somebody has not read, a hundred at most."""
    return int(await tx.fetchval(_sql.unread, person_id))


async def read(tx: Tx, person_id: int, notification_id: int, *, up_to: bool) -> int:
    """Mark one as read, or all up to it; returns how many were not."""
    return affected(await tx.execute(_sql.read, person_id, notification_id, up_to))


async def exists(tx: Tx, person_id: int, notification_id: int) -> bool:
    """Whether somebody was told this."""
    return bool(await tx.fetchval(_sql.exists, person_id, notification_id))


async def preference(tx: Tx, person_id: int) -> Preference | None:
    """What somebody chose; None if nothing."""
    row = await tx.fetchrow(_sql.preference, person_id)
    return Preference(row["address"], row["pending_address"], row["language"], tuple(row["kinds"])) if row else None


async def set_preference(tx: Tx, person_id: int, language: MailLanguage, kinds: Sequence[NotificationKind]) -> None:
    """Keep what somebody wants by e-mail."""
    await tx.execute(_sql.set_preference, person_id, language, list(kinds))


async def set_pending(tx: Tx, to: Recipient, code_sha256: bytes, lasts: timedelta) -> None:
    """Keep an address until its link is opened. Somebody who chose nothing before gets everything, in its language."""
    kinds = list(NOTIFICATION_KINDS)
    await tx.execute(_sql.set_pending, to.person_id, to.address, code_sha256, lasts, to.language, kinds)


async def confirm(tx: Tx, person_id: int, code_sha256: bytes) -> bool:
    """Take the pending address, if it is this code's."""
    return affected(await tx.execute(_sql.confirm, person_id, code_sha256)) == 1


async def remove_address(tx: Tx, person_id: int) -> None:
    """Forget where somebody gets mail."""
    await tx.execute(_sql.remove_address, person_id)


async def confirmations_today(tx: Tx, person_id: int) -> int:
    """How many links were sent for somebody within a day."""
    return int(await tx.fetchval(_sql.confirmations_today, person_id))


async def lock_person(tx: Tx, person_id: int) -> None:
    """One change of somebody's mail at a time."""
    await tx.execute(_sql.lock_person, person_id)


async def insert_mail(tx: Tx, to: Recipient, purpose: str, subject: str, body: str) -> int:
    """Put a mail into the outbox; returns its number."""
    return int(await tx.fetchval(_sql.insert_mail, to.person_id, to.address, to.language, purpose, subject, body))


async def due_people(tx: Tx, every: timedelta, limit: int, demo: str | None) -> list[Recipient]:
    """People for whom a mail is due."""
    return [Recipient(*row.values()) for row in await tx.fetch(_sql.due_people, every, limit, demo)]


async def unmailed(tx: Tx, person_id: int) -> list[Notification]:
    """What a mail to somebody is to tell, under lock."""
    return [_notification(row) for row in await tx.fetch(_sql.unmailed, person_id)]


async def mailed(tx: Tx, mail_id: int, notification_ids: Sequence[int]) -> None:
    """Note in which mail these stand."""
    await tx.execute(_sql.mailed, mail_id, list(notification_ids))


async def take_mails(tx: Tx, limit: int, first_wait: timedelta) -> list[Mail]:
    """Take mails for one attempt."""
    return [Mail(*row.values()) for row in await tx.fetch(_sql.take_mails, limit, first_wait)]


async def end_mail(tx: Tx, mail_id: int, state: str, *, keep_body: bool) -> None:
    """A mail was sent, refused or given up."""
    await tx.execute(_sql.end_mail, mail_id, state, keep_body)


async def wait_at_most(tx: Tx, mail_id: int, wait: timedelta) -> None:
    """Try a mail again no later than after *wait*."""
    await tx.execute(_sql.wait_at_most, mail_id, wait)


async def outbox(tx: Tx, before: int, limit: int) -> list[OutboxMail]:
    """The newest mails before one."""
    return [OutboxMail(*row.values()) for row in await tx.fetch(_sql.outbox, before, limit)]


async def forget(tx: Tx, *, unread: timedelta, read: timedelta, kept: int, mails: timedelta) -> None:
    """Delete what is old, and more than is kept for one person."""
    await tx.execute(_sql.forget, unread, read)
    await tx.execute(_sql.forget_surplus, kept)
    await tx.execute(_sql.forget_mails, mails)


def _notification(row: asyncpg.Record) -> Notification:
    return Notification(
        id=row["id"],
        kind=row["kind"],
        thing=row["thing"],
        thing_id=row["thing_id"],
        page=page_of(row["thing"], row["thing_id"]),
        about=row["about"],
        action=row["action"],
        why=row["why"],
        quantity_kg=row["quantity_kg"],
        until=row["until"],
        at=row["at"],
        read_at=row["read_at"],
    )
