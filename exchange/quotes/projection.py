"""What the events of requests for quotes mean for the tables."""

from datetime import UTC, datetime
from typing import Final

from exchange.engine.modes.quotes import messages as m
from exchange.projections.changes import SIDES, Changes, Moment, Part, placed_whole
from exchange.projections.core import carried_out
from registry.kit import sql

_sql = sql.load(__package__, "projection.sql")


def _requested(into: Changes, event: m.QuotesRequested, moment: Moment) -> None:
    into.row(
        _sql.request,
        event.order,
        event.account,
        event.instrument,
        SIDES[event.side],
        event.quantity,
        datetime.fromtimestamp(event.expires, UTC),
        ",".join(str(each) for each in event.invited),
        moment.at,
    )


def _quoted(into: Changes, event: m.Quoted, moment: Moment) -> None:
    made = placed_whole(event, moment, kind="quote", side=event.side, life="GTC", listing_id=event.request)
    into.place(made, event.side)
    into.row(_sql.quote, event.order, event.request, datetime.fromtimestamp(event.expires, UTC))


def _taken(into: Changes, event: m.QuoteTaken, moment: Moment) -> None:
    made = placed_whole(event, moment, kind="quote-acceptance", side=event.side, life="FOK", listing_id=event.quote)
    into.place(made, event.side)


def _ended(into: Changes, event: m.RequestEnded, moment: Moment) -> None:
    into.row(_sql.end, event.request, event.quotes, event.quantity, event.reference, event.taken, moment.at)
    if event.instruction:
        into.answer(event.instruction, "done")


EVENTS: Final[Part] = {
    m.QuotesRequested: _requested,
    m.Quoted: _quoted,
    m.QuoteTaken: _taken,
    m.RequestEnded: _ended,
    m.QuotesLapsed: carried_out,
}
