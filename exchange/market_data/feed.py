"""
The market as it changes: one reading of an instrument for everybody who watches it, at most ten times a second.

Each update is whole, so a slow reader misses nothing that counts: it gets the newest one when it is ready, and numbers
show it what it did not see. A stream ends when the service stops, or the stop would wait for it.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import msgspec
import structlog

from exchange.market_data import store
from exchange.parts import Exchange
from exchange.projections.store import Tradable
from registry.kit.pages import Window
from registry.kit.problems import DomainError, Unavailable
from schemas.market_data import MarketUpdate

PAUSE_S: Final = 0.1
"""The shortest time between two updates."""
STILL_S: Final = 15.0
"""A stream on which nothing happens says so, for proxies that close what is silent."""
WATCHERS: Final = 2000
"""Streams at a time in one process."""
NEWEST_TRADES: Final = 50
ELSEWHERE_S: Final = 1.0
"""How often the tables are looked at where another process writes them."""
log = structlog.get_logger()


class MarketFeed:
    """Updates of instruments for as long as somebody watches them. One for each process."""

    def __init__(self, exchange: Exchange, closing: asyncio.Event) -> None:
        """*closing* is set when the service stops: every stream ends, and none begins."""
        self._exchange = exchange
        self._closing = closing
        self._watched: dict[str, _Watched] = {}
        self._watchers = 0

    async def watch(self, code: str) -> AsyncIterator[bytes]:
        """
        Begin a stream of an instrument; each item is one message of `text/event-stream`.

        Raises `Unknown`, and `Unavailable` if too many watch already.
        """
        instrument = await self._exchange.instruments.by_code(code)
        if self._watchers >= WATCHERS or self._closing.is_set():
            raise Unavailable(f"{self._watchers} streams are open already. Try again in a minute.", retry_after_s=60)
        return self._messages(instrument)

    async def _messages(self, instrument: Tradable) -> AsyncIterator[bytes]:
        watched = self._watched.setdefault(instrument.code, _Watched(instrument))
        watched.watchers += 1
        self._watchers += 1
        if watched.task is None:
            watched.task = asyncio.create_task(self._follow(watched))
        try:
            seen = 0
            while not self._closing.is_set():
                if await watched.beyond(seen):
                    seen = watched.number
                    yield b"retry: 2000\nid: %d\nevent: market\ndata: %b\n\n" % (seen, watched.message)
                elif not self._closing.is_set():
                    yield b": still here\n\n"
        finally:
            watched.watchers -= 1
            self._watchers -= 1
            if not watched.watchers and watched.task is not None:
                watched.task.cancel()
                self._watched.pop(instrument.code, None)

    async def _follow(self, watched: "_Watched") -> None:
        """Read the instrument again whenever the tables moved; while it cannot be read, the last update stands."""

        async def read() -> int:
            update = await self._read(watched)
            await watched.put(update)
            return update.sequence

        try:
            await read_whenever_moved(self._exchange, self._closing, read, watched.instrument.code)
        finally:
            await watched.wake()

    async def _read(self, watched: "_Watched") -> MarketUpdate:
        instrument = watched.instrument
        async with self._exchange.db.snapshot() as tx:
            book = await store.book(tx, instrument)
            trades = await store.trades(tx, Window(None, NEWEST_TRADES + 1), instrument, newest_first=True)
            state = await store.book_state(tx, instrument)
        earlier = trades.items[NEWEST_TRADES:]
        return MarketUpdate(
            number=watched.number + 1,
            sequence=book.sequence,
            book=book,
            trades=trades.items[:NEWEST_TRADES],
            earlier_trade_id=earlier[0].id if earlier else None,
            open=state.open,
            phase=state.phase,
        )


async def read_whenever_moved(
    exchange: Exchange, closing: asyncio.Event, read: Callable[[], Awaitable[int]], code: str
) -> None:
    """
    *read* an instrument until *closing* is set: now, and whenever the tables moved, at most ten times a second.

    It answers the sequence that it saw. While it cannot be read, what was seen last stands.
    """
    ending = asyncio.create_task(closing.wait())
    sequence = -1
    try:
        while not ending.done():
            try:
                sequence = await read()
            except (DomainError, OSError) as error:
                log.warning("market_unread", instrument=code, reason=str(error))
            moved = asyncio.create_task(exchange.projector.moves(sequence, within_s=ELSEWHERE_S))
            await asyncio.wait((moved, ending), return_when=asyncio.FIRST_COMPLETED)
            moved.cancel()
            await asyncio.sleep(PAUSE_S)
    finally:
        ending.cancel()


class _Watched:
    """One instrument that is watched: its newest update, for all who watch it."""

    def __init__(self, instrument: Tradable) -> None:
        self.instrument = instrument
        self.watchers = 0
        self.task: asyncio.Task[None] | None = None
        self.number = 0
        self.message = b""
        self._shown: MarketUpdate | None = None
        self._moved = asyncio.Condition()

    async def put(self, update: MarketUpdate) -> None:
        """Show an update, if it says something new."""
        same = msgspec.structs.replace(
            update, number=0, sequence=0, book=msgspec.structs.replace(update.book, sequence=0)
        )
        if same == self._shown:
            return
        async with self._moved:
            self._shown, self.number, self.message = same, update.number, msgspec.json.encode(update)
            self._moved.notify_all()

    async def beyond(self, seen: int) -> bool:
        """Wait for an update after the one numbered *seen*; False if there was none for a while."""
        if self.number <= seen:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(STILL_S), self._moved:
                    await self._moved.wait()
        return self.number > seen

    async def wake(self) -> None:
        """Let everybody who waits look again."""
        async with self._moved:
            self._moved.notify_all()
