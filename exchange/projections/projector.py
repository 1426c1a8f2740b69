"""Follows the journal: writes what committed batches mean to the tables, in order and in whole batches."""

import asyncio
import contextlib
import hashlib
import math
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import structlog

from exchange.engine.events import Refunded, Settled
from exchange.journal import store as journal
from exchange.journal.gateway import NotTrading, StateDump
from exchange.journal.recovery import Committed, Elsewhere, Lost, Resumed
from exchange.projections import store
from exchange.projections.changes import Changes, Deal, EventTable, Moment
from exchange.projections.replies import AboutTable, remember
from registry.kit.database import Database, Tx
from registry.kit.supervise import Supervisor

log = structlog.get_logger()

COMMANDS_AT_ONCE: Final = 5_000
"""Commands in one transaction; adding them up takes some fifty milliseconds of the loop."""
EVENTS_AT_ONCE: Final = 10_000
"""Events in one transaction, but for those of the last batch: one command may have thousands."""
GATHER_S: Final = 0.02
"""How long committed batches may gather before they are written; not while a reader waits for them."""
RETRY_S: Final = 0.2
CATCH_UP_TIMEOUT_S: Final = 5.0
LOOK_EVERY_S: Final = 0.02


class Tables(NamedTuple):
    """What events mean for the tables, and what commands are about: all rooms' parts (`exchange.modes`)."""

    events: EventTable
    about: AboutTable


class Projector:
    """Takes what was committed, in order, and writes what it means. One for each gateway."""

    def __init__(self, db: Database, tables: Tables) -> None:
        self._db = db
        self._tables = tables
        self._queue: deque[Committed | StateDump] = deque()
        self._arrived = asyncio.Event()
        self._hurry = asyncio.Event()
        self._moved = asyncio.Condition()
        self._writing = False
        self._hopeless = ""
        self._stand = False
        self._look = asyncio.Lock()
        self._looked_at_s = -math.inf
        self._shown = 0
        self.projected = 0
        self.committed = 0
        self.supervisor = Supervisor("projector", "The tables do not follow the journal", retry_s=RETRY_S)

    def publish(self, said: Committed | StateDump | Resumed | Lost | Elsewhere) -> None:
        """
        Take what the gateway publishes: committed batches, states to store, and whether this process writes.

        A recovery publishes again what it finds unprojected, also what still waits here. Where the database crashed and
        forgot projections that did not wait for its disk, what was projected before is so no longer.
        """
        match said:
            case Resumed():
                self.committed, self.projected, self._writing = said.sequence, said.projected, True
            case Lost():
                self._writing, self._hopeless = False, said.why
            case Elsewhere():
                self.committed, self.projected, self._stand = said.sequence, said.projected, said.away
            case _:
                self._queue.append(said)
                if isinstance(said, Committed):
                    self.committed = said.last
                self._arrived.set()

    async def caught_up(self) -> None:
        """
        Wait until everything is projected that was committed before this call, so that callers read their own writes.

        Never call it while holding one of the pool's connections: the projections need one. Raises `NotTrading` when
        that takes too long.
        """
        if self._writing:
            await self._projected(self.committed)
        elif not self._stand:
            journalled, projected = await self._progress()
            if projected < journalled:
                await self._tables_reach(journalled)

    async def reach(self, sequence: int) -> None:
        """
        Wait until the command *sequence*, which was carried out, is in the tables. Raises `NotTrading`.

        Unlike `caught_up`, it does so too where the process that writes them has gone away meanwhile.
        """
        await (self._projected(sequence) if self._writing else self._tables_reach(sequence))

    async def _projected(self, wanted: int) -> None:
        """Wait for this process to project the command *wanted*."""
        if self.projected >= wanted:
            return
        self._hurry.set()
        try:
            async with asyncio.timeout(CATCH_UP_TIMEOUT_S), self._moved:
                await self._moved.wait_for(lambda: self.projected >= wanted)
        except TimeoutError as error:
            raise _behind(self.projected, wanted) from error

    async def _tables_reach(self, wanted: int) -> None:
        """Wait until the tables, which another process writes, show *wanted*; one look serves all who wait."""
        if self._hopeless:
            raise NotTrading(self._hopeless)
        asked_s = time.monotonic()
        try:
            async with asyncio.timeout(CATCH_UP_TIMEOUT_S):
                while not await self._look_whether(wanted, asked_s):
                    pass
        except TimeoutError as error:
            raise _behind(self._shown, wanted) from error

    async def _look_whether(self, wanted: int, asked_s: float) -> bool:
        """Whether the tables show *wanted*, by a look that began after *asked_s*; waits a moment if they do not."""
        async with self._look:
            if self._shown < wanted or self._looked_at_s < asked_s:
                looked_at_s = time.monotonic()
                _, self._shown = await self._progress()
                self._looked_at_s = looked_at_s
            if self._shown < wanted:
                await asyncio.sleep(LOOK_EVERY_S)
            return self._shown >= wanted

    async def require_complete(self) -> None:
        """
        Raise `NotTrading` where nobody writes the tables and something that is journalled is not in them yet.

        For readers who find nothing: `caught_up` lets them read the tables as they stand.
        """
        if self._stand:
            journalled, projected = await self._progress()
            if projected < journalled:
                raise _behind(projected, journalled)

    async def _progress(self) -> tuple[int, int]:
        """How far journal and tables are, as the database has it."""
        async with self._db.reading() as tx:
            return await store.progress(tx)

    async def moves(self, beyond: int, *, within_s: float) -> None:
        """Wait until more than *beyond* is projected, or for *within_s* at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s), self._moved:
                await self._moved.wait_for(lambda: self.projected > beyond)

    async def run(self) -> None:
        """Project until `stop`, and then what is left. Trouble with the database is waited out."""
        await self.supervisor.run(self._follow)
        try:
            while self._queue:
                await self._step()
        except Exception:  # the next start projects what is missing
            log.exception("stopped_without_snapshot", projected=self.projected, committed=self.committed)

    async def _follow(self) -> None:
        if not self._queue:
            self._arrived.clear()
            await self._arrived.wait()
            return
        await self._gather()
        await self._step()

    async def _gather(self) -> None:
        """Wait a moment for more batches, which cost little in the same transaction; not while a reader waits."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GATHER_S):
                await self._hurry.wait()
        self._hurry.clear()

    def stop(self) -> None:
        """End when everything is projected."""
        self.supervisor.stop()
        self._arrived.set()
        self._hurry.set()

    async def _step(self) -> None:
        first = self._queue[0]
        if isinstance(first, StateDump):
            await self._store_snapshot(first)
            self._queue.popleft()
            return
        batches: list[Committed] = []
        commands = events = 0
        for each in self._queue:
            if isinstance(each, StateDump) or commands >= COMMANDS_AT_ONCE or events >= EVENTS_AT_ONCE:
                break
            batches.append(each)
            commands += len(each.commands)
            events += sum(map(len, each.outcomes))
        reached = await self._db.transaction(lambda tx: project_in(tx, batches, self._tables))
        for _ in batches:
            self._queue.popleft()
        async with self._moved:
            self.projected = max(self.projected, reached)
            self._moved.notify_all()

    async def _store_snapshot(self, snapshot: StateDump) -> None:
        state_hash = hashlib.sha256(snapshot.state).digest()

        async def work(tx: Tx) -> bool:
            return await journal.keep_snapshot(tx, snapshot.sequence, snapshot.state, state_hash, snapshot.hash)

        await self._db.transaction(work)


def _behind(projected: int, journalled: int) -> NotTrading:
    return NotTrading(
        f"The tables are at {projected}, the journal at {journalled}. Ask again in a second.", retry_after_s=1
    )


async def project_in(tx: Tx, batches: Sequence[Committed], tables: Tables) -> int:
    """
    Write what *batches* mean, but for those that were projected before; returns how far the tables are.

    A batch beyond a gap is passed over: the database crashed and forgot what was before it, the gateway lost its
    connection by that too, and its recovery publishes everything again from where the tables are.
    """
    seen = await store.lock_projected(tx)
    fresh: list[Committed] = []
    for each in batches:
        if each.first == seen + 1:
            fresh.append(each)
            seen = each.last
        elif each.first > seen:
            log.warning("projection_gap", projected=seen, first=each.first)
    if fresh:
        await store.write(tx, changes_of(fresh, await store.deals(tx, _settled_trades(fresh)), tables))
    return seen


def _settled_trades(batches: Iterable[Committed]) -> list[int]:
    """The trades that these batches settle or refund."""
    return [
        trade
        for batch in batches
        for outcome in batch.outcomes
        for event in outcome
        if isinstance(event, Settled | Refunded)
        for trade in event.trades
    ]


def changes_of(batches: Iterable[Committed], deals: dict[int, Deal], tables: Tables) -> Changes:
    """Add batches up; *deals* are the trades that they settle or refund, of those that were projected before."""
    into = Changes(dict(deals))
    for batch in batches:
        for sequence, (command, outcome) in enumerate(zip(batch.commands, batch.outcomes, strict=True), batch.first):
            moment = Moment(sequence, batch.at)
            for event in outcome:
                for apply in tables.events[type(event)]:
                    apply(into, event, moment)
            remember(into, command, outcome, sequence, tables.about)
        into.last = batch.last
    return into
