"""What the events of sessions mean for the tables."""

from datetime import UTC, datetime
from typing import Final

from exchange.engine.modes.sessions import messages as m
from exchange.instruments.projection import bounded
from exchange.projections.changes import Changes, Moment, Part, Placed
from registry.kit import sql

_sql = sql.load(__package__, "projection.sql")


def _phase_changed(into: Changes, event: m.PhaseChanged, _: Moment) -> None:
    if event.at:
        into.row(_sql.put_phases, event.instrument, event.phase, datetime.fromtimestamp(event.at, UTC))
    into.answer(event.instruction, "done")


def _rules_set(into: Changes, event: m.SessionRulesSet, _: Moment) -> None:
    into.row(_sql.put_rules, event.instrument, event.reference, event.band_bps, event.vwap_least)
    bounded(into, event.instrument, event.low, event.high)
    into.answer(event.instruction, "done")


def _closed(into: Changes, event: m.ClosingPriceSet, moment: Moment) -> None:
    into.row(
        _sql.add_closings,
        moment.sequence,
        event.instrument,
        event.price,
        event.rule,
        event.volume,
        event.turnover,
        moment.at,
    )
    into.row(_sql.put_rules, event.instrument, event.price, event.band_bps, event.vwap_least)
    bounded(into, event.instrument, event.low, event.high)


def _dated(into: Changes, event: m.Dated, _: Moment) -> None:
    placed = into.of(event.order)
    assert isinstance(placed, Placed), "it is said of an order with the order itself"
    placed.until = datetime.fromtimestamp(event.until, UTC)


def _nothing(_into: Changes, _event: m.Uncrossed, _: Moment) -> None:
    """The trades that follow stand in their table."""


EVENTS: Final[Part] = {
    m.PhaseChanged: _phase_changed,
    m.SessionRulesSet: _rules_set,
    m.ClosingPriceSet: _closed,
    m.Dated: _dated,
    m.Uncrossed: _nothing,
}
