"""
The one way to the engine: commands in, and their events after they are stored for good.

Commands that arrive while a commit is under way form the next batch. It is applied in memory meanwhile, stored as one
row, and only then answered. Memory may therefore be ahead of the disk by two batches; when a commit fails, memory is
dropped, whoever waits is told 503, and the engine is built anew from the journal. Whether the failed batch was stored
after all, the journal knows, and `client_order_id` makes sending it again safe.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import asyncpg
import structlog

from exchange.engine.commands import Command
from exchange.engine.core import Engine
from exchange.engine.events import Event
from exchange.engine.market import dissolve
from exchange.engine.state import dump
from exchange.trading import codec, journal
from exchange.trading.codec import Outcome
from exchange.trading.recovery import Committed, JournalBroken, Lost, Resumed, recover
from registry.kit.database import Tx
from registry.kit.problems import DomainError, Kind

log = structlog.get_logger()

GROUP_LIMIT: Final = 1_000
"""Commands in one batch of the journal, but for a submission that is larger itself."""
WAITING_LIMIT: Final = 20_000
"""Commands that may wait to be carried out; beyond it whoever comes is told to come again."""
SNAPSHOT_EVERY: Final = 100_000
RETRY_S: Final = 0.2

Connect = Callable[[], Awaitable["asyncpg.Connection[asyncpg.Record]"]]
Publish = Callable[["Committed | Snapshot | Resumed | Lost"], None]


class NotTrading(DomainError):
    """The engine cannot take commands right now; nothing was done, or it will be found when it is sent again."""

    kind, slug, title = Kind.UNAVAILABLE, "not-trading", "The exchange is not trading right now"


class _Submission:
    """Commands of one caller, who waits for what they come to."""

    __slots__ = ("answer", "commands", "outcomes")

    def __init__(self, commands: Sequence[Command]) -> None:
        self.commands = commands
        self.outcomes: list[Outcome] = []
        self.answer: asyncio.Future[tuple[int, list[Outcome]]] = asyncio.get_running_loop().create_future()


class _Group:
    """A batch in the making: what was applied in memory and is to be stored."""

    __slots__ = ("commands", "first", "outcomes", "submissions")

    def __init__(self, first: int) -> None:
        self.first = first
        self.submissions: list[_Submission] = []
        self.commands: list[Command] = []
        self.outcomes: list[Outcome] = []


class Snapshot:
    """A state to be kept once the projections have come to *sequence*."""

    __slots__ = ("hash", "sequence", "state")

    def __init__(self, sequence: int, state: bytes, chained: bytes) -> None:
        self.sequence = sequence
        self.state = state
        self.hash = chained


class Gateway:
    """The single writer. `run` is its life; `submit` waits until a command is stored. *writing* is set while it can."""

    def __init__(self, connect: Connect, publish: Publish, *, group_limit: int = GROUP_LIMIT) -> None:
        self._connect = connect
        self._group_limit = group_limit
        self._publish = publish
        self._waiting: deque[_Submission] = deque()
        self._waiting_commands = 0
        self._arrived = asyncio.Event()
        self._engine: Engine | None = None
        self._stopping = False
        self._snapshot_at = 0
        self.writing = asyncio.Event()
        self.committed = 0
        self.trouble = "The exchange is starting."

    async def submit(self, command: Command) -> tuple[int, list[Event]]:
        """Carry one command out; answers its sequence and events, stored for good. Raises `NotTrading`."""
        first, outcomes = await self.submit_all((command,))
        return first, outcomes[0]

    async def submit_all(self, commands: Sequence[Command]) -> tuple[int, list[Outcome]]:
        """
        Carry commands out one after the other, with none in between; answers the first one's sequence.

        They are committed together. A command that is refused does not keep the others from being carried out.
        """
        assert commands, "a group of nothing is never committed, and so never answered"
        if self._engine is None or self._stopping:
            raise _not_trading(self.trouble)
        if self._waiting_commands + len(commands) > WAITING_LIMIT:
            raise _not_trading(f"{self._waiting_commands} commands wait to be carried out.")
        mine = _Submission(commands)
        self._waiting.append(mine)
        self._waiting_commands += len(commands)
        self._arrived.set()
        return await mine.answer

    @property
    def engine(self) -> Engine | None:
        """The live engine, which may be ahead of what is stored; none while there is no writer."""
        return self._engine

    async def run(self) -> None:
        """Be the writer until `stop`; after trouble, recover and go on. Ends early only for a broken journal."""
        while not self._stopping:
            try:
                await self._write()
            except JournalBroken as error:
                log.error("journal_broken", reason=str(error))  # noqa: TRY400 - the reason says all
                self._drop(str(error), for_good=True)
                return
            except journal.Taken:
                self._drop("Another process trades for this region.")
                await asyncio.sleep(RETRY_S)
            except journal.Fenced as error:
                log.warning("journal_fenced", reason=str(error))
                self._drop("Another process has taken over.")
                await asyncio.sleep(RETRY_S)
            except journal.IS_GONE as error:
                log.warning("journal_away", reason=type(error).__name__)
                self._drop("The journal's database cannot be reached.")
                await asyncio.sleep(RETRY_S)
            except Exception:
                # The engine refused to go on: a fault of ours. What it had applied is dropped, and not in the journal.
                log.exception("engine_failed")
                self._drop("The engine is built anew after a fault, which has been logged.")
                await asyncio.sleep(RETRY_S)
            except asyncio.CancelledError:
                self._drop("The exchange was cut off.")
                raise
        self._drop("The exchange has stopped.")

    def stop(self) -> None:
        """Take nothing more; what was taken is stored first."""
        self._stopping = True
        self._arrived.set()

    def _drop(self, why: str, *, for_good: bool = False) -> None:
        """Forget the memory, which may be ahead of the journal, and tell whoever waits."""
        if self._engine is not None:
            dissolve(self._engine.market)
        self._engine = None
        self._publish(Lost(why if for_good else ""))
        self.writing.clear()
        self.trouble = why
        waiting, self._waiting = self._waiting, deque()
        self._waiting_commands = 0
        for each in waiting:
            _fail(each, why)

    async def _write(self) -> None:
        connection = await self._connect()
        # An idle writer notices too that its connection, and with it the lock, is gone.
        connection.add_termination_listener(lambda _: self._arrived.set())
        try:
            head = await journal.take_over(connection)
            recovered = await recover(connection, head)
            self.committed, self._snapshot_at = head.sequence, recovered.snapshot_at
            self._publish(Resumed(head.sequence, recovered.projected))
            for each in recovered.unseen:
                self._publish(each)
            self._engine, self.trouble = recovered.engine, ""
            self.writing.set()
            log.info("trading", epoch=head.epoch, sequence=head.sequence)
            await self._serve(connection, recovered.engine, head.epoch, recovered.hash)
        finally:
            connection.terminate()

    async def _serve(self, connection: Tx, engine: Engine, epoch: int, chained: bytes) -> None:
        """Apply what arrives; while one batch commits the next one grows."""
        committing: asyncio.Task[None] | None = None
        stored = group = _Group(engine.market.sequence + 1)
        try:
            while True:
                await self._grow(connection, engine, group, committing)
                if not group.commands:
                    break
                encoded = codec.encode_commands(group.commands)
                chained = codec.chain(chained, encoded, group.outcomes)
                snapshot = self._due_snapshot(engine, chained)
                if committing is not None:
                    await committing
                committing = asyncio.create_task(self._commit(connection, epoch, group, (encoded, chained), snapshot))
                committing.add_done_callback(lambda _: self._arrived.set())
                stored, group = group, _Group(engine.market.sequence + 1)
        except BaseException:
            if committing is not None:
                committing.cancel()
                with contextlib.suppress(asyncio.CancelledError, Exception):
                    await committing
            for each in (*stored.submissions, *group.submissions):  # a commit cut off before it began told nobody
                _fail(each, "A commit failed.")
            raise
        await self._store_last(engine, chained)

    async def _grow(
        self, connection: Tx, engine: Engine, group: _Group, committing: "asyncio.Task[None] | None"
    ) -> None:
        """
        Fill *group* from what arrives, for as long as the batch before it commits. Empty only when stopping.

        Raises what that commit failed with.
        """
        while True:
            self._absorb(engine, group)
            if len(group.commands) >= self._group_limit:
                return
            if committing is None or committing.done():
                if committing is not None:
                    committing.result()
                if connection.is_closed():
                    raise ConnectionResetError("the journal's connection is gone")
                if group.commands or self._stopping:
                    return
            await self._arrived.wait()

    def _absorb(self, engine: Engine, group: _Group) -> None:
        """Apply what waits, in the order in which it came."""
        waiting, apply = self._waiting, engine.apply
        while waiting and len(group.commands) < self._group_limit:
            each = waiting.popleft()
            self._waiting_commands -= len(each.commands)
            group.submissions.append(each)
            each.outcomes = outcomes = [apply(command) for command in each.commands]
            group.commands.extend(each.commands)
            group.outcomes.extend(outcomes)
        if not waiting:
            self._arrived.clear()

    async def _commit(
        self,
        connection: Tx,
        epoch: int,
        group: _Group,
        stored: tuple[bytes, bytes],
        snapshot: Snapshot | None,
    ) -> None:
        """Store one batch, then answer. A crash before the commit leaves nothing; after it, the answers are found."""
        encoded, chained = stored
        last = group.first + len(group.commands) - 1
        try:
            at = await journal.append(
                connection, epoch, first=group.first, last=last, commands=encoded, chained=chained
            )
        except BaseException:
            for each in group.submissions:
                _fail(each, "The commit failed.")
            raise
        self.committed = last
        self._publish(Committed(group.first, last, at, tuple(group.commands), group.outcomes))
        if snapshot is not None:
            self._publish(snapshot)
        first = group.first
        for each in group.submissions:
            if not each.answer.done():  # its caller may have gone
                each.answer.set_result((first, each.outcomes))
            first += len(each.commands)

    def _due_snapshot(self, engine: Engine, chained: bytes) -> Snapshot | None:
        if engine.market.sequence - self._snapshot_at < SNAPSHOT_EVERY:
            return None
        self._snapshot_at = engine.market.sequence
        return Snapshot(engine.market.sequence, dump(engine.market), chained)

    async def _store_last(self, engine: Engine, chained: bytes) -> None:
        """A clean stop leaves a snapshot, so that the next start, and the next version, begin there."""
        self._publish(Snapshot(engine.market.sequence, dump(engine.market), chained))


def _fail(submission: _Submission, why: str) -> None:
    if not submission.answer.done():
        submission.answer.set_exception(_not_trading(why))


def _not_trading(why: str) -> NotTrading:
    return NotTrading(
        f"{why} Nothing is lost: send the same request again; what was carried out is found and not done twice.",
        retry_after_s=1,
    )
