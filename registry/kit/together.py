"""Work that waits at the same moment is carried out together: one transaction, one commit, for many requests."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Hashable, Sequence
from functools import partial
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")
R = TypeVar("R")
_Waiting: TypeAlias = "tuple[T, asyncio.Future[R]]"

GROUP_SIZE = 32
GROUPS_AT_ONCE = 2
"""While one waits for the database, the other is prepared."""


class Together(Generic[T, R]):
    """
    Groups what waits; nothing waits for a group to fill. One for each kind of work and process.

    *run* carries a group out and returns for each item its reply, or the exception that is raised for it; what *run*
    raises itself is raised for all. *apart* names what an item is about: no two that share a name are under way at the
    same time, and of these the first to come is the first to go. A caller that is cancelled while it waits leaves the
    queue; once its group is under way, the work is done all the same.
    """

    def __init__(
        self,
        run: Callable[[Sequence[T]], Awaitable[Sequence[R | Exception]]],
        apart: Callable[[T], Collection[Hashable]],
    ) -> None:
        self._run = run
        self._apart = apart
        self._waiting: list[_Waiting[T, R]] = []
        self._busy: set[Hashable] = set()
        self._groups: set[asyncio.Task[None]] = set()

    async def join(self, item: T) -> R:
        """Carry *item* out with whatever waits. Raises what *run* raised or returned for it."""
        answer: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, answer))
        self._start()
        return await answer

    def _start(self) -> None:
        while len(self._groups) < GROUPS_AT_ONCE and (group := self._next()):
            names = {name for item, _ in group for name in self._apart(item)}
            self._busy |= names
            task = asyncio.create_task(self._carry_out(group))
            self._groups.add(task)
            task.add_done_callback(partial(self._ended, names=names))

    def _ended(self, task: "asyncio.Task[None]", *, names: set[Hashable]) -> None:
        self._groups.discard(task)
        self._busy -= names
        self._start()

    def _next(self) -> "list[_Waiting[T, R]]":
        """Take what may go now out of the queue."""
        group: list[_Waiting[T, R]] = []
        stay: list[_Waiting[T, R]] = []
        names = set(self._busy)
        for item, answer in self._waiting:
            if answer.done():  # nobody waits for it any more
                continue
            about = self._apart(item)
            chosen = group if len(group) < GROUP_SIZE and names.isdisjoint(about) else stay
            chosen.append((item, answer))
            names.update(about)
        self._waiting = stay
        return group

    async def _carry_out(self, group: "Sequence[_Waiting[T, R]]") -> None:
        outcomes: Sequence[R | Exception]
        try:
            outcomes = await self._run([item for item, _ in group])
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            outcomes = [error] * len(group)
        except asyncio.CancelledError:
            for _, answer in group:
                answer.cancel()
            raise
        for (_, answer), outcome in zip(group, outcomes, strict=True):
            if answer.done():
                continue
            if isinstance(outcome, Exception):
                answer.set_exception(outcome)
            else:
                answer.set_result(outcome)
