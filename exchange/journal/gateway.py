"""
The one way to the engine: commands in, and their events after they are stored for good.

Commands that arrive while a commit is under way form the next batch. It is applied in memory meanwhile, stored as one
row, and only then answered. Memory may therefore be ahead of the disk by two batches; when a commit fails, memory is
dropped, every caller gets a 503, and the engine is rebuilt from the journal. The journal knows whether the failed batch
was stored after all, and `client_order_id` makes sending it again safe.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Final, Protocol

import asyncpg
import structlog

from exchange.engine.commands import Command, Continue
from exchange.engine.core import MODES, Engine
from exchange.engine.market import dissolve
from exchange.engine.modes import EngineMode
from exchange.engine.state import dump
from exchange.journal import codec, store
from exchange.journal.codec import Outcome
from exchange.journal.groups import Answer, CommandGroup, Row, Submission
from exchange.journal.recovery import Committed, JournalBroken, Lost, Resumed, recover
from registry.kit.database import Tx
from registry.kit.problems import DomainError, Kind
from registry.kit.supervise import Supervisor

log = structlog.get_logger()

GROUP_LIMIT: Final = 1_000
"""Commands in one batch of the journal, except for the rest of a submission that has begun."""
EVENTS_LIMIT: Final = 5_000
"""Events in one batch, except for the rest of a submission that has begun."""
SLICE_S: Final = 0.005
"""How long commands are applied before the loop may look at other requests."""
APPLIED_AT_ONCE: Final = 16
"""Commands of one submission between two looks at the clock."""
WAITING_LIMIT: Final = 20_000
"""Commands that may wait to be carried out; further callers get a 503."""
RETRY_S: Final = 0.2
CONTINUE: Final = Continue()

Connect = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]
Publish = Callable[["Committed | StateDump | Resumed | Lost"], None]


class NotTrading(DomainError):
    """The engine cannot take commands right now. Nothing was done, or it is found when the request is sent again."""

    kind, slug, title = Kind.UNAVAILABLE, "not-trading", "The exchange is not trading right now"


class StateDump:
    """A state to be stored as a snapshot once the projections have reached *sequence*."""

    __slots__ = ("hash", "sequence", "state")

    def __init__(self, sequence: int, state: bytes, chained: bytes) -> None:
        self.sequence = sequence
        self.state = state
        self.hash = chained


class Gate(Protocol):
    """Where commands go in: the gateway of this process, or the way to that of another one."""

    @property
    def trouble(self) -> str:
        """Why commands are not taken, or nothing."""

    @property
    def writing(self) -> asyncio.Event:
        """Set while this process is the writer."""

    @property
    def taking(self) -> bool:
        """Whether commands are taken now."""

    @property
    def engine(self) -> Engine | None:
        """The live engine of this process, or None."""

    async def submit(self, command: Command) -> Answer:
        """Carry one command out; returns it stored for good. Raises `NotTrading`."""

    async def submit_all(self, commands: Sequence[Command]) -> Iterator[Answer]:
        """Carry commands out one after the other, with none of anybody else's in between. Raises `NotTrading`."""

    async def run(self) -> None:
        """Take commands until `stop`."""

    def stop(self) -> None:
        """Take nothing more."""


class Gateway:
    """
    The single writer. `run` is its life; `submit` waits until a command is stored. *writing* is set while it can.

    Who owns what: callers append to the waiting submissions and set *arrived*; everything else belongs to the task of
    `run`, and *committed* moves in the one commit task that `run` has at a time. The engine's memory is ahead of the
    disk by that commit and by the group that grows behind it, so whatever fails in either drops the engine.
    """

    def __init__(
        self,
        connect: Connect,
        publish: Publish,
        *,
        modes: Sequence[EngineMode] = MODES,
        group_limit: int = GROUP_LIMIT,
    ) -> None:
        self._modes = modes
        self._connect = connect
        self._group_limit = group_limit
        self._publish = publish
        self._waiting: deque[Submission] = deque()
        self._waiting_commands = 0
        self._arrived = asyncio.Event()
        self._current: Submission | None = None
        self._engine: Engine | None = None
        self.supervisor = Supervisor(
            "gateway",
            "Nobody trades",
            retry_s=RETRY_S,
            expected=(store.WriterElsewhere, store.Fenced, *store.IS_GONE),
            fatal=(JournalBroken,),
        )
        self.writing = asyncio.Event()
        self.committed = 0
        self.trouble = "The exchange is starting."

    async def submit(self, command: Command) -> Answer:
        """Carry one command out; returns it stored for good. Raises `NotTrading`."""
        (answer,) = await self.submit_all((command,))
        return answer

    async def submit_all(self, commands: Sequence[Command]) -> Iterator[Answer]:
        """
        Carry commands out one after the other, with none of anybody else's in between.

        A command that is refused does not keep the others from being carried out. Answers are made as they are read,
        once: most callers want few of them.
        """
        assert commands, "a group of nothing is never committed, and so never answered"
        if self._engine is None or self.supervisor.stopping:
            raise not_trading(self.trouble)
        if self._waiting_commands + len(commands) > WAITING_LIMIT:
            raise not_trading(f"{self._waiting_commands} commands wait to be carried out.")
        mine = Submission(commands)
        self._waiting.append(mine)
        self._waiting_commands += len(commands)
        self._arrived.set()
        return await mine.answer

    @property
    def taking(self) -> bool:
        """Whether commands are taken now."""
        return self.writing.is_set()

    @property
    def engine(self) -> Engine | None:
        """The live engine, which may be ahead of what is stored; None while this process is not the writer."""
        return self._engine

    async def run(self) -> None:
        """Be the writer until `stop`; after trouble, recover and go on. Ends early only for a broken journal."""
        try:
            await self.supervisor.run(self._attempt)
        except JournalBroken as error:
            log.error("journal_broken", reason=str(error))  # noqa: TRY400 - the reason says all
            self._drop(str(error), for_good=True)
        except asyncio.CancelledError:
            self._drop("The exchange was cut off.")
            raise
        else:
            self._drop("The exchange has stopped.")

    async def _attempt(self) -> None:
        """Write until something fails; whatever it is, the memory is dropped before it is tried again."""
        try:
            await self._write()
        except JournalBroken:
            raise
        except store.WriterElsewhere:
            self._drop("Another process trades for this region.")
            raise
        except store.Fenced:
            self._drop("Another process has taken over.")
            raise
        except store.IS_GONE:
            self._drop("The journal's database cannot be reached.")
            raise
        except Exception:
            # The engine refused to go on: a fault of ours. What it had applied is dropped, and not in the journal.
            self._drop("The engine is built anew after a fault, which has been logged.")
            raise

    def stop(self) -> None:
        """Take nothing more; what was taken is stored first."""
        self.supervisor.stop()
        self._arrived.set()

    def _drop(self, why: str, *, for_good: bool = False) -> None:
        """Forget the memory, which may be ahead of the journal, and answer everybody who waits."""
        if self._engine is not None:
            dissolve(self._engine.market)
        self._engine = None
        self._publish(Lost(why if for_good else ""))
        self.writing.clear()
        self.trouble = why
        waiting, self._waiting = self._waiting, deque()
        self._waiting_commands = 0
        current, self._current = self._current, None
        for each in (*([current] if current else ()), *waiting):
            _fail(each, why)

    async def _write(self) -> None:
        connection = await self._connect()
        # An idle writer notices too that its connection, and with it the lock, is gone.
        connection.add_termination_listener(lambda _: self._arrived.set())
        try:
            end = await store.take_over(connection)
            recovered = await recover(connection, end, self._modes)
            self.committed = end.sequence
            self._publish(Resumed(end.sequence, recovered.projected))
            for each in recovered.unseen:
                self._publish(each)
            self._engine, self.trouble = recovered.engine, ""
            self.writing.set()
            self.supervisor.well()
            log.info("trading", epoch=end.epoch, sequence=end.sequence)
            await self._serve(connection, recovered.engine, end.epoch, recovered.hash)
        finally:
            connection.terminate()

    async def _serve(self, connection: Tx, engine: Engine, epoch: int, chained: bytes) -> None:
        """Apply what arrives; while one batch commits the next one grows."""
        committing: asyncio.Task[None] | None = None
        stored = group = CommandGroup(engine.market.sequence + 1)
        try:
            while True:
                await self._grow(connection, engine, group, committing)
                if not group.commands:
                    break
                encoded, events_hash = codec.encode_commands(group.commands), codec.hash_events(group.outcomes)
                chained = codec.chain(chained, encoded, events_hash)
                if committing is not None:
                    await committing
                row = Row(encoded, events_hash, chained)
                committing = asyncio.create_task(self._commit(connection, epoch, group, row))
                committing.add_done_callback(lambda _: self._arrived.set())
                stored, group = group, CommandGroup(engine.market.sequence + 1)
        except BaseException:
            if committing is not None:
                committing.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await committing
            for each in (*stored.finished, *group.finished):  # a commit cut off before it began answered nobody
                _fail(each, "A commit failed.")
            raise
        await self._store_last(engine, chained)

    async def _grow(
        self, connection: Tx, engine: Engine, group: CommandGroup, committing: "asyncio.Task[None] | None"
    ) -> None:
        """
        Fill *group* from what arrives, for as long as the batch before it commits. Empty only when stopping.

        Raises what that commit failed with.
        """
        while True:
            await self._absorb(engine, group)
            if self._is_full(group):
                return
            if committing is None or committing.done():
                if committing is not None:
                    committing.result()
                if connection.is_closed():
                    raise ConnectionResetError("the journal's connection is gone")
                if group.commands or self.supervisor.stopping:
                    return
            await self._arrived.wait()

    def _is_full(self, group: CommandGroup) -> bool:
        return len(group.commands) >= self._group_limit or group.events >= EVENTS_LIMIT

    async def _absorb(self, engine: Engine, group: CommandGroup) -> None:
        """
        Apply what waits, in the order in which it came, and let others have the loop now and then.

        A submission is never torn apart by commands of others; its callers are answered by the group it ends in. What
        a command leaves unfinished is carried on before anything else, over as many groups as it takes.
        """
        waiting, market, until_s = self._waiting, engine.market, time.perf_counter() + SLICE_S
        while True:
            if market.unfinished is not None:
                if self._is_full(group):
                    return
                self._go_on(engine, group)
            elif self._current is not None or (waiting and not self._is_full(group)):
                self._apply(engine, group, until_s)
            else:
                break
            if time.perf_counter() > until_s:
                await asyncio.sleep(0)
                until_s = time.perf_counter() + SLICE_S
        if not waiting:
            self._arrived.clear()

    def _apply(self, engine: Engine, group: CommandGroup, until_s: float) -> None:
        """Apply commands of one submission: all, or until the time is over or one of them is unfinished."""
        current = self._current = self._current or self._waiting.popleft()
        apply, market, begun = engine.apply, engine.market, len(current.outcomes)
        outcomes: list[Outcome] = []
        for first in range(begun, len(current.commands), APPLIED_AT_ONCE):
            for command in current.commands[first : first + APPLIED_AT_ONCE]:
                outcomes.append(apply(command))
                if market.unfinished is not None:
                    break
            if market.unfinished is not None or time.perf_counter() > until_s:
                break
        group.add(current.commands[begun : begun + len(outcomes)], outcomes)
        current.outcomes += outcomes
        current.sequences.append(range(market.sequence - len(outcomes) + 1, market.sequence + 1))
        self._finish(engine, group)

    def _go_on(self, engine: Engine, group: CommandGroup) -> None:
        """Do one more step of what is unfinished; its events are the unfinished command's as well."""
        outcome = engine.apply(CONTINUE)
        group.add((CONTINUE,), (outcome,))
        if self._current is not None:  # None: its caller was answered with a 503 before a recovery
            self._current.outcomes[-1] = [*self._current.outcomes[-1], *outcome]
            self._finish(engine, group)

    def _finish(self, engine: Engine, group: CommandGroup) -> None:
        """Let the group answer the current submission, if all of it is carried out."""
        current = self._current
        if current and engine.market.unfinished is None and len(current.outcomes) == len(current.commands):
            self._waiting_commands -= len(current.commands)
            self._current = None
            group.finished.append(current)

    async def _commit(self, connection: Tx, epoch: int, group: CommandGroup, row: "Row") -> None:
        """Store one batch, then answer. A crash before the commit leaves nothing; after it, the answers are found."""
        last = group.first + len(group.commands) - 1
        try:
            at = await store.append(
                connection,
                epoch,
                first=group.first,
                last=last,
                commands=row.commands,
                events_hash=row.events_hash,
                chained=row.hash,
            )
        except BaseException:
            for each in group.finished:
                _fail(each, "The commit failed.")
            raise
        self.committed = last
        self._publish(Committed(group.first, last, at, tuple(group.commands), group.outcomes))
        for each in group.finished:
            each.succeed(at)

    async def _store_last(self, engine: Engine, chained: bytes) -> None:
        """A clean stop leaves a snapshot, so that the next start, and the next version, begin there (`snapshots`)."""
        self._publish(StateDump(engine.market.sequence, dump(engine.market), chained))


def _fail(submission: Submission, why: str) -> None:
    if not submission.answer.done():
        submission.answer.set_exception(not_trading(why))


def not_trading(why: str) -> NotTrading:
    """The refusal of a request that cannot be answered now, and what to do."""
    return NotTrading(
        f"{why} Nothing is lost: send the same request again; what was carried out is found and not done twice.",
        retry_after_s=1,
    )
