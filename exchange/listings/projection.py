"""What the events of listings mean for the tables."""

from typing import Final

from exchange.engine import commands as c
from exchange.engine.modes import listings
from exchange.projections.changes import Changes, Moment, Part, Placed


def _opened(into: Changes, event: listings.ListingOpened, moment: Moment) -> None:
    placed = Placed(
        id=event.order,
        kind="listing",
        account_id=event.account,
        instrument_id=event.instrument,
        side="sell",
        price_fen=event.price,
        quantity_t=event.quantity,
        open_t=event.quantity,
        traded_t=0,
        life="GTC",
        client_order_id=event.client_order_id,
        closed_because=None,
        listing_id=None,
        at=moment.at,
    )
    into.place(placed, c.SELL)


def _subscribed(into: Changes, event: listings.Subscribed, moment: Moment) -> None:
    placed = Placed(
        id=event.order,
        kind="subscription",
        account_id=event.account,
        instrument_id=event.instrument,
        side="buy",
        price_fen=event.price,
        quantity_t=event.quantity,
        open_t=event.quantity,
        traded_t=0,
        life="FOK",
        client_order_id=event.client_order_id,
        closed_because=None,
        listing_id=event.listing,
        at=moment.at,
    )
    into.place(placed, c.BUY)


EVENTS: Final[Part] = {listings.ListingOpened: _opened, listings.Subscribed: _subscribed}
