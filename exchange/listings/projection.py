"""What the events of listings mean for the tables."""

from typing import Final

from exchange.engine import commands as c
from exchange.engine.modes import listings
from exchange.projections.changes import Changes, Moment, Part, placed_whole


def _opened(into: Changes, event: listings.ListingOpened, moment: Moment) -> None:
    into.place(placed_whole(event, moment, kind="listing", side=c.SELL, life="GTC"), c.SELL)


def _subscribed(into: Changes, event: listings.Subscribed, moment: Moment) -> None:
    taken = placed_whole(event, moment, kind="subscription", side=c.BUY, life="FOK", listing_id=event.listing)
    into.place(taken, c.BUY)


EVENTS: Final[Part] = {listings.ListingOpened: _opened, listings.Subscribed: _subscribed}
