"""
Business time: one row that only moves forward.

A simulated region's is set by hand. A live region's is the clock of the database's machine, but never before the
furthest time that was seen, which the row keeps: up to a minute behind it business time stands still, and further
behind every write of the registry is refused (migration 0075), for somebody has to set that clock right.

SQL uses ``registry.business_now()`` directly; this module is for decisions in Python and for moving the clock.
Timeouts, logs and witness stamps are real time and do not come from here.
"""

from datetime import UTC, datetime

from registry.kit import sql
from registry.kit.database import Database, Tx, fetch_one
from registry.kit.problems import DomainError, Kind

_sql = sql.load(__package__, "clock.sql")


class ClockRefused(DomainError):
    """Business time only moves forward, and only in a simulated region."""

    kind, slug, title = Kind.CONFLICT, "clock-refused", "The clock cannot be set so"


async def now_in(tx: Tx) -> datetime:
    """Business time now, in UTC."""
    at: datetime = await tx.fetchval(_sql.now)
    return at.astimezone(UTC)


async def begin_in(tx: Tx, at: datetime, *, simulated: bool) -> None:
    """Start business time, at the first start of a region."""
    await tx.execute(_sql.begin, simulated, at)


async def hold_in(tx: Tx) -> None:
    """Wait for others who move business time; those that come later wait for *tx*."""
    await fetch_one(tx, _sql.lock)


async def advance_in(tx: Tx, at: datetime) -> datetime:
    """Move a simulated region's business time forward to *at*. Raises `ClockRefused`."""
    row = await fetch_one(tx, _sql.lock)
    if not row["simulated"]:
        raise ClockRefused("This region runs on the wall clock: business time cannot be set.")
    if at < row["at"]:
        raise ClockRefused(f"Business time is {stamp(row['at'])}; it cannot go back to {stamp(at)}.")
    await tx.execute(_sql.advance, at)
    return at.astimezone(UTC)


async def keep(*, db: Database) -> None:
    """Store the present time of a live region as the furthest seen. What a crash forgets is ten seconds at most."""
    async with db.reading() as tx:
        await tx.execute(_sql.keep)


async def trouble(*, db: Database) -> str:
    """That the clock is so far behind what was seen that writes are refused, in one line; empty when it is not."""
    async with db.reading() as tx:
        row = await fetch_one(tx, _sql.behind)
    if row["behind"] is None:
        return ""
    return (
        f"Nothing is written: the clock of the database's machine is {row['behind']} behind business time, which was "
        f"{stamp(row['at'])} already. Set it right; deploy/README.md says what else there is."
    )


def stamp(at: datetime) -> str:
    """The instant as statements write it: ``YYYY-MM-DDTHH:MM:SSZ``."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
