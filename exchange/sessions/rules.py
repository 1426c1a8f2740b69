"""How refusals of sessions read, what a call would come to, and which phases are due by a timetable. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from exchange.engine.modes.sessions.clearing import clearing
from exchange.engine.modes.sessions.messages import SessionReason, SetPhase
from exchange.engine.session import CALLS, CLOSED, CONTINUOUS, PRE_OPEN
from exchange.journal.refusals import Wording, Wordings
from registry.kit.problems import Kind
from schemas.sessions import Indication

COLLECTING: Final = CALLS | {PRE_OPEN}
"""Phases in which orders wait for the end of a call."""
_SHANGHAI: Final = ZoneInfo("Asia/Shanghai")
_DAYS_LOOKED_BACK: Final = 2
"""After a longer gap only these days' phases are gone through."""

_C, _U = Kind.CONFLICT, Kind.UNPROCESSABLE
REFUSALS: Final[Wordings] = {
    SessionReason.CLOSED: Wording(
        _C,
        "instrument-closed",
        "Closed",
        "The book is closed and takes cancels only. Its session says when it opens.",
        amounts=False,
    ),
    SessionReason.NOT_COLLECTED: Wording(
        _C,
        "not-collected",
        "Not in a call",
        "Orders are being collected for a call: IOC, FOK and post-only ones are taken again in continuous trading.",
        amounts=False,
    ),
    SessionReason.EXPIRED_ALREADY: Wording(
        _U, "until-passed", "Over already", "The moment until which the order is good has passed.", amounts=False
    ),
    SessionReason.NEVER_CLOSED: Wording(
        _C,
        "never-closed",
        "No end of the day",
        "The instrument has no sessions, so no order ends with its day: use GTC, or GTD with until.",
        amounts=False,
    ),
    SessionReason.SAME_PHASE: Wording(
        _C, "same-phase", "In this phase already", "The book is in this phase already.", amounts=False
    ),
    SessionReason.NO_SUCH_PHASE: Wording(
        _U, "no-such-phase", "No such phase", "There is no phase {wanted}; they are 0 to {limit}.", amounts=False
    ),
    SessionReason.NO_REFERENCE: Wording(
        _U,
        "no-reference",
        "No reference",
        "A band of {limit} bps needs a reference price to lie around.",
        amounts=False,
    ),
}


def indication(levels: Iterable[tuple[Any, ...]], tick: int, reference: int) -> Indication:
    """What a call would come to, from the side, price and tonnes of everything that rests."""
    sides: dict[str, dict[int, int]] = {"buy": {}, "sell": {}}
    for side, price, quantity in levels:
        sides[side][price] = quantity
    found = clearing(sides["buy"], sides["sell"], tick, reference)
    return Indication(price_fen=found.price or None, quantity_t=found.quantity, surplus_t=found.surplus)


class Timed(NamedTuple):
    """A book with a timetable: its phase, since when, and when each phase of a day begins."""

    instrument_id: int
    phase: int
    since: datetime | None
    halted: bool
    every_day: bool
    begins: Sequence[tuple[int, time]]


def due(timed: Timed, now: datetime, is_working_day: Callable[[date], bool]) -> Iterator[SetPhase]:
    """
    The instructions for a book that are due at *now*: each phase since it was last moved, so that none is skipped.

    A phase that somebody set by hand lasts until the next one of the timetable begins. A book that was never moved
    comes to the phase of the moment at once. Continuous trading waits while the instrument is halted.
    """
    begun = [(at, phase) for at, phase in _begun(timed, now, is_working_day) if timed.since is None or at > timed.since]
    phase = timed.phase
    for at, to in begun if timed.since is not None else begun[-1:]:
        if to != phase and not (to == CONTINUOUS and timed.halted):
            yield SetPhase(0, timed.instrument_id, to, int(at.timestamp()))
            phase = to


def _begun(timed: Timed, now: datetime, is_working_day: Callable[[date], bool]) -> Iterator[tuple[datetime, int]]:
    """Every phase that has begun by now, of today and the days before."""
    today = now.astimezone(_SHANGHAI).date()
    for back in range(_DAYS_LOOKED_BACK, -1, -1):
        day = today - timedelta(days=back)
        for phase, begins in timed.begins:
            at = datetime.combine(day, begins, _SHANGHAI).astimezone(UTC)
            if at <= now and (phase == CLOSED or timed.every_day or is_working_day(day)):
                yield at, phase
