"""
One instrument's order book: price, then time. Every operation is O(1) in the number of resting orders.

A price level is a doubly linked list of its orders, so a cancel unlinks without searching. Which levels have orders
stands in one byte for each tick; when the best level empties, the next is found by a search through bytes at the speed
of C. Levels stay in their table once a price was used: the band bounds how many there can be.
"""

from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct

from exchange.engine.accounts import Balance, TradingAccount
from exchange.engine.commands import BUY, GTC, PREVENT_BOTH, PREVENT_DECREMENT, PREVENT_MAKER, PREVENT_TAKER


class OpenOrder(Struct, eq=False, gc=False):
    """
    An order with *open* of its *quantity* left; *level* is none unless it rests in the book.

    *group*, *cash* and *tonnes* are its account's; *life* is `LISTED` for a listing. A struct, because building one
    costs a quarter of what a class with slots does. Out of the collector's sight: an order that leaves the book is
    linked to nothing any more.
    """

    id: int
    account: TradingAccount
    group: int
    cash: Balance
    tonnes: Balance
    instrument: int
    side: int
    price: int
    quantity: int
    open: int
    life: int = GTC
    prevention: int = PREVENT_TAKER
    level: "Level | None" = None
    prev: "OpenOrder | None" = None
    next: "OpenOrder | None" = None


class Level:
    """All orders at one price of one side, oldest first."""

    __slots__ = ("head", "index", "price", "side", "tail")

    def __init__(self, side: "Side", price: int, index: int) -> None:
        self.side = side
        self.price = price
        self.index = index
        self.head: OpenOrder | None = None
        self.tail: OpenOrder | None = None


Fill: TypeAlias = tuple[OpenOrder, int, bool]
"""The resting order, how many tonnes of it, and whether they were traded (else self-trade prevention took them out)."""


class Side:
    """One side of a book: bids, whose best price is the highest, or asks, whose best is the lowest."""

    __slots__ = ("_bids", "_occupied", "_tick", "best", "levels")

    def __init__(self, side: int, tick: int) -> None:
        self._bids = side == BUY
        self._tick = tick
        self._occupied = bytearray()
        self.levels: dict[int, Level] = {}
        self.best: Level | None = None

    def rest(self, order: OpenOrder) -> None:
        """Put an order at the end of its level's queue."""
        price = order.price
        level = self.levels.get(price)
        if level is None:
            level = self.levels[price] = self._new_level(price)
        tail = level.tail
        if tail is None:
            level.head = order
            self._occupied[level.index] = 1
            best = self.best
            if best is None or (price > best.price if self._bids else price < best.price):
                self.best = level
        else:
            tail.next = order
            order.prev = tail
        level.tail = order
        order.level = level

    def _new_level(self, price: int) -> Level:
        index = price // self._tick
        missing = index + 1 - len(self._occupied)
        if missing > 0:
            self._occupied.extend(bytes(missing))
        return Level(self, price, index)

    def remove(self, order: OpenOrder) -> None:
        """Unlink a resting order from anywhere in its queue."""
        level = order.level
        assert level is not None, "only what rests is removed"
        prev, after = order.prev, order.next
        if prev is None:
            level.head = after
        else:
            prev.next = after
            order.prev = None
        if after is None:
            level.tail = prev
            if prev is None:
                self.emptied(level)
        else:
            after.prev = prev
            order.next = None
        order.level = None

    def emptied(self, level: Level) -> None:
        """The last order of *level* has left: look for the next best price."""
        index = level.index
        self._occupied[index] = 0
        if level is self.best:
            self.best = self._behind(index)

    def _behind(self, index: int) -> Level | None:
        """The next level with orders, from the best towards the worst, that comes after *index*."""
        occupied = self._occupied
        found = occupied.rfind(1, 0, index) if self._bids else occupied.find(1, index + 1)
        return self.levels[found * self._tick] if found >= 0 else None

    def from_best(self) -> Iterator[Level]:
        """Every level with orders, the best first."""
        level = self.best
        while level is not None:
            yield level
            level = self._behind(level.index)


class OrderBook:
    """Bids and asks of one instrument."""

    __slots__ = ("asks", "bids")

    def __init__(self, tick: int) -> None:
        self.bids = Side(0, tick)
        self.asks = Side(1, tick)

    def side(self, side: int) -> Side:
        """The side on which an order of *side* rests."""
        return self.asks if side else self.bids

    def crosses(self, side: int, price: int) -> bool:
        """Whether an order would meet at least one on the other side."""
        if side:
            best = self.bids.best
            return best is not None and best.price >= price
        best = self.asks.best
        return best is not None and best.price <= price

    def match(self, taker: OpenOrder) -> tuple[list[Fill], bool]:
        """
        Trade *taker* against the other side, at the resting orders' prices, while prices meet.

        Answers what was met, and whether self-trade prevention stopped the taker. Open quantities are reduced here;
        orders that are used up have left the book.
        """
        fills: list[Fill] = []
        selling = taker.side
        side = self.bids if selling else self.asks
        limit, wanted, group = taker.price, taker.open, taker.group
        stopped = False
        level = side.best
        while level is not None and wanted and (level.price >= limit if selling else level.price <= limit):
            maker = level.head
            while maker is not None and wanted:
                offered = maker.open
                if maker.group == group:
                    stopped, wanted = self._prevent(taker.prevention, maker, wanted, fills)
                    if maker.open:
                        break
                elif offered <= wanted:
                    wanted -= offered
                    maker.open = 0
                    fills.append((maker, offered, True))
                else:
                    maker.open = offered - wanted
                    fills.append((maker, wanted, True))
                    wanted = 0
                    break
                after = maker.next
                maker.level = maker.next = None
                maker = after
                if stopped:
                    break
            if maker is not level.head:
                level.head = maker
                if maker is None:
                    level.tail = None
                    side.emptied(level)
                else:
                    maker.prev = None
            if stopped:
                break
            level = side.best
        taker.open = wanted
        return fills, stopped

    @staticmethod
    def _prevent(prevention: int, maker: OpenOrder, wanted: int, fills: list[Fill]) -> tuple[bool, int]:
        """Two orders of one beneficial owner meet. Answers whether the taker stops, and what it still wants."""
        if prevention == PREVENT_TAKER:
            return True, wanted
        out = min(maker.open, wanted) if prevention == PREVENT_DECREMENT else maker.open
        maker.open -= out
        fills.append((maker, out, False))
        return prevention == PREVENT_BOTH, wanted - out if prevention == PREVENT_DECREMENT else wanted

    def can_fill(self, taker: OpenOrder) -> bool:
        """Whether all of *taker* would trade now; its owner's own orders do not count."""
        missing = taker.open
        for level in (self.bids if taker.side else self.asks).from_best():
            if level.price < taker.price if taker.side else level.price > taker.price:
                return False
            maker = level.head
            while maker is not None:
                if maker.group != taker.group:
                    missing -= maker.open
                    if missing <= 0:
                        return True
                elif taker.prevention != PREVENT_MAKER:
                    return False
                maker = maker.next
        return False
