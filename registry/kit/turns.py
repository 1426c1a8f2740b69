"""How many of each name may be under way at a time; the others of that name wait, and keep nobody else waiting."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager


class Turns:
    """Turns by name. The name None stands for nobody and never waits."""

    def __init__(self) -> None:
        self._held: Counter[Hashable] = Counter()
        self._waiting: dict[Hashable, deque[asyncio.Future[None]]] = {}

    def __contains__(self, name: Hashable) -> bool:
        """Whether *name* has a turn now."""
        return name in self._held

    @asynccontextmanager
    async def turn(self, name: Hashable, limit: Callable[[], int]) -> AsyncIterator[None]:
        """Wait until fewer than *limit* of *name* are under way; it is asked each time, and may change meanwhile."""
        if name is None:
            yield
            return
        while self._held[name] >= limit():
            await self._woken(name)
        self._held[name] += 1
        try:
            if self._held[name] < limit():  # it has grown: there is room for another one that waits
                self._wake(name)
            yield
        finally:
            self._held[name] -= 1
            if not self._held[name]:
                del self._held[name]
            self._wake(name)

    async def _woken(self, name: Hashable) -> None:
        waiting = self._waiting.setdefault(name, deque())
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting.append(woken)
        try:
            await woken
        except asyncio.CancelledError:
            if woken.done() and not woken.cancelled():  # it was woken and will not go: somebody else may
                self._wake(name)
            raise

    def _wake(self, name: Hashable) -> None:
        waiting = self._waiting.get(name)
        while waiting:
            first = waiting.popleft()
            if not first.done():
                first.set_result(None)
                break
        if not waiting:
            self._waiting.pop(name, None)
