"""
Row changes that committed batches amount to. Pure: events in, rows out.

Balances are added up from events alone, without the engine: that they come out as the engine's is a test of both.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, NamedTuple

CASH: Final = 0
"""Stands where an instrument stands in a position: money."""
SIDES: Final = ("buy", "sell")


class Deal(NamedTuple):
    """What a position has to know of a trade; *instrument_id* is what it delivers."""

    instrument_id: int
    price_fen: int
    quantity_t: int
    buyer_id: int
    seller_id: int
    fee_fen: int
    fee_account_id: int


class Moment(NamedTuple):
    """When an event happened: the sequence of its command, and business time."""

    sequence: int
    at: datetime


@dataclass(slots=True)
class Placed:
    """
    An order or something beside the book as it entered, and what became of it in the same batches.

    *listing_id* is the listing that a subscription took from, the campaign of a pledge, or the auction of a bid.
    *until* is when it ends.
    """

    id: int
    kind: str
    account_id: int
    instrument_id: int
    side: str
    price_fen: int
    quantity_t: int
    open_t: int
    traded_t: int
    life: str
    client_order_id: int
    closed_because: int | None
    listing_id: int | None
    at: datetime
    until: datetime | None = None


def placed_whole(
    event: Any,  # noqa: ANN401 - of any mode
    moment: Moment,
    *,
    kind: str,
    side: int,
    life: str,
    listing_id: int | None = None,
) -> Placed:
    """What an event places by which something enters: all of it is open, nothing traded yet."""
    return Placed(
        id=event.order,
        kind=kind,
        account_id=event.account,
        instrument_id=event.instrument,
        side=SIDES[side],
        price_fen=event.price,
        quantity_t=event.quantity,
        open_t=event.quantity,
        traded_t=0,
        life=life,
        client_order_id=event.client_order_id,
        closed_because=None,
        listing_id=listing_id,
        at=moment.at,
    )


@dataclass(slots=True)
class Change:
    """What became of something that was placed before."""

    open_t: int = 0
    traded_t: int = 0
    quantity_t: int = 0
    price_fen: int | None = None
    closed_because: int | None = None


@dataclass(slots=True)
class Changes:
    """
    Row changes of some batches in a row.

    *deals* has at least the trades that these batches settle or refund. *rows* are what the rooms above add for tables
    of their own: for each statement, rows by key, of which the last one counts.
    """

    deals: dict[int, Deal] = field(default_factory=dict)
    last: int = 0
    placed: dict[int, Placed] = field(default_factory=dict)
    changed: dict[int, Change] = field(default_factory=dict)
    trades: list[tuple[object, ...]] = field(default_factory=list)
    positions: dict[tuple[int, int], list[int]] = field(default_factory=dict)
    settled: list[tuple[int, str]] = field(default_factory=list)
    requests: dict[tuple[int, int], tuple[object, ...]] = field(default_factory=dict)
    completed: dict[tuple[int, int], int] = field(default_factory=dict)
    instructions: dict[int, tuple[str, int | None, int | None, int | None]] = field(default_factory=dict)
    rows: dict[str, dict[int, tuple[object, ...]]] = field(default_factory=dict)

    def move(
        self, account: int, instrument: int, settled: int = 0, locked: int = 0, *, coming: int = 0, going: int = 0
    ) -> None:
        """Add to a balance."""
        found = self.positions.get((account, instrument))
        if found is None:
            found = self.positions[account, instrument] = [0, 0, 0, 0]
        found[0] += settled
        found[1] += locked
        found[2] += coming
        found[3] += going

    def lock(self, account: int, instrument: int, side: int, price: int, quantity: int) -> None:
        """Lock what an order needs; a negative quantity frees it again."""
        amount = quantity if side else price * quantity
        self.move(account, instrument if side else CASH, -amount, amount)

    def place(self, placed: Placed, side: int) -> None:
        """Something entered, with everything that it needs locked."""
        self.lock(placed.account_id, placed.instrument_id, side, placed.price_fen, placed.quantity_t)
        self.placed[placed.id] = placed

    def of(self, order: int) -> Placed | Change:
        """What these batches say of something that was placed in them or before."""
        return self.placed.get(order) or self.changed.setdefault(order, Change())

    def reduce(self, order: int, open_t: int, traded_t: int = 0, because: int | None = None) -> None:
        """Less of an order is open."""
        found = self.of(order)
        found.open_t -= open_t
        found.traded_t += traded_t
        if because is not None:
            found.closed_because = because

    def lock_parts(self, account: int, basket: int, parts: Iterable[tuple[int, int]]) -> None:
        """What was locked of a basket, which has no tonnes, is locked of its assets instead."""
        for asset, quantity in parts:
            self.move(account, basket, quantity, -quantity)
            self.move(account, asset, -quantity, quantity)

    def row(self, statement: str, key: int, *values: object) -> None:
        """A row for a table of a room above: *statement* takes one array for *key* and one for each of *values*."""
        self.rows.setdefault(statement, {})[key] = (key, *values)

    def answer(self, instruction: int, state: str, *why: int) -> None:
        """
        What an instruction came to. The first answer counts.

        One that is given again, because a crash hid that it had been, is refused as stale: that is no news of it.
        """
        reason, wanted, limit = why or (None, None, None)
        self.instructions.setdefault(instruction, (state, reason, wanted, limit))


Apply = Callable[[Changes, Any, Moment], None]
"""What one kind of event means for the tables."""
Part = Mapping[type, Apply]
"""What one room brings: the events that it knows, each with what it means."""
EventTable = Mapping[type, Sequence[Apply]]


def event_table(parts: Iterable[Part]) -> EventTable:
    """The parts of all rooms as one table; an event that several rooms know is applied in the order of *parts*."""
    found: dict[type, list[Apply]] = {}
    for part in parts:
        for kind, apply in part.items():
            found.setdefault(kind, []).append(apply)
    return found
