"""What the end of a delivery means for its table."""

from typing import Final

from exchange.engine import events as e
from exchange.projections.changes import Changes, Moment, Part
from registry.kit import sql

_sql = sql.load(__package__, "projection.sql")


def _settled(into: Changes, event: e.Settled, _: Moment) -> None:
    into.row(_sql.end_deliveries, event.delivery, "settled")


def _refunded(into: Changes, event: e.Refunded, _: Moment) -> None:
    into.row(_sql.end_deliveries, event.delivery, "refunded")


EVENTS: Final[Part] = {e.Settled: _settled, e.Refunded: _refunded}
