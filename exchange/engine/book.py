"""
One instrument's order book: price, then time. Resting, trading and cancelling take no longer in a fuller book.

A price level is a doubly linked list of its orders, so a cancel unlinks without searching. A side has its levels by
price, and a heap of prices whose first is the best. A level whose last order leaves is forgotten at once; its price
stays in the heap, known as stale, until it comes up or until most of the heap is stale. So a book costs memory and time
by its levels alone: how far their prices lie apart does not matter.
"""

from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import Final, TypeAlias

from msgspec import Struct

from exchange.engine.accounts import OpenOrder
from exchange.engine.commands import BUY, PREVENT_BOTH, PREVENT_DECREMENT, PREVENT_TAKER, SELL

_STALE_PRICES: Final = 64
"""Stale prices in a heap that are never worth a clean-up."""


class Level(Struct, eq=False, gc=False):
    """
    All orders at one price of one side, oldest first, and how many tonnes of them are open. Never empty.

    A struct for the same reasons as its orders.
    """

    side: "Side"
    price: int
    head: OpenOrder
    tail: OpenOrder
    total: int

    def orders(self) -> Iterator[OpenOrder]:
        """Its orders, oldest first."""
        order: OpenOrder | None = self.head
        while order is not None:
            yield order
            order = order.next

    def remove(self, order: OpenOrder) -> None:
        """Unlink an order from anywhere in the queue. What *order* itself links to is left: it is on its way out."""
        prev, after = order.prev, order.next
        self.total -= order.open
        if prev is not None:
            prev.next = after
            if after is not None:
                after.prev = prev
            else:
                self.tail = prev
        elif after is not None:
            after.prev = None
            self.head = after
        else:
            self.side.drop(self)


Fill: TypeAlias = tuple[OpenOrder, int, bool]
"""The resting order, how many tonnes of it, and whether they were traded (else self-trade prevention took them out)."""


class Side:
    """
    One side of a book: bids, whose best price is the highest, or asks, whose best is the lowest.

    The heap has prices as *ranks*, the best first: those of bids are negative. It has each price of *levels* once, and
    each stale one.
    """

    __slots__ = ("_ranks", "_sign", "_stale", "best", "levels")

    def __init__(self, side: int) -> None:
        self._sign = -1 if side == BUY else 1
        self._ranks: list[int] = []
        self._stale: set[int] = set()
        self.levels: dict[int, Level] = {}
        self.best: Level | None = None

    def rest(self, order: OpenOrder) -> None:
        """Put an order that is linked to nothing at the end of its level's queue."""
        level = self.levels.get(order.price)
        if level is None:
            order.queue = self._new_level(order)
            return
        tail = level.tail
        tail.next = order
        order.prev = tail
        level.tail = order
        level.total += order.open
        order.queue = level

    def _new_level(self, order: OpenOrder) -> Level:
        level = self.levels[order.price] = Level(self, order.price, order, order, order.open)
        rank = order.price * self._sign
        if rank in self._stale:  # it was worse than the best when it became stale, and it is now
            self._stale.remove(rank)
        else:
            heappush(self._ranks, rank)
            if self._ranks[0] == rank:
                self.best = level
        return level

    def drop(self, level: Level) -> None:
        """The last order of *level* has left."""
        levels, ranks, stale = self.levels, self._ranks, self._stale
        del levels[level.price], level.head, level.tail  # orders that left still link to their level
        if level is self.best:
            heappop(ranks)
            while ranks and ranks[0] in stale:
                stale.remove(heappop(ranks))
            self.best = levels[ranks[0] * self._sign] if ranks else None
            return
        stale.add(level.price * self._sign)
        if len(stale) > len(levels) + _STALE_PRICES:
            ranks[:] = [price * self._sign for price in levels]
            heapify(ranks)
            stale.clear()

    def from_best(self) -> Iterator[Level]:
        """Every level, the best first. Sorts them: for those who want the whole side."""
        return (self.levels[price] for price in sorted(self.levels, reverse=self._sign < 0))

    def offered(self, limit: int, enough: int) -> int:
        """Count the tonnes at prices of *limit* or better, until they are *enough*. Looks at no level beyond."""
        ranks, levels, sign, worst = self._ranks, self.levels, self._sign, limit * self._sign
        end, found, ahead = len(ranks), 0, [0]
        while ahead and found < enough:
            at = ahead.pop()
            if at < end and (rank := ranks[at]) <= worst:
                level = levels.get(rank * sign)
                if level is not None:
                    found += level.total
                ahead += (2 * at + 1, 2 * at + 2)  # what stands below it in the heap is no better
        return found


class OrderBook:
    """Bids and asks of one instrument."""

    __slots__ = ("asks", "bids")

    def __init__(self) -> None:
        self.bids = Side(BUY)
        self.asks = Side(SELL)

    def side(self, side: int) -> Side:
        """Return the side on which an order of *side* rests."""
        return self.asks if side else self.bids

    def crosses(self, side: int, price: int) -> bool:
        """Return whether an order would meet at least one on the other side."""
        if side:
            best = self.bids.best
            return best is not None and best.price >= price
        best = self.asks.best
        return best is not None and best.price <= price

    def match(self, taker: OpenOrder) -> tuple[list[Fill], bool]:
        """
        Trade *taker* against the other side, at the resting orders' prices, while prices meet.

        Returns what was met, and whether self-trade prevention stopped the taker. Open quantities are reduced here;
        orders that are used up have left the book.
        """
        fills: list[Fill] = []
        selling = taker.side
        side = self.bids if selling else self.asks
        limit, wanted, group = taker.price, taker.open, taker.group
        stopped = False
        level = side.best
        while level is not None and wanted and (level.price >= limit if selling else level.price <= limit):
            maker: OpenOrder | None = level.head
            total = level.total
            while maker is not None and wanted:
                offered = maker.open
                if maker.group == group:
                    stopped, wanted = self._prevent(taker.prevention, maker, wanted, fills)
                    total += maker.open - offered
                    if maker.open:
                        break
                elif offered <= wanted:
                    wanted -= offered
                    total -= offered
                    maker.open = 0
                    fills.append((maker, offered, True))
                else:
                    maker.open = offered - wanted
                    total -= wanted
                    fills.append((maker, wanted, True))
                    wanted = 0
                    break
                after = maker.next
                maker.next = None  # it has left: two that linked each other would stay in memory for ever
                maker = after
                if stopped:
                    break
            if maker is None:
                side.drop(level)
            else:
                level.total = total
                if maker is not level.head:
                    level.head = maker
                    maker.prev = None
            if stopped:
                break
            level = side.best
        taker.open = wanted
        return fills, stopped

    @staticmethod
    def _prevent(prevention: int, maker: OpenOrder, wanted: int, fills: list[Fill]) -> tuple[bool, int]:
        """Two orders of one beneficial owner meet. Returns whether the taker stops, and what it still wants."""
        if prevention == PREVENT_TAKER:
            return True, wanted
        out = min(maker.open, wanted) if prevention == PREVENT_DECREMENT else maker.open
        maker.open -= out
        fills.append((maker, out, False))
        return prevention == PREVENT_BOTH, wanted - out if prevention == PREVENT_DECREMENT else wanted
