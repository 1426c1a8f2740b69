"""The journal in PostgreSQL: one row for each batch, one writer at a time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import NamedTuple

import asyncpg

from exchange.engine.core import ENGINE_VERSION
from exchange.engine.layouts import STATE_CODEC
from exchange.journal.codec import CODEC
from registry.kit import sql
from registry.kit.database import Tx, affected, fetch_one

_sql = sql.load(__package__)
_CHUNK = 200
"""Batches read at once in a recovery."""


class Fenced(Exception):
    """Another process has become the writer; nothing of this batch was stored."""


class WriterElsewhere(Exception):
    """Another process is the writer."""


class JournalEnd(NamedTuple):
    """The end of the journal when this writer took over."""

    epoch: int
    sequence: int
    hash: bytes


class Batch(NamedTuple):
    """Commands that were committed together, as stored. *at* is business time; codec 1 has no *events_hash*."""

    first: int
    last: int
    epoch: int
    codec: int
    engine: int
    commands: bytes
    events_hash: bytes | None
    hash: bytes
    at: datetime


class StoredSnapshot(NamedTuple):
    """The whole state after *sequence*; *hash* is the journal's there."""

    sequence: int
    codec: int
    engine: int
    state: bytes
    state_hash: bytes
    hash: bytes


async def take_over(connection: Tx) -> JournalEnd:
    """
    Become the writer. Raises `WriterElsewhere` while another process is.

    The lock belongs to *connection*, which is no pool's: it goes when the connection does, however that happens. The
    epoch fences out a writer that lost its lock and does not know yet.
    """
    if not await connection.fetchval(_sql.try_lock):
        raise WriterElsewhere
    return JournalEnd(*(await fetch_one(connection, _sql.take_over)).values())


async def append(
    connection: Tx, epoch: int, *, first: int, last: int, commands: bytes, events_hash: bytes, chained: bytes
) -> datetime:
    """
    Store one batch; returns its business time.

    A crash before the commit leaves nothing of it, after it everything. Raises `Fenced`.
    """
    at: datetime | None = await connection.fetchval(
        _sql.append, first, last, epoch, CODEC, ENGINE_VERSION, commands, events_hash, chained
    )
    if at is None:
        raise Fenced(f"the journal is not at {first - 1} in epoch {epoch} any more")
    return at.astimezone(UTC)


async def newest_snapshot(connection: Tx) -> StoredSnapshot | None:
    """The newest snapshot."""
    row = await connection.fetchrow(_sql.newest_snapshot)
    return StoredSnapshot(*row.values()) if row else None


async def snapshot_from(connection: Tx, sequence: int) -> StoredSnapshot | None:
    """The oldest stored snapshot at or behind *sequence*."""
    row = await connection.fetchrow(_sql.snapshot_from, sequence)
    return StoredSnapshot(*row.values()) if row else None


async def snapshot_before(connection: Tx, sequence: int) -> StoredSnapshot | None:
    """The newest stored snapshot at or before *sequence*."""
    row = await connection.fetchrow(_sql.snapshot_before, sequence)
    return StoredSnapshot(*row.values()) if row else None


class SnapshotHashes(NamedTuple):
    """What a stored snapshot says of its state and of the journal there; *actual* is the hash of the stored state."""

    sequence: int
    codec: int
    engine: int
    state_hash: bytes
    actual: bytes
    hash: bytes


async def snapshots(connection: Tx) -> dict[int, SnapshotHashes]:
    """Every snapshot by its sequence, without its state."""
    return {row["sequence"]: SnapshotHashes(*row.values()) for row in await connection.fetch(_sql.snapshots)}


async def batches(connection: Tx, after: int) -> AsyncIterator[Batch]:
    """Every batch after a sequence, in order."""
    while True:
        rows = await connection.fetch(_sql.batches, after, _CHUNK)
        for row in rows:
            batch = Batch(*row.values())
            after = batch.last
            yield batch
        if len(rows) < _CHUNK:
            return


async def keep_snapshot(tx: Tx, sequence: int, state: bytes, state_hash: bytes, chained: bytes) -> bool:
    """Store a snapshot that the projections have reached, and delete all but the newest two."""
    done = await tx.execute(_sql.keep_snapshot, sequence, STATE_CODEC, ENGINE_VERSION, state, state_hash, chained)
    await tx.execute(_sql.forget_snapshots)
    return affected(done) == 1


async def journal_end(connection: Tx) -> JournalEnd:
    """The end of the journal as it is, whichever process writes it."""
    return JournalEnd(*(await fetch_one(connection, _sql.journal_end)).values())


async def last_before(tx: Tx, at: datetime) -> int:
    """
    The last command that was journalled before *at*, a moment of business time that has come.

    What is being committed at this moment is waited for: it may have begun before. *tx* is in no transaction, so that
    the lock which that takes is over at once: the writer waits for it.
    """
    assert not tx.is_in_transaction(), "the writer would wait for all that it does"
    await tx.execute(_sql.await_commit)
    return int(await tx.fetchval(_sql.last_before, at))


async def last_of_other_engines(connection: Tx) -> int:
    """The last sequence that another engine than this one wrote, or 0."""
    return int(await connection.fetchval(_sql.last_of_other_engines, ENGINE_VERSION))


async def projected(connection: Tx) -> int:
    """The sequence up to which the tables follow the journal."""
    return int(await connection.fetchval(_sql.projected))


IS_GONE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What a commit that may or may not have happened raises."""
