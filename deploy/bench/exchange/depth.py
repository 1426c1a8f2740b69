"""
What the depth of a book costs: the time of a cancel, and the memory of an order.

A cancel does the same steps in any book. It is not flat all the same: orders of a small book lie in the processor's
caches, those of a large one in memory, and a cancel touches about eight scattered things: the dictionary's slot, its
key, the order, both neighbours, counts of references. So its time may grow eightfold while the book grows
ten-thousandfold; a cancel that searched its queue would grow with it. A dictionary's pop at each depth stands beside:
that is the same growth without a book. The cancelled numbers are drawn without looking
at the orders, which would fetch them into the caches.
"""

import gc
import random
import tracemalloc
from collections.abc import Callable
from statistics import median
from time import perf_counter_ns

from deploy.bench.exchange.contestants import FIRST_ACCOUNT, INSTRUMENT, opened
from deploy.bench.exchange.stream import ACCOUNTS
from deploy.bench.figures import Figure, at_most
from deploy.processes.garbage import as_served
from exchange.engine.accounts import OpenOrder, TradingAccount
from exchange.engine.book import OrderBook
from exchange.engine.commands import BUY, SELL
from exchange.engine.core import Engine
from exchange.engine.modes.continuous import Place

_FEWEST = 100
_MOST = 1_000_000
_PER_SECOND = 500_000
_BATCH = 25
_BATCHES = 400
_WANTED_TIMES = 8.0
_MIDDLE_FEN = 8_500
_LEVELS = 100
_QUANTITY_T = 10
_SEED = 20_250_106


class Deep:
    """A book of *orders* resting orders on a hundred prices a side, with its dictionary, as the core has it."""

    def __init__(self, orders: int) -> None:
        self.orders = orders
        self._book = OrderBook()
        self._live: dict[int, OpenOrder] = {}
        account = TradingAccount(1, 0)
        tonnes = account.balance(INSTRUMENT)
        for number in range(orders):
            side, price, quantity = resting(number)
            order = OpenOrder(number, account, 0, account.cash, tonnes, INSTRUMENT, side, price, quantity, quantity)
            self._book.side(side).rest(order)
            self._live[number] = order

    def cancel(self, numbers: list[int]) -> float:
        """Cancel these orders and, when the clock has stopped, put them back; returns the nanoseconds of each."""
        live = self._live
        gone = []
        begun = perf_counter_ns()
        for number in numbers:
            order = live.pop(number)
            assert order.queue is not None, "all of them rest"
            order.queue.remove(order)
            gone.append(order)
        taken = perf_counter_ns() - begun
        for order in gone:
            order.prev = order.next = None
            self._book.side(order.side).rest(order)
            live[order.id] = order
        return taken / len(numbers)

    def look_up(self, numbers: list[int]) -> float:
        """Take orders out of the dictionary alone, and put them back: what memory costs at this depth, by the order."""
        live = self._live
        begun = perf_counter_ns()
        gone = [live.pop(number) for number in numbers]
        taken = perf_counter_ns() - begun
        for order in gone:
            live[order.id] = order
        return taken / len(numbers)


def cancel(*, seconds: float, rounds: int) -> Figure:
    """Nanoseconds of a cancel in the deepest book, beside those in the shallowest; the depths take turns."""
    dice = random.Random(_SEED)  # noqa: S311 - the same for everybody is the point
    most = _most(seconds)
    books = [Deep(_FEWEST)]
    while 10 * books[-1].orders <= most:
        books.append(Deep(10 * books[-1].orders))
    batches = rounds * max(1, round(_BATCHES * min(1, seconds)))
    with as_served():
        taken = [[book.cancel(dice.sample(range(book.orders), _BATCH)) for book in books] for _ in range(batches)]
        looked = [[book.look_up(dice.sample(range(book.orders), _BATCH)) for book in books] for _ in range(batches)]
    lookups = [median(each) for each in zip(*looked, strict=True)]
    nanoseconds = [median(each) for each in zip(*taken, strict=True)]
    times = median(each[-1] / each[0] for each in taken)
    return Figure(
        name="cancel",
        what=f"one cancel among {books[-1].orders:,} resting orders",
        unit="ns",
        value=nanoseconds[-1],
        limit=nanoseconds[0],
        limit_what=f"one among {_FEWEST}",
        share=times,
        target=at_most(times, _WANTED_TIMES, f"≤ {_WANTED_TIMES:.0f} times; a search: {books[-1].orders // _FEWEST:,}"),
        rounds=rounds,
        notes={f"ns among {book.orders:,}": each for book, each in zip(books, nanoseconds, strict=True)}
        | {f"ns of a dictionary's pop among {each.orders:,}": ns for each, ns in zip(books, lookups, strict=True)},
    )


def memory(*, seconds: float, rounds: int) -> Figure:  # noqa: ARG001 - one count of bytes is like the next
    """Bytes that Python allocated for each resting order: in the whole core, beside the book and its dictionary."""
    orders = _most(seconds)
    alone = _allocated(lambda: Deep(orders)) / orders
    whole = _allocated(lambda: _core_with(orders)) / orders
    return Figure(
        name="memory",
        what=f"of each of {orders:,} resting orders in the whole core, {ACCOUNTS:,} accounts included",
        unit="bytes",
        value=whole,
        limit=alone,
        limit_what="the book and its dictionary",
        share=whole / alone,
        target=None,
        rounds=1,
    )


def _most(seconds: float) -> int:
    return min(_MOST, max(10 * _FEWEST, round(_PER_SECOND * seconds)))


def resting(number: int) -> tuple[int, int, int]:
    """Return side, price and quantity of an order that meets none of the others."""
    away = 1 + number // 2 % _LEVELS
    side = SELL if number % 2 else BUY
    return side, _MIDDLE_FEN + (away if side == SELL else -away), _QUANTITY_T


def _core_with(orders: int) -> Engine:
    engine = opened()
    for number in range(orders):
        side, price, quantity = resting(number)
        account, own = FIRST_ACCOUNT + number % ACCOUNTS, 1 + number // ACCOUNTS
        engine.apply(Place(account, INSTRUMENT, side, price, quantity, own))
    assert len(list(engine.market.open_orders())) == orders, "all of them rest"
    return engine


def _allocated(build: Callable[[], object]) -> int:
    """Bytes that are still held when *build* is done."""
    gc.collect()
    tracemalloc.start()
    try:
        built = build()
        held, _ = tracemalloc.get_traced_memory()
        del built
        return held
    finally:
        tracemalloc.stop()
