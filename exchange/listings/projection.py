"""What the events of listings mean for the tables."""

from typing import Final

from exchange.engine import commands as c
from exchange.engine.modes import listings
from exchange.projections.changes import Changes, Moment, Part, Placed


def _opened(into: Changes, event: listings.ListingOpened, moment: Moment) -> None:
    into.place(_placed(event, moment, kind="listing", side="sell", life="GTC", listing_id=None), c.SELL)


def _subscribed(into: Changes, event: listings.Subscribed, moment: Moment) -> None:
    into.place(_placed(event, moment, kind="subscription", side="buy", life="FOK", listing_id=event.listing), c.BUY)


def _placed(
    event: listings.ListingOpened | listings.Subscribed,
    moment: Moment,
    *,
    kind: str,
    side: str,
    life: str,
    listing_id: int | None,
) -> Placed:
    """Everything of it is open, and nothing traded yet."""
    return Placed(
        id=event.order,
        kind=kind,
        account_id=event.account,
        instrument_id=event.instrument,
        side=side,
        price_fen=event.price,
        quantity_t=event.quantity,
        open_t=event.quantity,
        traded_t=0,
        life=life,
        client_order_id=event.client_order_id,
        closed_because=None,
        listing_id=listing_id,
        at=moment.at,
    )


EVENTS: Final[Part] = {listings.ListingOpened: _opened, listings.Subscribed: _subscribed}
