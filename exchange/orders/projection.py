"""What the events of the order book mean for the tables."""

from typing import Final

from exchange.engine import commands as c
from exchange.engine.modes import continuous
from exchange.projections.changes import Changes, Moment, Part, placed_whole

LIVES: Final = {c.GTC: "GTC", c.IOC: "IOC", c.FOK: "FOK", c.POST_ONLY: "POST_ONLY", c.DAY: "DAY", c.GTD: "GTD"}


def _accepted(into: Changes, event: continuous.Accepted, moment: Moment) -> None:
    placed = placed_whole(event, moment, kind="order", side=event.side, life=LIVES[event.life])
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
