"""Sessions in PostgreSQL; the key that each of them is belongs to `registry.access.keys`."""

from datetime import datetime, timedelta

from registry.kit import sql
from registry.kit.database import Tx, affected

_sql = sql.load(__package__)


async def parent(tx: Tx, key_id: int, lasts: timedelta) -> tuple[int, datetime] | None:
    """
    Whose key it is that opens a session, and when that ends which is to last so long; None if the key opens none.

    No session outlasts its key.
    """
    row = await tx.fetchrow(_sql.parent, key_id, lasts)
    return (row["person_id"], row["until"]) if row else None


async def insert_session(tx: Tx, key_id: int, hashed: bytes) -> None:
    """Store the keyed hash of a session's secret."""
    await tx.execute(_sql.insert_session, key_id, hashed)


async def end_oldest(tx: Tx, person_id: int, kept: int) -> None:
    """End all sessions of a person but the newest *kept*."""
    await tx.execute(_sql.end_oldest, person_id, kept)


async def rotate(tx: Tx, key_id: int, hashed: bytes, fresh: bytes) -> bool:
    """Replace a session's secret; returns False if it was replaced before."""
    return affected(await tx.execute(_sql.rotate, key_id, hashed, fresh)) == 1


async def end_session(tx: Tx, key_id: int) -> None:
    """End one session; a second time changes nothing."""
    await tx.execute(_sql.end_session, key_id)


async def end_sessions(tx: Tx, person_id: int) -> int:
    """End all sessions of a person; returns how many."""
    return affected(await tx.execute(_sql.end_sessions, person_id))
