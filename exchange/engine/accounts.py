"""What an account has on the exchange: money and tonnes, each in four parts, and its open orders."""

from typing import Protocol

from msgspec import Struct

from exchange.engine.commands import GTC, PREVENT_TAKER


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

    *group*, *cash* and *tonnes* are its account's; *life* is `LISTED` for a listing. A struct, because building one
    costs a quarter of what a class with slots does. Out of the collector's sight: nothing that stands in a market links
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
    queue: Queue | None = None
    prev: "OpenOrder | None" = None
    next: "OpenOrder | None" = None


class TradingAccount:
    """
    An account of the registry, as the exchange knows it. *group* is its beneficial owner.

    *orders* has everything that it has open, of any mode, by number.
    """

    __slots__ = ("cash", "frozen", "group", "id", "last_client_order_id", "orders", "tonnes")

    def __init__(self, account_id: int, group: int) -> None:
        self.id = account_id
        self.group = group
        self.cash = Balance()
        self.tonnes: dict[int, Balance] = {}
        self.last_client_order_id = 0
        self.frozen = False
        self.orders: dict[int, OpenOrder] = {}

    def balance(self, instrument: int) -> Balance:
        """Return the account's tonnes of one instrument."""
        found = self.tonnes.get(instrument)
        if found is None:
            found = self.tonnes[instrument] = Balance()
        return found
