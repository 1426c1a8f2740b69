"""Sessions of an instrument's book: its phase, its timetable, what a call would come to, and closing prices."""

from itertools import pairwise
from typing import Annotated, Literal

from msgspec import Meta, Struct

from schemas.scalars import Fen0, Id, Instant, PriceFen, Text, Tonnes, Tonnes0

Phase = Literal["continuous", "pre-open", "opening-call", "closing-call", "closed"]
ClosingRule = Literal["average", "last-trade", "reference"]
TimeOfDay = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$", examples=["09:30"])]


class NewPhase(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Move the book to another phase, and why. A call that ends trades what crosses at one price."""

    phase: Phase
    reason: Text


class SessionRules(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    The reference price, and how the next one is found when the book is closed.

    The closing price is the average price of a session that traded *average_from_t* tonnes or more, else that of its
    last trade, else the reference. With *band_bps* prices lie so far around the reference, from now on and after each
    closing; what is open outside is closed.
    """

    reference_fen: PriceFen
    band_bps: Annotated[int, Meta(ge=0, le=9_999, description="Ten-thousandths; with 0 the band stays as it is")] = 0
    average_from_t: Tonnes = 1
    reason: Text


class NewTimetable(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When a day's phases begin, in Asia/Shanghai; those that are left out do not occur.

    On days that are not working days the book stays closed, unless *every_day* says otherwise.
    """

    pre_open: TimeOfDay | None = None
    opening_call: TimeOfDay | None = None
    continuous: TimeOfDay
    closing_call: TimeOfDay | None = None
    closed: TimeOfDay
    every_day: bool = False
    reason: Text

    def __post_init__(self) -> None:
        """Raise `ValueError` for times that do not follow each other."""
        times = [each for each in self.times() if each is not None]
        for before, after in pairwise(times):
            if after <= before:
                raise ValueError(f"{after} is not after {before}: phases follow each other within a day")

    def times(self) -> tuple[str | None, ...]:
        """When each phase of the day begins, in their order."""
        return (self.pre_open, self.opening_call, self.continuous, self.closing_call, self.closed)


class Timetable(Struct, frozen=True, kw_only=True):
    """When a day's phases begin, in Asia/Shanghai; those without a time do not occur."""

    pre_open: str | None
    opening_call: str | None
    continuous: str
    closing_call: str | None
    closed: str
    every_day: bool


class Indication(Struct, frozen=True, kw_only=True):
    """
    What would trade if the call ended now; 0 t where nothing crosses.

    *surplus_t* is what is to be bought at that price less what is to be sold.
    """

    price_fen: PriceFen | None
    quantity_t: Tonnes0
    surplus_t: int


class TradingSession(Struct, frozen=True, kw_only=True):
    """Where the book of an instrument is in its day. *indication* is None unless orders are being collected."""

    instrument: str
    phase: Phase
    since: Instant | None
    indication: Indication | None
    reference_fen: PriceFen | None
    band_bps: int
    average_from_t: Tonnes
    timetable: Timetable | None


class ClosingPrice(Struct, frozen=True, kw_only=True):
    """At what an instrument closed, by which rule, and what its session had traded in the book."""

    id: Id
    instrument: str
    price_fen: PriceFen | None
    rule: ClosingRule
    quantity_t: Tonnes0
    amount_fen: Fen0
    at: Instant
