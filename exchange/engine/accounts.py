"""What an account has on the exchange: money and tonnes, each in four parts, and its open orders."""

from typing import Final, Protocol

from msgspec import Struct

from exchange.engine.commands import GTC, PREVENT_TAKER
from schemas.scalars import FIRST_CLIENT_ORDER_ID_LIMIT, MAX_INT

WINDOW: Final = 1_024
"""Numbers of an account, from its highest downwards, of which each may still be used, once."""
_GAPS: Final = 64
"""So many gaps are kept before those behind the window are looked for; there it has 512 at most."""
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

    *group*, *cash* and *tonnes* are its account's; *life* is `LISTED` for a listing; *fee_rest* is what the seller's
    fee was rounded down by so far, in ten-thousandths of a fen. *parts* has what a sell order in a basket has
    locked, by asset (`exchange.engine.parts`), and is None of any other. A struct, because building one costs a quarter
    of what a class with slots does. Out of the collector's sight: nothing that stands in a market links to an order
    that has left it.
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
    fee_rest: int = 0
    queue: Queue | None = None
    prev: "OpenOrder | None" = None
    next: "OpenOrder | None" = None
    parts: dict[int, int] | None = None


class TradingAccount:
    """
    An account of the registry, as the exchange knows it. *group* is its beneficial owner.

    *role* is what that owner is (`exchange.engine.venue`). *orders* has everything that the account has open, of any
    mode, by number. *last_client_order_id* is the highest that it has used; *gaps* are the free numbers behind it, in
    their order. Those behind the window count as used; they are forgotten now and then.
    """

    __slots__ = ("cash", "frozen", "gaps", "group", "id", "last_client_order_id", "orders", "role", "tonnes")

    def __init__(self, account_id: int, group: int) -> None:
        self.id = account_id
        self.group = group
        self.role = 0
        self.cash = Balance()
        self.tonnes: dict[int, Balance] = {}
        self.last_client_order_id = 0
        self.gaps: list[range] = []
        self.frozen = False
        self.orders: dict[int, OpenOrder] = {}

    @property
    def highest_allowed(self) -> int:
        """The highest client_order_id that the next command may have."""
        last = self.last_client_order_id
        return min(last + JUMP, MAX_INT) if last else FIRST_CLIENT_ORDER_ID_LIMIT

    def take(self, client_order_id: int) -> bool:
        """Use a number up, if it may be used: not before, not behind the window, and not too far ahead."""
        last, gaps = self.last_client_order_id, self.gaps
        if client_order_id <= last:
            return client_order_id > last - WINDOW and self._fill(client_order_id)
        if client_order_id - last > WINDOW:  # far ahead: everything behind it is behind the window, or free
            if client_order_id > self.highest_allowed:
                return False
            gaps.clear()
        elif client_order_id > MAX_INT:
            return False
        if client_order_id > last + 1:
            if len(gaps) > _GAPS and gaps[_GAPS // 2].stop <= last - WINDOW:
                del gaps[: _GAPS // 2]
            gaps.append(range(last + 1, client_order_id))
        self.last_client_order_id = client_order_id
        return True

    def _fill(self, client_order_id: int) -> bool:
        """Use a number of a gap up; most that come late are in one of the newest."""
        gaps = self.gaps
        for at in range(len(gaps) - 1, -1, -1):
            gap = gaps[at]
            if client_order_id in gap:
                parts = (range(gap.start, client_order_id), range(client_order_id + 1, gap.stop))
                gaps[at : at + 1] = [part for part in parts if part]
                return True
            if gap.stop <= client_order_id:
                return False
        return False

    def window(self) -> range:
        """The numbers behind the highest, that one included, which are used or can still be."""
        return range(max(1, self.last_client_order_id - WINDOW + 1), self.last_client_order_id + 1)

    def balance(self, instrument: int) -> Balance:
        """Return the account's tonnes of one instrument."""
        found = self.tonnes.get(instrument)
        if found is None:
            found = self.tonnes[instrument] = Balance()
        return found
