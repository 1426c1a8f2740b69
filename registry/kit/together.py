"""Work that waits at the same moment is carried out together: one transaction, one commit, for many requests."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable, Sequence
from functools import partial
from typing import Any, Final, Generic, TypeAlias, TypeVar

import structlog

from registry.kit.database import Contended
from registry.kit.problems import Unavailable

T = TypeVar("T")
R = TypeVar("R")
_Waiting: TypeAlias = "tuple[T, asyncio.Future[R]]"

log = structlog.get_logger()

GROUP_SIZE: Final = 32
GROUPS_AT_ONCE: Final = 2
"""While one waits for the database, the other is prepared."""
WAITING_LIMIT: Final = 2_000
"""Requests that may wait for a group; further ones are refused."""
ANSWER_TIMEOUT_S: Final = 30.0


class Together(Generic[T, R]):
    """
    Groups what waits; nothing waits for a group to fill. One for each kind of work and process.

    *run* carries a group out, in its order, and returns the reply to each item, or None for one that has to be tried
    *alone*. *about* names what an item is about: items that share a name are never under way in two groups, nor in a
    group while one of them is tried alone, and of these the first to come is the first to go. Where *run* raises, each
    item is tried alone, except that of a group of one.

    A caller that is cancelled while it waits leaves the queue; once its item is under way, it is carried out all the
    same.
    """

    def __init__(
        self,
        run: Callable[[Sequence[T]], Awaitable[Sequence[R | None]]],
        *,
        alone: Callable[[T], Awaitable[R]],
        about: Callable[[T], Collection[Hashable]],
    ) -> None:
        self._run = run
        self._alone = alone
        self._about = about
        self._waiting: list[_Waiting[T, R]] = []
        self._busy: Counter[Hashable] = Counter()
        self._groups: set[asyncio.Task[None]] = set()
        self._lone: set[asyncio.Task[None]] = set()

    async def join(self, item: T) -> R:
        """Carry *item* out with whatever waits. Raises what it was refused with, or `Contended`."""
        if len(self._waiting) >= WAITING_LIMIT:
            raise Contended(
                f"{len(self._waiting)} requests wait already; nothing was written. Send it again in a second."
            )
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        self._start()
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await answer
        except TimeoutError as error:
            raise Contended(
                f"Others hold what this request needs, for {ANSWER_TIMEOUT_S:.0f} s now. Send it again with the same "
                "Idempotency-Key to see what it came to."
            ) from error

    def _start(self) -> None:
        while len(self._groups) < GROUPS_AT_ONCE and (group := self._next()):
            for item, _ in group:
                self._busy.update(self._about(item))
            self._begin(self._groups, self._carry_out(group))

    def _begin(self, tasks: set[asyncio.Task[None]], work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        tasks.add(task)
        task.add_done_callback(partial(self._ended, tasks))

    def _ended(self, tasks: set[asyncio.Task[None]], task: "asyncio.Task[None]") -> None:
        tasks.discard(task)
        self._start()

    def _next(self) -> "list[_Waiting[T, R]]":
        """Take what may go now out of the queue."""
        group: list[_Waiting[T, R]] = []
        stay: list[_Waiting[T, R]] = []
        others = set(self._busy)
        for item, answer in self._waiting:
            if answer.done():  # nobody waits for it any more
                continue
            names = self._about(item)
            if len(group) < GROUP_SIZE and others.isdisjoint(names):
                group.append((item, answer))
            else:
                stay.append((item, answer))
                others.update(names)  # what came later about the same does not overtake it
        self._waiting = stay
        return group

    async def _carry_out(self, group: "Sequence[_Waiting[T, R]]") -> None:
        """Answer a group; what has to be tried alone keeps its names until it was."""
        replies: Sequence[R | None]
        try:
            replies = await self._run([item for item, _ in group])
            assert len(replies) == len(group), "one for each"
        except Exception as error:
            if len(group) == 1 or isinstance(error, Unavailable):
                for each in group:
                    self._finish(each, error)
                return
            log.exception("not_carried_out_together", items=len(group))
            replies = [None] * len(group)
        except asyncio.CancelledError:
            for _, answer in group:
                answer.cancel()
            raise
        for each, reply in zip(group, replies, strict=True):
            if reply is None:
                self._begin(self._lone, self._try_alone(each))
            else:
                self._finish(each, reply)

    async def _try_alone(self, waiting: "_Waiting[T, R]") -> None:
        try:
            self._finish(waiting, await self._alone(waiting[0]))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            self._finish(waiting, error)
        except asyncio.CancelledError:
            waiting[1].cancel()
            raise

    def _finish(self, waiting: "_Waiting[T, R]", outcome: R | Exception) -> None:
        item, answer = waiting
        for name in self._about(item):
            self._busy[name] -= 1
            if not self._busy[name]:
                del self._busy[name]
        if answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)
