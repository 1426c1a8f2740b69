"""What the events of instruments mean for their table: opened, bounded, halted."""

from typing import Final

from exchange.engine import events as e
from exchange.engine.modes.venues import messages as m
from exchange.projections.changes import Changes, Moment, Part
from registry.kit import sql

_sql = sql.load(__package__, "projection.sql")


def _opened(into: Changes, event: e.InstrumentOpened, _: Moment) -> None:
    into.row(_sql.open_instruments, event.instrument)
    into.answer(event.instruction, "done")


def bounded(into: Changes, instrument: int, low: int, high: int) -> None:
    """Prices lie in this band from now on."""
    into.row(_sql.set_bands, instrument, low, high)


def _band_set(into: Changes, event: e.BandSet, _: Moment) -> None:
    bounded(into, event.instrument, event.low, event.high)
    into.answer(event.instruction, "done")


def _halted(into: Changes, event: e.HaltChanged, _: Moment) -> None:
    into.row(_sql.set_halts, event.instrument, event.causes)
    into.answer(event.instruction, "done")


def _done(into: Changes, event: m.VenueSet | m.LimitsSet | m.BoughtReleased, _: Moment) -> None:
    into.answer(event.instruction, "done")


def _group_set(into: Changes, event: m.GroupSet, _: Moment) -> None:
    into.row(_sql.put_groups, event.account, event.group, event.role)
    into.answer(event.instruction, "done")


EVENTS: Final[Part] = {
    e.InstrumentOpened: _opened,
    e.BandSet: _band_set,
    e.HaltChanged: _halted,
    m.VenueSet: _done,
    m.LimitsSet: _done,
    m.BoughtReleased: _done,
    m.GroupSet: _group_set,
}
