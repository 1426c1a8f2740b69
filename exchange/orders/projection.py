"""What the events of the order book mean for the tables."""

from typing import Final

from exchange.engine.modes import continuous
from exchange.projections.changes import SIDES, Changes, Moment, Part, Placed

LIVES: Final = ("GTC", "IOC", "FOK", "POST_ONLY")


def _accepted(into: Changes, event: continuous.Accepted, moment: Moment) -> None:
    placed = Placed(
        id=event.order,
        kind="order",
        account_id=event.account,
        instrument_id=event.instrument,
        side=SIDES[event.side],
        price_fen=event.price,
        quantity_t=event.quantity,
        open_t=event.quantity,
        traded_t=0,
        life=LIVES[event.life],
        client_order_id=event.client_order_id,
        closed_because=None,
        listing_id=None,
        at=moment.at,
    )
    into.place(placed, event.side)


def _amended(into: Changes, event: continuous.Amended, _: Moment) -> None:
    into.lock(event.account, event.instrument, event.side, event.old_price, -event.old_open)
    into.lock(event.account, event.instrument, event.side, event.price, event.open)
    more = event.open - event.old_open
    found = into.of(event.order)
    found.open_t += more
    found.quantity_t += more
    found.price_fen = event.price


EVENTS: Final[Part] = {continuous.Accepted: _accepted, continuous.Amended: _amended}
