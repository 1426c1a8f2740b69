"""One reader of the market on a WebSocket: what it asks for, and a stream of each instrument that it watches."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from typing import Final

from exchange.market_data.live import LiveMarket, Told
from registry.kit.http import PROBLEM_TYPE
from registry.kit.problems import DomainError, Kind
from registry.kit.sockets import GOING_AWAY, SocketGone, Wire, close_code
from registry.port import Speaker
from schemas.market_data import (
    LeaveMarket,
    MarketEnded,
    MarketFrame,
    MarketPong,
    MarketRefused,
    PingMarket,
    WatchMarket,
)

CONNECTIONS: Final = 100
"""That one address may have open at a time in one process: a city hall is one address."""
WATCHED: Final = 50
"""Instruments on one connection."""
IDLE_S: Final = 60.0
"""A reader that says nothing for so long is taken for gone."""
TOO_SLOW: Final = 4408


class TooManyReaders(DomainError):
    """The address has as many connections open as it may, or the connection watches as much as it may."""

    kind, slug, title = Kind.LIMITED, "too-many-readers", "Too many readers"


class MarketSessions:
    """The readers of one process."""

    def __init__(self, live: LiveMarket) -> None:
        self.live = live
        self._by_address: Counter[str] = Counter()

    @contextlib.contextmanager
    def counted(self, address: str) -> Iterator[None]:
        """One more connection of an address. Raises `TooManyReaders`."""
        if self._by_address[address] >= CONNECTIONS:
            raise TooManyReaders(
                f"Your address has {self._by_address[address]} connections to the market open, and may have "
                f"{CONNECTIONS}. Watch more instruments on one: up to {WATCHED}."
            )
        self._by_address[address] += 1
        try:
            yield
        finally:
            self._by_address[address] -= 1
            if not self._by_address[address]:
                del self._by_address[address]


class MarketSession:
    """One connection. `run` is its life."""

    def __init__(self, wire: Wire[MarketFrame], speaker: Speaker, sessions: MarketSessions) -> None:
        self._wire = wire
        self._speaker = speaker
        self._sessions = sessions
        self._watching: dict[str, asyncio.Task[None]] = {}
        self._sending = asyncio.Lock()
        self._over = asyncio.Event()
        self._last: MarketEnded | None = None

    async def run(self) -> None:
        """Serve the reader until either end has enough."""
        try:
            with self._sessions.counted(self._speaker.address):
                await self._serve()
        except SocketGone:
            pass
        except DomainError as refusal:
            with contextlib.suppress(SocketGone):
                await self._refuse(refusal)
            await self._wire.close(close_code(refusal), refusal.title)
        finally:
            await self._leave_all()

    async def _serve(self) -> None:
        hearing = asyncio.create_task(self._hear())
        stopping = asyncio.create_task(self._sessions.live.closing.wait())
        ending = asyncio.create_task(self._over.wait())
        try:
            await asyncio.wait((hearing, stopping, ending), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (hearing, stopping, ending):
                each.cancel()
            await asyncio.gather(hearing, stopping, ending, return_exceptions=True)
        if stopping.done() and not stopping.cancelled():
            if self._watching:  # each says its last number
                await asyncio.wait(self._watching.values(), timeout=1)
            await self._wire.close(GOING_AWAY, "The service stops.")
        elif self._last is not None:
            await self._wire.close(TOO_SLOW, f"{self._last.instrument} {self._last.number}: {self._last.because}")
        elif not hearing.cancelled():
            hearing.result()

    async def _hear(self) -> None:
        while True:
            message = await self._wire.receive(within_s=IDLE_S)
            try:
                self._speaker.count_reads()
                await self._do(self._wire.read(message))
            except DomainError as refusal:
                await self._refuse(refusal)

    async def _do(self, said: MarketFrame) -> None:
        if isinstance(said, PingMarket):
            async with self._sending:
                await self._wire.send(MarketPong(watched=len(self._watching)))
        elif isinstance(said, LeaveMarket):
            await self._leave(said.instrument)
        else:
            await self._watch(said)

    async def _watch(self, said: WatchMarket) -> None:
        await self._leave(said.instrument)
        if len(self._watching) >= WATCHED:
            raise TooManyReaders(f"{len(self._watching)} instruments are watched here, and at most {WATCHED} may be.")
        messages = await self._sessions.live.watch(said.instrument, orders=said.orders)
        self._watching[said.instrument] = asyncio.create_task(self._pass_on(messages))

    async def _pass_on(self, messages: AsyncIterator[Told | None]) -> None:
        with contextlib.suppress(SocketGone):
            async with contextlib.aclosing(messages) as told:  # type: ignore[type-var]  # a generator
                async for each in told:
                    if each is None:
                        continue
                    async with self._sending:
                        await self._wire.send_written(each.msgpack if self._wire.binary else each.json)
                    if isinstance(each.message, MarketEnded) and each.message.because == "too-slow":
                        self._last = each.message
                        self._over.set()

    async def _leave(self, instrument: str) -> None:
        task = self._watching.pop(instrument, None)
        if task is not None:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _leave_all(self) -> None:
        for each in list(self._watching):
            await self._leave(each)

    async def _refuse(self, refusal: DomainError) -> None:
        async with self._sending:
            await self._wire.send(MarketRefused(type=PROBLEM_TYPE + refusal.slug, detail=refusal.detail))
