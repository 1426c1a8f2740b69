"""The journal in PostgreSQL: one row for each batch, one writer at a time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import NamedTuple

import asyncpg

from exchange.engine.core import ENGINE_VERSION
from exchange.engine.state import STATE_CODEC
from exchange.trading.codec import CODEC
from registry.kit import sql
from registry.kit.database import Tx, affected, fetch_one

_sql = sql.load(__package__, "journal.sql")
_CHUNK = 200
"""Batches read at once in a recovery."""


class Fenced(Exception):
    """Another process has become the writer; nothing of this batch was stored."""


class Taken(Exception):
    """Another process is the writer."""


class Head(NamedTuple):
    """The end of the journal when this writer took over."""

    epoch: int
    sequence: int
    hash: bytes


class Batch(NamedTuple):
    """Commands that were committed together, as stored. *at* is business time."""

    first: int
    last: int
    epoch: int
    codec: int
    engine: int
    commands: bytes
    hash: bytes
    at: datetime


class Snapshot(NamedTuple):
    """The whole state after *sequence*; *hash* is the journal's there."""

    sequence: int
    codec: int
    engine: int
    state: bytes
    state_hash: bytes
    hash: bytes


async def take_over(connection: Tx) -> Head:
    """
    Become the writer. Raises `Taken` while another process is.

    The lock belongs to *connection*, which is no pool's: it goes when the connection does, however that happens. The
    epoch fences out a writer that lost its lock and does not know yet.
    """
    if not await connection.fetchval(_sql.try_lock):
        raise Taken
    return Head(*(await fetch_one(connection, _sql.take_over)).values())


async def append(connection: Tx, epoch: int, *, first: int, last: int, commands: bytes, chained: bytes) -> datetime:
    """
    Store one batch; answers its business time.

    A crash before the commit leaves nothing of it, after it everything. Raises `Fenced`.
    """
    at: datetime | None = await connection.fetchval(
        _sql.append, first, last, epoch, CODEC, ENGINE_VERSION, commands, chained
    )
    if at is None:
        raise Fenced(f"the journal is not at {first - 1} in epoch {epoch} any more")
    return at.astimezone(UTC)


async def newest_snapshot(connection: Tx) -> Snapshot | None:
    """The newest snapshot."""
    row = await connection.fetchrow(_sql.newest_snapshot)
    return Snapshot(*row.values()) if row else None


class Kept(NamedTuple):
    """What a snapshot that is kept says of the state and the journal there; *actual* is its state's hash indeed."""

    sequence: int
    codec: int
    state_hash: bytes
    actual: bytes
    hash: bytes


async def kept_snapshots(connection: Tx) -> dict[int, Kept]:
    """Every snapshot by its sequence, without its state."""
    return {row["sequence"]: Kept(*row.values()) for row in await connection.fetch(_sql.kept_snapshots)}


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
    """Store a snapshot that the projections have reached, and forget all but the newest two."""
    done = await tx.execute(_sql.keep_snapshot, sequence, STATE_CODEC, ENGINE_VERSION, state, state_hash, chained)
    await tx.execute(_sql.forget_snapshots)
    return affected(done) == 1


async def head(connection: Tx) -> Head:
    """The end of the journal as it is, whoever writes it."""
    return Head(*(await fetch_one(connection, _sql.head)).values())


async def has_other_versions(connection: Tx) -> bool:
    """Whether some of the journal was written by another codec or engine than this."""
    return bool(await connection.fetchval(_sql.has_other_versions, CODEC, ENGINE_VERSION))


async def positions(connection: Tx) -> dict[tuple[int, int], tuple[int, int, int, int]]:
    """Settled, locked, incoming and outgoing of each account and instrument, as projected; all zero is left away."""
    rows = [tuple(row.values()) for row in await connection.fetch(_sql.positions)]
    return {(row[0], row[1]): row[2:] for row in rows if any(row[2:])}


async def projected(connection: Tx) -> int:
    """How far the projections have come."""
    return int(await connection.fetchval(_sql.projected))


IS_GONE = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What a commit that may or may not have happened raises."""
