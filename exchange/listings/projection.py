"""What the events of listings mean for the tables."""

from typing import Final

from exchange.engine import commands as c
from exchange.engine.modes import listings
from exchange.engine.modes.picking import PickingSet
from exchange.listings.rules import PICKING
from exchange.projections.changes import Changes, Moment, Part, placed_whole
from registry.kit import sql

_sql = sql.load(__package__, "projection.sql")
_RULES: Final = {number: word for word, number in PICKING.items()}


def _opened(into: Changes, event: listings.ListingOpened, moment: Moment) -> None:
    into.place(placed_whole(event, moment, kind="listing", side=c.SELL, life="GTC"), c.SELL)


def _subscribed(into: Changes, event: listings.Subscribed, moment: Moment) -> None:
    taken = placed_whole(event, moment, kind="subscription", side=c.BUY, life="FOK", listing_id=event.listing)
    into.place(taken, c.BUY)


def _picking_set(into: Changes, event: PickingSet, _: Moment) -> None:
    into.row(_sql.put_picking, event.instrument, _RULES[event.rule])
    into.answer(event.instruction, "done")


EVENTS: Final[Part] = {
    listings.ListingOpened: _opened,
    listings.Subscribed: _subscribed,
    PickingSet: _picking_set,
}
