"""
Transactions on PostgreSQL: reruns after a deadlock, driver errors as problems.

Reads, writes and writes that wait for a lock have connections of their own (`Lanes`), so that who waits for a row that
somebody holds keeps no connection from the others.

Services open transactions here and pass ``tx`` on; only ``store.py`` modules send SQL.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, NamedTuple, TypeAlias, TypeVar

import asyncpg
import msgspec

from registry.kit.problems import ClockBehind, DomainError, Kind, LogRefuses, StorageFull, Unavailable
from registry.kit.turns import Turns

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
PATIENCE_S = 10.0
"""How long a write that met a lock waits for a connection on which to wait for it."""


class Contended(DomainError):
    """Three reruns met deadlocks or serialization failures; nothing was written."""

    kind, slug, title = Kind.UNAVAILABLE, "contended", "Too much contention"


_ANY_SHARE = 1_000_000
Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"


class Lanes(NamedTuple):
    """
    Connections by what they are for.

    *writing* waits for a lock only briefly (by its `lock_timeout`); what has met one goes on in *patient*, which waits
    long and has few connections. *share* is how many of *writing* one writer may have at a time.
    """

    reading: Pool
    writing: Pool
    patient: Pool
    share: int


class Database:
    """Runs transactions on connections. One for each process. With one pool, every lane is that pool."""

    def __init__(self, pool: "Pool | Lanes") -> None:
        self._lanes = pool if isinstance(pool, Lanes) else Lanes(pool, pool, pool, share=_ANY_SHARE)
        self._writing = Turns()
        self._waiting = Turns()

    @asynccontextmanager
    async def _connection(self, pool: Pool, *, within_s: float = ACQUIRE_TIMEOUT_S) -> AsyncIterator[Tx]:
        try:
            acquired = await pool.acquire(timeout=within_s)
        except asyncpg.DiskFullError:
            raise
        except asyncpg.PostgresError as error:  # any answer of a server that does not accept a connection now
            raise _gone() from error
        try:
            yield acquired
        finally:
            await pool.release(acquired)

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Tx]:
        """A connection for single reads, each its own snapshot. Raises `Unavailable` when the database is gone."""
        with _driver_errors():
            async with self._connection(self._lanes.reading) as tx:
                yield tx

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Tx]:
        """One read-only snapshot for several reads that must agree."""
        with _driver_errors():
            async with (
                self._connection(self._lanes.reading) as tx,
                tx.transaction(isolation="repeatable_read", readonly=True),
            ):
                yield tx

    async def transaction(
        self, work: Callable[[Tx], Awaitable[T]], *, writer: Hashable = None, patient: bool = True
    ) -> T:
        """
        Run *work* in one READ COMMITTED transaction; rerun it whole after a deadlock, three times at most.

        If it meets a lock that is not free soon, it is begun again where waiting keeps no connection from others;
        unless *patient*, it is refused. A *writer* has a share of the connections, and only one of them while it waits
        for a lock elsewhere. Raises `Contended`.
        """
        with _driver_errors():
            try:
                async with (
                    self._writing.turn(writer, lambda: 1 if writer in self._waiting else self._lanes.share),
                    self._connection(self._lanes.writing) as tx,
                ):
                    return await _attempts(tx, work)
            except asyncpg.LockNotAvailableError:
                if not patient or self._lanes.patient is self._lanes.writing:
                    raise
            return await self._patiently(work, writer)

    async def _patiently(self, work: Callable[[Tx], Awaitable[T]], writer: Hashable) -> T:
        """Wait for a turn among those of the same writer, then for a connection, then for the lock."""
        async with AsyncExitStack() as stack:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await stack.enter_async_context(self._waiting.turn(writer, lambda: 1))
                    tx = await stack.enter_async_context(self._connection(self._lanes.patient, within_s=PATIENCE_S))
            except TimeoutError as error:
                raise _held_too_long() from error
            return await _attempts(tx, work)


async def _attempts(tx: Tx, work: Callable[[Tx], Awaitable[T]]) -> T:
    for _ in range(ATTEMPTS):
        try:
            async with tx.transaction():
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
        raise _held_too_long() from error
    except asyncpg.ObjectNotInPrerequisiteStateError as error:
        refusal = _refusal(error.constraint_name)
        if refusal is None:
            raise
        raise refusal from error
    except _GONE as error:
        if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
            raise  # a value that fits no column: a fault of ours, not of the connection
        raise _gone() from error


def _refusal(trigger: str | None) -> DomainError | None:
    """What a trigger of the schema refuses for the whole service."""
    if trigger == "log_refuses":
        return LogRefuses(
            "Nothing was written: the public log refuses to sign, because this database does not continue what was "
            "published. Send the request again once the operator has restored the newer one.",
            retry_after_s=60,
        )
    if trigger == "clock_behind":
        return ClockBehind(
            "Nothing was written: the registry's clock is behind times that are recorded already. Send the request "
            "again once the operator has set it right.",
            retry_after_s=60,
        )
    return None


def _held_too_long() -> Contended:
    return Contended("Other writers held the same rows for too long; nothing was written. Send it again.")


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
