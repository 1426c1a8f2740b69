"""What the events of instruments mean for their table: opened, bounded, halted."""

from typing import Final

from exchange.engine import events as e
from exchange.projections.changes import Changes, Moment, Part
from registry.kit import sql

_sql = sql.load(__package__, "projection.sql")


def _opened(into: Changes, event: e.InstrumentOpened, _: Moment) -> None:
    into.row(_sql.open_instruments, event.instrument)
    into.answer(event.instruction, "done")


def _bounded(into: Changes, event: e.BandSet, _: Moment) -> None:
    into.row(_sql.set_bands, event.instrument, event.low, event.high)
    into.answer(event.instruction, "done")


def _halted(into: Changes, event: e.HaltChanged, _: Moment) -> None:
    into.row(_sql.set_halts, event.instrument, event.causes)
    into.answer(event.instruction, "done")


EVENTS: Final[Part] = {e.InstrumentOpened: _opened, e.BandSet: _bounded, e.HaltChanged: _halted}
