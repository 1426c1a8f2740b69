"""What the events of blocks mean for the tables."""

from datetime import UTC, datetime
from typing import Final

from exchange.engine.modes.blocks import messages as m
from exchange.projections.changes import Changes, Moment, Part, placed_whole
from exchange.projections.core import carried_out
from registry.kit import sql

_sql = sql.load(__package__, "projection.sql")


def _terms_set(into: Changes, event: m.BlockTermsSet, _: Moment) -> None:
    into.row(_sql.put_terms, event.instrument, event.least, event.reference, event.band_bps)
    into.answer(event.instruction, "done")


def _proposed(into: Changes, event: m.BlockProposed, moment: Moment) -> None:
    into.place(placed_whole(event, moment, kind="block", side=event.side, life="GTC"), event.side)
    expires = datetime.fromtimestamp(event.expires, UTC)
    into.row(_sql.propose, event.order, event.account, event.counterparty, expires)


def _accepted(into: Changes, event: m.BlockAccepted, moment: Moment) -> None:
    made = placed_whole(event, moment, kind="block-acceptance", side=event.side, life="FOK", listing_id=event.block)
    into.place(made, event.side)


EVENTS: Final[Part] = {
    m.BlockTermsSet: _terms_set,
    m.BlockProposed: _proposed,
    m.BlockAccepted: _accepted,
    m.BlocksLapsed: carried_out,
}
