"""What an account has on the exchange: money and tonnes, each in four parts, and its open orders."""

from collections.abc import Iterable
from typing import Final, Protocol

from msgspec import Struct

from exchange.engine.commands import GTC, PREVENT_TAKER
from schemas.scalars import FIRST_CLIENT_ORDER_ID_LIMIT, MAX_INT

WINDOW: Final = 1_024
"""Numbers of an account, from its highest downwards, of which each may still be used, once. A power of two."""
JUMP: Final = 2**32
"""How far beyond its highest number an account may go at once, so that no mistake uses all numbers up."""


class Balance:
    """
    One account's money, in fen, or its tonnes of one instrument.

    *settled* is free: only it may be locked, used or withdrawn. *locked* is behind open orders. *outgoing* was sold or
    paid and waits for delivery; *incoming* will be settled then. What the registry or the bank owes the account here is
    settled + locked + outgoing.
    """

    __slots__ = ("incoming", "locked", "outgoing", "settled")

    def __init__(self, settled: int = 0, locked: int = 0, incoming: int = 0, outgoing: int = 0) -> None:
        self.settled = settled
        self.locked = locked
        self.incoming = incoming
        self.outgoing = outgoing


class Queue(Protocol):
    """Where an open order waits: a level of a book, or what a mode has of its own."""

    def remove(self, order: "OpenOrder") -> None:
        """Take one of its orders out."""


class OpenOrder(Struct, eq=False, gc=False):
    """
    An order with *open* of its *quantity* left. *queue* is where it waits, None if it does not.

    *group*, *cash* and *tonnes* are its account's; *life* is `LISTED` for a listing; *sold_for* is what its trades
    amount to so far, from which a seller's fee is taken. A struct, because building one costs a quarter of what a
    class with slots does. Out of the collector's sight: nothing that stands in a market links
    to an order that has left it.
    """

    id: int
    account: "TradingAccount"
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
    sold_for: int = 0
    queue: Queue | None = None
    prev: "OpenOrder | None" = None
    next: "OpenOrder | None" = None


class TradingAccount:
    """
    An account of the registry, as the exchange knows it. *group* is its beneficial owner.

    *orders* has everything that it has open, of any mode, by number. *last_client_order_id* is the highest that it has
    used; *taken* has those of the window behind it that are used, each at its remainder by `WINDOW`: what is left of
    an older one there is another number, and does not count.
    """

    __slots__ = ("cash", "frozen", "group", "id", "last_client_order_id", "orders", "taken", "tonnes")

    def __init__(self, account_id: int, group: int) -> None:
        self.id = account_id
        self.group = group
        self.cash = Balance()
        self.tonnes: dict[int, Balance] = {}
        self.last_client_order_id = 0
        self.taken: dict[int, int] = {}
        self.frozen = False
        self.orders: dict[int, OpenOrder] = {}

    @property
    def highest_allowed(self) -> int:
        """The highest client_order_id that the next command may have."""
        last = self.last_client_order_id
        return min(last + JUMP, MAX_INT) if last else FIRST_CLIENT_ORDER_ID_LIMIT

    def take(self, client_order_id: int) -> bool:
        """Use a number up, if it may be used: not before, not behind the window, and not too far ahead."""
        last = self.last_client_order_id
        if client_order_id > last:
            if client_order_id > self.highest_allowed:
                return False
            self.last_client_order_id = client_order_id
        elif client_order_id <= max(0, last - WINDOW) or self.taken.get(client_order_id % WINDOW) == client_order_id:
            return False
        self.taken[client_order_id % WINDOW] = client_order_id
        return True

    def number_from(self, highest: int, used: Iterable[int]) -> None:
        """Go on from *highest*, with the numbers of the window that are *used*."""
        self.last_client_order_id = highest
        self.taken = {number % WINDOW: number for number in used}

    def window(self) -> range:
        """The numbers behind the highest, that one included, which are used or can still be."""
        return range(max(1, self.last_client_order_id - WINDOW + 1), self.last_client_order_id + 1)

    def balance(self, instrument: int) -> Balance:
        """Return the account's tonnes of one instrument."""
        found = self.tonnes.get(instrument)
        if found is None:
            found = self.tonnes[instrument] = Balance()
        return found
