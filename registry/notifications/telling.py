"""
Finding what people are to be told.

Nothing that is told of writes here, so that no business transaction waits for it or fails with it. Committed facts are
read afterwards, each source behind a cursor that moves in the transaction which writes what was found. A row is unique
for its cause and person: what is read twice, because a margin overlaps or a process crashed, is told once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from registry.kit.database import Database, Tx
from registry.notifications import store
from registry.notifications.rules import Happened, ToldByWebhook
from registry.notifications.webhooks import collecting

MARGIN: Final = timedelta(hours=1)
"""A transaction that began before others and commits after them is seen within this time."""
STATEMENTS_AT_ONCE: Final = 5_000
UNREAD_KEPT: Final = timedelta(days=400)
READ_KEPT: Final = timedelta(days=90)
MAILS_KEPT: Final = timedelta(days=30)
KEPT_OF_A_PERSON: Final = 2_000


async def tell(*, db: Database, demo: str | None = None) -> None:
    """
    Tell people what waits for them, what ends soon, what was refused and what was retired since the last time.

    The first time it begins with the present. *demo* is the domain at which everybody of a demo gets mail.
    """

    async def times(tx: Tx) -> None:
        await _tell_by_time(tx, demo)

    async def log(tx: Tx) -> None:
        await _tell_by_log(tx, demo)

    await db.transaction(times)
    await db.transaction(log)


async def _tell_by_time(tx: Tx, demo: str | None) -> None:
    business, real = await store.now(tx)
    since_business, since_real = await _began(tx, "business", business), await _began(tx, "real", real)
    await store.tell_waits(tx, since_business, since_real, demo)
    await store.tell_refused(tx, since_business, demo)
    await store.tell_deadlines(tx, demo)
    await store.move_cursor(tx, "business", 0, business)
    await store.move_cursor(tx, "real", 0, real)


async def _began(tx: Tx, source: str, now: datetime) -> datetime:
    found = await store.cursor(tx, source)
    if found is None:
        await store.begin_cursor(tx, source, 0, now)
        found = await store.cursor(tx, source)
    assert found is not None, "it has begun"
    assert found.at is not None, "and has a time"
    return found.at - MARGIN


async def _tell_by_log(tx: Tx, demo: str | None) -> None:
    end = await store.log_end(tx)
    found = await store.cursor(tx, "log")
    if found is None:
        await store.begin_cursor(tx, "log", end)
        return
    until = min(end, found.place + STATEMENTS_AT_ONCE)
    if until > found.place:
        await store.tell_retirements(tx, found.place, until, demo)
        await collecting.of_log_in(tx, found.place, until)
        await store.move_cursor(tx, "log", until)


async def place_in(tx: Tx, source: str, otherwise: int) -> int:
    """How far a source of the exchange was read, under its lock; it begins at *otherwise*."""
    await store.begin_cursor(tx, source, otherwise)
    found = await store.cursor(tx, source)
    assert found is not None, "it has begun"
    return found.place


async def tell_accounts_in(
    tx: Tx, source: str, place: int, happened: Sequence[Happened], demo: str | None = None
) -> None:
    """Tell people what happened to the accounts for which they trade, and note how far the source was read."""
    if happened:
        await store.tell_accounts(tx, happened, demo)
        await collecting.of_accounts_in(tx, happened)
    await store.move_cursor(tx, source, place)


async def tell_organisations_in(tx: Tx, happened: Sequence[ToldByWebhook]) -> None:
    """Tell the organisations that own accounts of what happened to them, by webhook."""
    if happened:
        await collecting.of_news_in(tx, happened)


async def move_in(tx: Tx, source: str, place: int) -> None:
    """Note how far a source of the exchange was read."""
    await store.move_cursor(tx, source, place)


async def forget(*, db: Database) -> None:
    """Delete what is old (read: 90 days, unread: 400, mails: 30), and what one person has beyond 2,000."""

    async def work(tx: Tx) -> None:
        await store.forget(tx, unread=UNREAD_KEPT, read=READ_KEPT, kept=KEPT_OF_A_PERSON, mails=MAILS_KEPT)

    await db.transaction(work)
