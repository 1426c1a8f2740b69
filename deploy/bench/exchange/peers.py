"""
Other books in Python, on the same stream.

What was done to be fair: everybody gets the same integers, in the same tuples, and builds its own order of them in the
timed part, which is what an arriving order costs. pyorderbook's order is dear (a UUID, a Decimal of a text), but its
caller builds it; so there is a second pair, pyorderbook and our book, with all orders of both built beforehand. A
cancel is the peer's own call. A late cancel would crash both, so the peer's own order is asked first whether anything
of it is left: that costs it one comparison, and the cancel counts as carried out. Peers run under the same settings of
the collector. What they traded is added up afterwards; our book adds it up as it goes.
"""

import logging
from importlib import import_module, metadata
from importlib.util import find_spec
from time import perf_counter
from typing import Any, ClassVar, Final, Protocol

from deploy.bench.exchange.contestants import Contestant
from deploy.bench.exchange.stream import CANCEL, Slices

_SYMBOL = "bench"


class Peer(Contestant, Protocol):
    """An engine of somebody else's; construction imports it."""

    package: ClassVar[str]

    def __init__(self, slices: Slices) -> None:
        """Prepare to be given *slices*."""

    def traded_t(self) -> int:
        """How much was traded so far, by the peer's own orders."""


class LightMatchingEngine:
    """A dictionary of lists: the best price is the least of all keys, a cancel searches the list of its price."""

    package: ClassVar[str] = "lightmatchingengine"

    def __init__(self, slices: Slices) -> None:
        module = import_module("lightmatchingengine.lightmatchingengine")
        self._sides = (module.Side.BUY, module.Side.SELL)
        self._engine = module.LightMatchingEngine()
        self._orders: dict[int, Any] = {}
        self._slices = slices

    def run(self, index: int) -> float:
        """Carry one slice out."""
        place, cancel = self._engine.add_order, self._engine.cancel_order
        orders, sides, operations = self._orders, self._sides, self._slices[index]
        begun = perf_counter()
        for number, kind, price, quantity, _ in operations:
            if kind != CANCEL:
                orders[number], _ = place(_SYMBOL, price, quantity, sides[kind])
            elif (order := orders[number]).leaves_qty:
                cancel(order.order_id, _SYMBOL)
        return perf_counter() - begun

    def traded_t(self) -> int:
        """Each trade is counted at both its orders."""
        filled: int = sum(order.cum_qty for order in self._orders.values())
        return filled // 2


class PyOrderBook:
    """A heap of prices, each with a dictionary of orders."""

    package: ClassVar[str] = "pyorderbook"

    def __init__(self, slices: Slices) -> None:
        module = _imported_without_its_log("pyorderbook")
        self._sides = (module.Side.BID, module.Side.ASK)
        self._order = module.Order
        self._book = module.Book()
        self._orders: dict[int, Any] = {}
        self._slices = slices

    def run(self, index: int) -> float:
        """Carry one slice out."""
        build, match, cancel = self._order, self._book.match, self._book.cancel
        orders, sides, operations = self._orders, self._sides, self._slices[index]
        begun = perf_counter()
        for number, kind, price, quantity, _ in operations:
            if kind != CANCEL:
                order = orders[number] = build(sides[kind], _SYMBOL, price, quantity)
                match(order)
            elif (order := orders[number]).quantity:
                cancel(order)
        return perf_counter() - begun

    def traded_t(self) -> int:
        """Each trade is counted at both its orders."""
        filled: int = sum(order.original_quantity - order.quantity for order in self._orders.values())
        return filled // 2


class PyOrderBookPrepared(PyOrderBook):
    """The same with orders that are built before the clock runs."""

    def __init__(self, slices: Slices) -> None:
        super().__init__(slices)
        for operations in slices:
            for number, kind, price, quantity, _ in operations:
                if kind != CANCEL:
                    self._orders[number] = self._order(self._sides[kind], _SYMBOL, price, quantity)
        self._prepared = [
            [(kind, self._orders[number]) for number, kind, _, _, _ in operations] for operations in slices
        ]

    def run(self, index: int) -> float:
        """Carry one slice out."""
        match, cancel, operations = self._book.match, self._book.cancel, self._prepared[index]
        begun = perf_counter()
        for kind, order in operations:
            if kind != CANCEL:
                match(order)
            elif order.quantity:
                cancel(order)
        return perf_counter() - begun


PEERS: Final[tuple[type[Peer], ...]] = (LightMatchingEngine, PyOrderBook)


def installed() -> tuple[list[type[Peer]], list[str]]:
    """The peers that can be imported, and the package names of those that cannot."""
    there = [peer for peer in PEERS if find_spec(peer.package)]
    return there, [peer.package for peer in PEERS if peer not in there]


def called(peer: type[Peer]) -> str:
    """Name and version."""
    return f"{peer.package} {metadata.version(peer.package)}"


def _imported_without_its_log(name: str) -> Any:  # noqa: ANN401 - a module
    """Import a package that configures everybody's logging when it is imported, and undo that."""
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    try:
        return import_module(name)
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers
