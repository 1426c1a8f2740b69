"""
An exchange that crashes at a chosen statement and is restarted on the same database.

Everything the exchange does outside its own memory is a statement on a connection, including BEGIN and COMMIT. One run
is a gateway, a projector, a teller and a settler whose connections count statements together. At the chosen statement
the simulated process crashes: either before the statement is sent, or after the server has executed it but before the
answer arrives. From then on every connection fails, and the tasks are cancelled together with all state in memory.
"""

import asyncio
import contextlib
import re
from collections.abc import Awaitable, Callable
from typing import Any, ClassVar, NamedTuple, TypeVar

import asyncpg

from deploy.pool import connecting
from deploy.processes.engine import at_rest
from exchange.parts import Exchange
from exchange.settlement import store
from exchange.settlement.reconciler import reconcile
from exchange.settlement.settler import Settler
from registry.kit.database import Database
from registry.kit.problems import DomainError, Kind
from tests import invariants, market_invariants, worlds
from tests.faults.killing import until

T = TypeVar("T")
DEADLINE_S = 30.0
_SAVEPOINT = re.compile(r"__asyncpg_savepoint_\w+__")


class ProcessCrashed(Exception):
    """The simulated process has crashed; its answers are lost."""


class CrashPoint(NamedTuple):
    """The *nth* execution of a statement after arming; if *answer_lost*, after the server has executed it."""

    statement: str
    nth: int
    answer_lost: bool


class CrashPlan:
    """Where a run crashes, and the statements it has executed since `arm`, each with whether it commits."""

    def __init__(self) -> None:
        self.crash_point: CrashPoint | None = None
        self.statements: list[tuple[str, bool]] = []
        self.crashed = asyncio.Event()
        self.crashed_at = ""

    def arm(self, crash_point: CrashPoint | None) -> None:
        """Start counting; crash at *crash_point*, or nowhere if None."""
        self.crash_point, self.statements = crash_point, []

    async def send_or_crash(self, query: str, send: Callable[[], Awaitable[T]], *, commits: bool) -> T:
        """Send one statement, or crash at it."""
        if self.crashed.is_set():
            raise asyncpg.ConnectionDoesNotExistError("the process has crashed")
        query = _SAVEPOINT.sub("savepoint", query)
        self.statements.append((query, commits))
        crash_point = self.crash_point
        if (
            crash_point
            and query == crash_point.statement
            and crash_point.nth == [each for each, _ in self.statements].count(query)
        ):
            if crash_point.answer_lost:
                await send()
            self.crashed.set()
            self.crashed_at = query
            raise asyncpg.ConnectionDoesNotExistError("the process has crashed")
        return await send()


class CrashingConnection(asyncpg.Connection):
    """A connection of one run. BEGIN, SAVEPOINT and COMMIT go through `execute` too."""

    crash_plan: ClassVar[CrashPlan]

    def _ends(self, query: str) -> bool:
        return query.startswith("COMMIT") or not self.is_in_transaction()

    async def execute(self, query: str, *args: Any, **how: Any) -> Any:
        """Execute unless the run has crashed."""
        plain = super().execute
        commits = query.startswith("COMMIT") or (self._ends(query) and not query.startswith("BEGIN"))
        return await self.crash_plan.send_or_crash(query, lambda: plain(query, *args, **how), commits=commits)

    async def copy_records_to_table(self, table_name: str, **how: Any) -> Any:
        """Copy rows unless the run has crashed. It is done inside transactions only."""
        plain = super().copy_records_to_table
        assert self.is_in_transaction()
        return await self.crash_plan.send_or_crash(
            f"copy {table_name}", lambda: plain(table_name, **how), commits=False
        )

    async def fetch(self, query: str, *args: Any, **how: Any) -> Any:
        """Fetch rows unless the run has crashed."""
        plain = super().fetch
        return await self.crash_plan.send_or_crash(query, lambda: plain(query, *args, **how), commits=False)

    async def fetchval(self, query: str, *args: Any, **how: Any) -> Any:
        """Fetch a value unless the run has crashed. The journal's append is one of these and commits by itself."""
        plain = super().fetchval
        commits = self._ends(query) and ("insert into" in query or "update exchange" in query)
        return await self.crash_plan.send_or_crash(query, lambda: plain(query, *args, **how), commits=commits)

    async def fetchrow(self, query: str, *args: Any, **how: Any) -> Any:
        """Fetch a row unless the run has crashed."""
        plain = super().fetchrow
        commits = self._ends(query) and "update exchange" in query
        return await self.crash_plan.send_or_crash(query, lambda: plain(query, *args, **how), commits=commits)


class ExchangeRun:
    """A gateway, a projector, a teller and a settler, from start to crash."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.crash_plan = CrashPlan()
        self._connection_class = type(
            "CrashingConnectionOfThisRun", (CrashingConnection,), {"crash_plan": self.crash_plan}
        )
        self._journals: list[asyncpg.Connection] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._pool: asyncpg.Pool | None = None
        self.exchange: Exchange

    async def start(self) -> None:
        """Start all four tasks."""
        how = {**connecting("kilnwood_api"), "connection_class": self._connection_class}
        self._pool = await asyncpg.create_pool(self._dsn, min_size=0, max_size=6, reset=_no_reset, **how)

        async def connect() -> asyncpg.Connection:
            self._journals.append(await asyncpg.connect(self._dsn, **how))
            return self._journals[-1]

        self.exchange = at_rest(Database(self._pool), connect)
        parts = (self.exchange.gateway, self.exchange.projector, self.exchange.teller)
        self.settler = Settler(self.exchange, worlds.PROFILE)
        self._tasks = [asyncio.create_task(each.run()) for each in (*parts, self.settler)]

    async def crash(self) -> None:
        """Drop all connections and cancel all tasks, without any clean-up."""
        self.crash_plan.crashed.set()
        for each in self._journals:
            each.terminate()
        if self._pool is not None:
            self._pool.terminate()
        running = set(self._tasks)
        while running:  # a failing rollback replaces the cancellation, and the task continues
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=0.05)


async def _no_reset(_: object) -> None:
    return


class RestartingExchange:
    """Runs an exchange on one database, restarts it after each crash, and resends the requests of its clients."""

    def __init__(self, dsn: str, watcher: asyncpg.Connection) -> None:
        self.dsn = dsn
        self.watcher = watcher
        self.current = ExchangeRun(dsn)
        self.crash_sites: list[str] = []

    async def start(self) -> None:
        """Start the first run."""
        await self.current.start()

    async def restart(self, crash_point: CrashPoint | None = None) -> None:
        """Crash the current run and start the next one, which may itself crash at *crash_point*."""
        self.crash_sites.append(self.current.crash_plan.crashed_at)
        await self.current.crash()
        await until(self._no_connections, "the database notices the crash")
        self.current = ExchangeRun(self.dsn)
        self.current.crash_plan.arm(crash_point)
        await self.current.start()

    async def _no_connections(self) -> bool:
        query = "select count(*) from pg_stat_activity where datname = current_database() and application_name = $1"
        return not await self.watcher.fetchval(query, "kilnwood")

    async def until_answered(self, request: Callable[[Exchange], Awaitable[T]]) -> T:
        """Resend a request until it is answered, as a client does; if the run crashes meanwhile, it is restarted."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                try:
                    return await self._unless_crashed(request(self.current.exchange))
                except ProcessCrashed:
                    await self.restart()
                except DomainError as refusal:
                    if refusal.kind != Kind.UNAVAILABLE and refusal.slug != "request-in-flight":
                        raise
                    await asyncio.sleep(0.002)

    async def _unless_crashed(self, work: Awaitable[T]) -> T:
        answering = asyncio.ensure_future(work)
        crashing = asyncio.ensure_future(self.current.crash_plan.crashed.wait())
        try:
            await asyncio.wait((answering, crashing), return_when=asyncio.FIRST_COMPLETED)
            if crashing.done():  # even if an answer is ready: the client never receives it
                raise ProcessCrashed
            return await answering
        finally:
            for each in (answering, crashing):
                each.cancel()
            await asyncio.gather(answering, crashing, return_exceptions=True)

    async def until_settled(self) -> None:
        """Return once nothing is under way; if the run crashes meanwhile, it is restarted."""

        async def nothing_under_way() -> bool:
            if self.current.crash_plan.crashed.is_set():
                await self.restart()
            return await self._projected() and not any(await store.under_way(self.watcher))

        await until(nothing_under_way, "everything is settled")

    async def _projected(self) -> bool:
        query = "select p.sequence = h.sequence from exchange.projection p, exchange.head h"
        return bool(await self.watcher.fetchval(query))

    async def check(self) -> None:
        """Check the invariants of registry and market, and that the two reconcile."""
        async with self.watcher.transaction(isolation="repeatable_read"):
            await invariants.check_ledger(self.watcher)
            await market_invariants.check(self.watcher)
        found = await self.until_answered(lambda exchange: reconcile(db=exchange.db, replay=False))
        assert (0, ()) == (found.in_flight, found.differences)


@contextlib.asynccontextmanager
async def restarting_exchange(dsn: str) -> Any:
    """A restarting exchange on a database; its last run is crashed at exit."""
    watcher = await asyncpg.connect(dsn)
    exchange = RestartingExchange(dsn, watcher)
    await exchange.start()
    try:
        yield exchange
    finally:
        await exchange.current.crash()
        await watcher.close()
