"""
The market change by change: a snapshot to begin with, then what is new, numbered, for programs that keep a book.

Everything is read from the tables, and so from committed batches only, by the same rhythm as the pages' whole updates
(`feed`). A change is made once for all who read it. Each reader has a line of its own of at most `LINE` changes: one
that is too slow for that gets an error and is disconnected; the others do not notice. A reader that comes back within
`KEPT` changes goes on where it was.
"""

import asyncio
import functools
import secrets
from collections import deque
from collections.abc import AsyncIterator
from typing import Final, Literal, NamedTuple

import msgspec
import structlog

from exchange.market_data import rules, store
from exchange.market_data.feed import STILL_S, read_whenever_moved
from exchange.market_data.store import BookState
from exchange.parts import Exchange
from exchange.projections.store import Tradable
from registry.kit.problems import Unavailable
from schemas.market_data import Book, BookOrder, MarketChange, MarketEnded, MarketSnapshot, Trade

LINE: Final = 256
"""Changes that may wait for one reader: half a minute of the busiest market."""
KEPT: Final = 512
"""Changes that are kept for readers that come back."""
READERS: Final = 2000
"""Readers at a time in one process."""
_ENDED: Final = {
    "too-slow": "More than {line} changes waited for this reader, up to number {number}. Read faster, and begin again "
    "with a snapshot.",
    "stopping": "The service stops; number {number} was the last. Connect again in a moment.",
    "failed": "The market cannot be read right now; number {number} was the last. Connect again in a moment.",
}
log = structlog.get_logger()


class Told:
    """One message for many readers: encoded once in each form."""

    def __init__(self, message: MarketSnapshot | MarketChange | MarketEnded) -> None:
        self.message = message

    @functools.cached_property
    def json(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self.message)

    @functools.cached_property
    def msgpack(self) -> bytes:
        """As MessagePack."""
        return msgspec.msgpack.encode(self.message)

    @property
    def mark(self) -> str:
        """What a reader names to go on after this message."""
        return f"{self.message.stream}.{self.message.number}"


class _View(NamedTuple):
    """What was read of an instrument at one moment."""

    book: Book
    orders: tuple[BookOrder, ...] | None
    state: BookState
    last_trade_id: int


class LiveMarket:
    """Instruments for as long as somebody reads them. One for each process; *closing* ends every stream."""

    def __init__(self, exchange: Exchange, closing: asyncio.Event) -> None:
        self._exchange = exchange
        self.closing = closing
        self._live: dict[tuple[str, bool], _LiveBook] = {}
        self.readers = 0

    async def watch(self, code: str, *, orders: bool, after: str = "") -> AsyncIterator[Told | None]:
        """
        Begin a stream; None says that nothing happened for a while.

        *after* is the mark of the last message that a reader has: it gets what came since, if that is still there, and
        else a snapshot. Raises `Unknown`, and `Unavailable` if too many read already.
        """
        instrument = await self._exchange.instruments.by_code(code)
        if self.readers >= READERS or self.closing.is_set():
            raise Unavailable(f"{self.readers} readers are there already. Try again in a minute.", retry_after_s=60)
        return self._messages(instrument, after, orders=orders)

    def _why(self) -> Literal["stopping", "failed"]:
        return "stopping" if self.closing.is_set() else "failed"

    async def _messages(self, instrument: Tradable, after: str, *, orders: bool) -> AsyncIterator[Told | None]:
        key = (instrument.code, orders)
        live = self._live.get(key)
        if live is None or live.is_over:
            live = self._live[key] = _LiveBook(self._exchange, instrument, orders=orders)
            live.task = asyncio.create_task(live.follow(self.closing))
        reader = _Reader()
        self.readers += 1
        try:
            await live.join(reader, after)
            while True:
                if reader.line:
                    yield reader.line.popleft()
                elif reader.is_behind or live.is_over:
                    yield Told(live.ended("too-slow" if reader.is_behind else self._why()))
                    return
                elif not await reader.waits():
                    yield None
        finally:
            self.readers -= 1
            live.readers.discard(reader)
            if not live.readers:
                if self._live.get(key) is live:
                    del self._live[key]
                if live.task is not None:
                    live.task.cancel()


class _Reader:
    """One who reads: what waits for them. *is_behind*: it was too much, and is forgotten."""

    def __init__(self) -> None:
        self.line: deque[Told] = deque()
        self.is_behind = False
        self._arrived = asyncio.Event()

    def put(self, told: Told) -> None:
        """One message more."""
        if len(self.line) >= LINE:
            self.line.clear()
            self.is_behind = True
        if not self.is_behind:
            self.line.append(told)
        self._arrived.set()

    def wake(self) -> None:
        """Look whether it is over."""
        self._arrived.set()

    async def waits(self) -> bool:
        """Wait for something; False if nothing came for a while."""
        self._arrived.clear()
        try:
            async with asyncio.timeout(STILL_S):
                await self._arrived.wait()
        except TimeoutError:
            return False
        return True


class _LiveBook:
    """One instrument, by price or by order, with all who read it."""

    def __init__(self, exchange: Exchange, instrument: Tradable, *, orders: bool) -> None:
        self._exchange = exchange
        self._instrument = instrument
        self._with_orders = orders
        self._stream = secrets.token_hex(4)
        self._number = 0
        self._view: _View | None = None
        self._seen = asyncio.Event()
        self._kept: deque[Told] = deque(maxlen=KEPT)
        self.readers: set[_Reader] = set()
        self.task: asyncio.Task[None] | None = None
        self.is_over = False

    async def join(self, reader: _Reader, after: str) -> None:
        """Give a reader what it begins with; from then on it gets every change."""
        self.readers.add(reader)  # before anything is waited for, so that nobody ends what this one joins
        if self._view is None:
            await self._seen.wait()
        if self._view is None:  # it is over before anything was read
            return
        reader.line.clear()  # it begins with what stands now, and has no use for what came before
        missed = self._since(after)
        if missed is None:
            reader.put(Told(self._snapshot(self._view)))
        else:
            for each in missed:
                reader.put(each)

    def _since(self, mark: str) -> list[Told] | None:
        """What came after a mark; None where that cannot be said any more, or is more than a line takes."""
        stream, _, number = mark.partition(".")
        if stream != self._stream or not number.isdecimal():
            return None
        seen = int(number)
        found = [each for each in self._kept if each.message.number > seen]
        return found if seen + len(found) == self._number and len(found) <= LINE else None

    def _snapshot(self, view: _View) -> MarketSnapshot:
        return MarketSnapshot(
            instrument=self._instrument.code,
            stream=self._stream,
            number=self._number,
            sequence=view.book.sequence,
            open=view.state.open,
            phase=view.state.phase,
            delisted_on=view.state.delisted_on,
            bids=view.book.bids,
            asks=view.book.asks,
            orders=view.orders,
            last_trade_id=view.last_trade_id,
        )

    def ended(self, because: Literal["stopping", "too-slow", "failed"]) -> MarketEnded:
        """The last words to a reader."""
        return MarketEnded(
            instrument=self._instrument.code,
            stream=self._stream,
            number=self._number,
            because=because,
            detail=_ENDED[because].format(line=LINE, number=self._number),
        )

    async def follow(self, closing: asyncio.Event) -> None:
        """Read until the service stops, or nobody reads any more."""
        try:
            await read_whenever_moved(self._exchange, closing, self._read, self._instrument.code)
        except Exception:
            log.exception("market_stream_failed", instrument=self._instrument.code)
        finally:
            self.is_over = True
            self._seen.set()
            for each in self.readers:
                each.wake()

    async def _read(self) -> int:
        before = self._view
        async with self._exchange.db.snapshot() as tx:
            book = await store.book(tx, self._instrument)
            orders = await store.orders(tx, self._instrument) if self._with_orders else None
            state = await store.book_state(tx, self._instrument)
            trades: tuple[Trade, ...] = ()
            if before is None:
                last = await store.last_trade_id(tx, self._instrument)
            else:
                trades = await store.trades_after(tx, self._instrument, before.last_trade_id)
                last = trades[-1].id if trades else before.last_trade_id
        self._view = _View(book, orders, state, last)
        if before is not None:
            self._tell(before, self._view, trades)
        self._seen.set()
        return book.sequence

    def _tell(self, before: _View, now: _View, trades: tuple[Trade, ...]) -> None:
        levels = (
            *rules.changed_levels("buy", before.book.bids, now.book.bids),
            *rules.changed_levels("sell", before.book.asks, now.book.asks),
        )
        orders = rules.changed_orders(before.orders or (), now.orders or ())
        if not (levels or orders or trades or before.state != now.state):
            return
        self._number += 1
        told = Told(
            MarketChange(
                instrument=self._instrument.code,
                stream=self._stream,
                number=self._number,
                sequence=now.book.sequence,
                open=now.state.open,
                phase=now.state.phase,
                delisted_on=now.state.delisted_on,
                levels=levels,
                orders=orders,
                trades=trades,
            )
        )
        self._kept.append(told)
        for each in self.readers:
            each.put(told)
