"""
Lives of one exchange on one database, each ended by a crash at a chosen statement.

Everything that the exchange does outside its own memory is a statement on a connection, its begins and commits too. A
life is a gateway, a projector, a clerk and a settler whose connections count statements together. At the one that was
chosen the process dies: before the statement was sent, or after the server had carried it out and before the answer
came. From then on no connection answers; the tasks are thrown away, and with them all memory.
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


class Dead(Exception):
    """The process is no more; nobody hears what it would have said."""


class Doom(NamedTuple):
    """The *nth* time that a statement is met from now on; with *answer_lost*, once the server has carried it out."""

    statement: str
    nth: int
    answer_lost: bool


class Fate:
    """When a life ends. *met* are the statements since it was armed; True where one commits."""

    def __init__(self) -> None:
        self.doom: Doom | None = None
        self.met: list[tuple[str, bool]] = []
        self.struck = asyncio.Event()
        self.where = ""

    def arm(self, doom: Doom | None) -> None:
        """Count from here."""
        self.doom, self.met = doom, []

    async def meet(self, query: str, send: Callable[[], Awaitable[T]], *, commits: bool) -> T:
        """Let one statement through, or die at it."""
        if self.struck.is_set():
            raise asyncpg.ConnectionDoesNotExistError("the process is dead")
        query = _SAVEPOINT.sub("savepoint", query)
        self.met.append((query, commits))
        doom = self.doom
        if doom and query == doom.statement and doom.nth == [each for each, _ in self.met].count(query):
            if doom.answer_lost:
                await send()
            self.struck.set()
            self.where = query
            raise asyncpg.ConnectionDoesNotExistError("the process is dead")
        return await send()


class Mortal(asyncpg.Connection):
    """A connection of one life. Begins, savepoints and commits are statements of `execute` too."""

    fate: ClassVar[Fate]

    def _ends(self, query: str) -> bool:
        return query.startswith("COMMIT") or not self.is_in_transaction()

    async def execute(self, query: str, *args: Any, **how: Any) -> Any:
        """As ever, if it lives."""
        plain = super().execute
        commits = query.startswith("COMMIT") or (self._ends(query) and not query.startswith("BEGIN"))
        return await self.fate.meet(query, lambda: plain(query, *args, **how), commits=commits)

    async def fetch(self, query: str, *args: Any, **how: Any) -> Any:
        """As ever, if it lives."""
        plain = super().fetch
        return await self.fate.meet(query, lambda: plain(query, *args, **how), commits=False)

    async def fetchval(self, query: str, *args: Any, **how: Any) -> Any:
        """As ever, if it lives; the journal's append is one of these, and commits by itself."""
        plain = super().fetchval
        commits = self._ends(query) and ("insert into" in query or "update exchange" in query)
        return await self.fate.meet(query, lambda: plain(query, *args, **how), commits=commits)

    async def fetchrow(self, query: str, *args: Any, **how: Any) -> Any:
        """As ever, if it lives."""
        plain = super().fetchrow
        commits = self._ends(query) and "update exchange" in query
        return await self.fate.meet(query, lambda: plain(query, *args, **how), commits=commits)


class Life:
    """A gateway, a projector, a clerk and a settler, from start to crash."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self.fate = Fate()
        self._connection_class = type("MortalOfThisLife", (Mortal,), {"fate": self.fate})
        self._journals: list[asyncpg.Connection] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._pool: asyncpg.Pool | None = None
        self.exchange: Exchange

    async def begin(self) -> None:
        """Start every part."""
        how = {**connecting("kilnwood_api"), "connection_class": self._connection_class}
        self._pool = await asyncpg.create_pool(self._dsn, min_size=0, max_size=6, reset=_no_reset, **how)

        async def connect() -> asyncpg.Connection:
            self._journals.append(await asyncpg.connect(self._dsn, **how))
            return self._journals[-1]

        self.exchange = at_rest(Database(self._pool), connect)
        parts = (self.exchange.gateway, self.exchange.projector, self.exchange.teller)
        self.settler = Settler(self.exchange, worlds.PROFILE)
        self._tasks = [asyncio.create_task(each.run()) for each in (*parts, self.settler)]

    async def end(self) -> None:
        """Crash: nothing is tidied."""
        self.fate.struck.set()
        for each in self._journals:
            each.terminate()
        if self._pool is not None:
            self._pool.terminate()
        running = set(self._tasks)
        while running:  # a rollback that fails takes the place of the cancellation, and the task goes on
            for task in running:
                task.cancel()
            _, running = await asyncio.wait(running, timeout=0.05)


async def _no_reset(_: object) -> None:
    return


class Lives:
    """One life after the other on one database, and the clients who outlive them."""

    def __init__(self, dsn: str, watcher: asyncpg.Connection) -> None:
        self.dsn = dsn
        self.watcher = watcher
        self.life = Life(dsn)
        self.deaths: list[str] = []

    async def begin(self) -> None:
        """The first life."""
        await self.life.begin()

    async def renew(self, doom: Doom | None = None) -> None:
        """Bury this life and begin the next, which may die early as well."""
        self.deaths.append(self.life.fate.where)
        await self.life.end()
        await until(self._nobody, "the database notices the crash")
        self.life = Life(self.dsn)
        self.life.fate.arm(doom)
        await self.life.begin()

    async def _nobody(self) -> bool:
        query = "select count(*) from pg_stat_activity where datname = current_database() and application_name = $1"
        return not await self.watcher.fetchval(query, "kilnwood")

    async def ask(self, request: Callable[[Exchange], Awaitable[T]]) -> T:
        """Send a request until there is an answer, as a client does; a life that dies meanwhile is followed by one."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                try:
                    return await self._unless_dead(request(self.life.exchange))
                except Dead:
                    await self.renew()
                except DomainError as refusal:
                    if refusal.kind != Kind.UNAVAILABLE and refusal.slug != "request-in-flight":
                        raise
                    await asyncio.sleep(0.002)

    async def _unless_dead(self, work: Awaitable[T]) -> T:
        answering = asyncio.ensure_future(work)
        dying = asyncio.ensure_future(self.life.fate.struck.wait())
        try:
            await asyncio.wait((answering, dying), return_when=asyncio.FIRST_COMPLETED)
            if dying.done():  # whatever was about to be said
                raise Dead
            return await answering
        finally:
            for each in (answering, dying):
                each.cancel()
            await asyncio.gather(answering, dying, return_exceptions=True)

    async def quiet(self) -> None:
        """Come back when nothing is under way any more; a life that dies meanwhile is followed by one."""

        async def nothing_under_way() -> bool:
            if self.life.fate.struck.is_set():
                await self.renew()
            return await self._projected() and not any(await store.under_way(self.watcher))

        await until(nothing_under_way, "everything comes to its end")

    async def _projected(self) -> bool:
        query = "select p.sequence = h.sequence from exchange.projection p, exchange.head h"
        return bool(await self.watcher.fetchval(query))

    async def check(self) -> None:
        """The books are right, in themselves and against each other."""
        async with self.watcher.transaction(isolation="repeatable_read"):
            await invariants.check_ledger(self.watcher)
            await market_invariants.check(self.watcher)
        found = await self.ask(lambda exchange: reconcile(db=exchange.db, replay=False))
        assert (0, ()) == (found.in_flight, found.differences)


@contextlib.asynccontextmanager
async def lived(dsn: str) -> Any:
    """Lives on a database; the last one ends with the context."""
    watcher = await asyncpg.connect(dsn)
    lives = Lives(dsn, watcher)
    await lives.begin()
    try:
        yield lives
    finally:
        await lives.life.end()
        await watcher.close()
