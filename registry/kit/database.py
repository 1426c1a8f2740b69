"""
Transactions on PostgreSQL: reruns after a deadlock, driver errors as problems.

Services open transactions here and pass ``tx`` on; only ``store.py`` modules send SQL.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias, TypeVar

import asyncpg
import msgspec

from registry.kit.problems import DomainError, Kind, LogRefuses, StorageFull, Unavailable

T = TypeVar("T")
Tx: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
"""A connection: inside a transaction for writes, outside of one for single reads."""

ATTEMPTS = 3
_RERUN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_GONE = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InterfaceError,  # "connection is closed", "pool is closing"
    asyncpg.InternalClientError,  # "cannot switch to state": the server ended this session while it was idle
    OSError,  # refused, reset, no such socket, no such host, no route; TimeoutError too
)
ACQUIRE_TIMEOUT_S = 5.0
"""How long a request waits for a connection before it is refused with 503."""


class Contended(DomainError):
    """Three reruns met deadlocks or serialization failures; nothing was written."""

    kind, slug, title = Kind.UNAVAILABLE, "contended", "Too much contention"


class Database:
    """Runs transactions on a pool of connections. One for each process."""

    def __init__(self, pool: "asyncpg.Pool[asyncpg.Record]") -> None:
        self._pool = pool

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Tx]:
        try:
            acquired = await self._pool.acquire(timeout=ACQUIRE_TIMEOUT_S)
        except asyncpg.DiskFullError:
            raise
        except asyncpg.PostgresError as error:  # any answer of a server that does not accept a connection now
            raise _gone() from error
        try:
            yield acquired
        finally:
            await self._pool.release(acquired)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """A connection for single reads, each its own snapshot. Raises `Unavailable` when the database is gone."""
        with _driver_errors():
            async with self._connection() as tx:
                yield tx

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Tx]:
        """One read-only snapshot for several reads that must agree."""
        with _driver_errors():
            async with self._connection() as tx, tx.transaction(isolation="repeatable_read", readonly=True):
                yield tx

    async def transaction(self, work: Callable[[Tx], Awaitable[T]]) -> T:
        """Run *work* in one READ COMMITTED transaction; rerun it whole after a deadlock, three times at most."""
        with _driver_errors():
            for _ in range(ATTEMPTS):
                try:
                    async with self._connection() as tx, tx.transaction():
                        return await work(tx)
                except _RERUN:
                    continue
        raise Contended(f"{ATTEMPTS} attempts met other writers at the same rows; nothing was written. Send it again.")


@contextmanager
def _driver_errors() -> Iterator[None]:
    try:
        yield
    except asyncpg.DiskFullError as error:
        raise StorageFull(
            "The database has no room left; nothing was written. Free space, then send the request again."
        ) from error
    except asyncpg.LockNotAvailableError as error:
        raise Contended("Other writers held the same rows for too long; nothing was written. Send it again.") from error
    except asyncpg.ObjectNotInPrerequisiteStateError as error:
        if error.constraint_name != "log_refuses":
            raise
        raise LogRefuses(
            "Nothing was written: the public log refuses to sign, because this database does not continue what was "
            "published. Send the request again once the operator has restored the newer one.",
            retry_after_s=60,
        ) from error
    except _GONE as error:
        if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
            raise  # a value that fits no column: a fault of ours, not of the connection
        raise _gone() from error


def _gone() -> Unavailable:
    return Unavailable(
        "The database cannot be reached; nothing was lost. Send the request again with the same Idempotency-Key.",
        retry_after_s=2,
    )


@contextmanager
def constraint(name: str, refusal: DomainError) -> Iterator[None]:
    """Raise *refusal* if PostgreSQL reports a violation of the constraint *name*."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        if error.constraint_name != name:
            raise
        raise refusal from error


async def fetch_one(tx: Tx, query: str, *args: object) -> asyncpg.Record:
    """Return the first row of a statement that always has one. Raises `LookupError`."""
    row = await tx.fetchrow(query, *args)
    if row is None:
        raise LookupError(query)
    return row


def convert(row: Mapping[str, Any] | asyncpg.Record, into: type[T]) -> T:
    """Turn a row into a struct by column names; JSON columns hold text and are decoded by the store."""
    return msgspec.convert(dict(row), into)


def affected(status: str) -> int:
    """The number of rows that a command changed, from its tag (``UPDATE 1``). Guarded updates check it."""
    return int(status.rpartition(" ")[2])
