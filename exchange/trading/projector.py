"""Follows the journal with the tables that people read, a step behind, in whole batches."""

import asyncio
import contextlib
import hashlib
from collections import deque
from collections.abc import Sequence
from dataclasses import fields
from typing import Final

import structlog

from exchange.trading import journal, projection
from exchange.trading.gateway import NotTrading, Snapshot
from exchange.trading.patience import Patience
from exchange.trading.projection import Change, Changes, Deal, Placed
from exchange.trading.recovery import Committed, Lost, Resumed
from registry.kit import sql
from registry.kit.database import Database, Tx, fetch_one
from registry.kit.problems import DomainError

log = structlog.get_logger()

_sql = sql.load(__package__, "projection.sql")
COMMANDS_AT_ONCE: Final = 5_000
"""Commands in one transaction; adding them up takes some fifty milliseconds of the loop."""
RETRY_S: Final = 0.2
CATCH_UP_TIMEOUT_S: Final = 5.0
LOOK_EVERY_S: Final = 0.02


class Projector:
    """Takes what was committed, in order, and writes what it means. One for each gateway."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._queue: deque[Committed | Snapshot] = deque()
        self._arrived = asyncio.Event()
        self._moved = asyncio.Condition()
        self._stopping = False
        self._writing = False
        self._hopeless = ""
        self._look = asyncio.Lock()
        self.projected = 0
        self.committed = 0
        self.patience = Patience("The tables do not follow the journal")

    def publish(self, said: Committed | Snapshot | Resumed | Lost) -> None:
        """
        Take what the gateway says: what was committed, what is to be kept, and whether this process writes.

        A recovery says again what it finds unprojected, also what still waits here; and where the database crashed and
        forgot projections that did not wait for its disk, what was projected before is not any more.
        """
        match said:
            case Resumed():
                self.committed, self.projected, self._writing = said.sequence, said.projected, True
            case Lost():
                self._writing, self._hopeless = False, said.why
            case _:
                self._queue.append(said)
                if isinstance(said, Committed):
                    self.committed = said.last
                self._arrived.set()

    async def caught_up(self) -> None:
        """
        Wait until everything is projected that was committed before this call: whoever was answered reads their writes.

        Never call it with one of the pool's connections in hand: the projections need one. Raises `NotTrading` when
        that takes too long.
        """
        if not self._writing:
            return await self._tables_reach_the_journal()
        wanted = self.committed
        if self.projected >= wanted:
            return None
        try:
            async with asyncio.timeout(CATCH_UP_TIMEOUT_S), self._moved:
                await self._moved.wait_for(lambda: self.projected >= wanted)
        except TimeoutError as error:
            raise _behind(self.projected, wanted) from error

    async def _tables_reach_the_journal(self) -> None:
        """Whoever writes, this process before it ended or another one: what was journalled by now is shown."""
        journalled, projected = await self._progress()
        if projected >= journalled:
            return
        if self._hopeless:
            raise NotTrading(self._hopeless)
        try:
            async with asyncio.timeout(CATCH_UP_TIMEOUT_S), self._look:  # whoever waits, one looks at a time
                while projected < journalled:
                    _, projected = await self._progress()
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError as error:
            raise _behind(projected, journalled) from error

    async def _progress(self) -> tuple[int, int]:
        """How far journal and tables are, as the database has it."""
        async with self._db.reading() as tx:
            row = await fetch_one(tx, _sql.progress)
        return row["journalled"], row["projected"]

    async def moves(self, beyond: int, *, within_s: float) -> None:
        """Wait until more than *beyond* is projected, or for *within_s* at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s), self._moved:
                await self._moved.wait_for(lambda: self.projected > beyond)

    async def run(self) -> None:
        """Project until `stop`, and then what is left. Trouble with the database is waited out."""
        while not (self._stopping and not self._queue):
            if not self._queue:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            try:
                await self._step()
                self.patience.well()
            except DomainError as error:  # the database is away
                log.warning("projection_postponed", reason=error.slug)
                if await self._gives_up():
                    return
            except Exception:  # a fault of ours: readers are told 503 until it is repaired
                log.exception("projection_failed")
                if await self._gives_up():
                    return

    async def _gives_up(self) -> bool:
        """Wait a little before the next attempt; none when stopping: the next start projects what is missing."""
        self.patience.failed()
        await asyncio.sleep(RETRY_S)
        if self._stopping:
            log.error("stopped_without_snapshot", projected=self.projected, committed=self.committed)
        return self._stopping

    def stop(self) -> None:
        """End when everything is projected."""
        self._stopping = True
        self._arrived.set()

    async def _step(self) -> None:
        first = self._queue[0]
        if isinstance(first, Snapshot):
            await self._keep(first)
            self._queue.popleft()
            return
        batches: list[Committed] = []
        commands = 0
        for each in self._queue:
            if isinstance(each, Snapshot) or commands >= COMMANDS_AT_ONCE:
                break
            batches.append(each)
            commands += len(each.commands)
        reached = await self._db.transaction(lambda tx: project_in(tx, batches))
        for _ in batches:
            self._queue.popleft()
        async with self._moved:
            self.projected = max(self.projected, reached)
            self._moved.notify_all()

    async def _keep(self, snapshot: Snapshot) -> None:
        state_hash = hashlib.sha256(snapshot.state).digest()

        async def work(tx: Tx) -> bool:
            return await journal.keep_snapshot(tx, snapshot.sequence, snapshot.state, state_hash, snapshot.hash)

        await self._db.transaction(work)


def _behind(projected: int, journalled: int) -> NotTrading:
    return NotTrading(
        f"The tables are at {projected}, the journal at {journalled}. Ask again in a second.", retry_after_s=1
    )


async def project_in(tx: Tx, batches: list[Committed]) -> int:
    """
    Write what *batches* mean, but for those that were projected before; answers how far the projections are.

    A batch beyond a gap is passed over: the database crashed and forgot what was before it, the gateway lost its
    connection by that too, and its recovery says everything again from where the projections are.
    """
    await tx.execute(_sql.lazily)
    seen = int(await tx.fetchval(_sql.projected))
    fresh: list[Committed] = []
    for each in batches:
        if each.first == seen + 1:
            fresh.append(each)
            seen = each.last
        elif each.first > seen:
            log.warning("projection_gap", projected=seen, first=each.first)
    if not fresh:
        return seen
    wanted = projection.settlements(fresh)
    deals = {row["id"]: Deal(*list(row.values())[1:]) for row in await tx.fetch(_sql.deals, wanted)} if wanted else {}
    await _write(tx, projection.changes(fresh, deals))
    return seen


async def _write(tx: Tx, changes: Changes) -> None:
    """One statement for each table that changes."""
    positions = [(*key, *parts) for key, parts in changes.positions.items()]
    placed = [tuple(getattr(each, name) for name in _PLACED) for each in changes.placed.values()]
    changed = [(number, *(getattr(each, name) for name in _CHANGED)) for number, each in changes.changed.items()]
    writes: tuple[tuple[str, Sequence[Sequence[object]]], ...] = (
        (_sql.insert_placed, placed),
        (_sql.change_placed, changed),
        (_sql.insert_trades, changes.trades),
        (_sql.begin_positions, list(changes.positions)),
        (_sql.move_positions, positions),
        (_sql.insert_requests, changes.requests),
        (_sql.answer_instructions, [(number, *each) for number, each in changes.instructions.items()]),
        (_sql.open_instruments, [(each,) for each in changes.opened]),
        (_sql.set_bands, [(number, *band) for number, band in changes.bands.items()]),
        (_sql.set_halts, list(changes.halts.items())),
        (_sql.end_deliveries, changes.deliveries),
    )
    for query, rows in writes:
        if rows:
            await tx.execute(query, *(list(column) for column in zip(*rows, strict=True)))
    await tx.execute(_sql.advance, changes.last)


_PLACED = tuple(each.name for each in fields(Placed))
_CHANGED = tuple(each.name for each in fields(Change))
