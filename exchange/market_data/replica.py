"""
The rule by which a program keeps a copy of a market: what it begins with, what it applies, when it begins anew.

A copy begins with a snapshot. A change is applied if it is of the same stream and its number is the next one; if not,
something was missed, the copy is worth nothing, and a new snapshot is asked for. Pure.
"""

from dataclasses import dataclass, field

from schemas.market_data import BookOrder, MarketChange, MarketSnapshot, PriceLevel, Side
from schemas.sessions import Phase


class MarketGap(Exception):
    """A change does not follow what the copy has: begin again with a snapshot."""


@dataclass(slots=True)
class MarketReplica:
    """One instrument as its messages tell it."""

    stream: str = ""
    number: int = 0
    open: bool = False
    phase: Phase = "closed"
    last_trade_id: int = 0
    traded_t: int = 0
    levels: dict[tuple[Side, int], PriceLevel] = field(default_factory=dict)
    orders: dict[int, BookOrder] = field(default_factory=dict)

    def apply(self, message: MarketSnapshot | MarketChange) -> None:
        """Follow one message. Raises `MarketGap`; the copy is then as it was."""
        if isinstance(message, MarketSnapshot):
            self._begin(message)
        elif (self.stream, self.number + 1) != (message.stream, message.number):
            raise MarketGap(
                f"{self.stream or 'nothing'} {self.number} is followed by {message.stream} {message.number}: "
                "begin again with a snapshot"
            )
        else:
            self._follow(message)

    def side(self, side: Side) -> tuple[PriceLevel, ...]:
        """The levels of one side, best first."""
        found = [level for (of, _), level in self.levels.items() if of == side]
        return tuple(sorted(found, key=lambda each: each.price_fen, reverse=side == "buy"))

    def _begin(self, snapshot: MarketSnapshot) -> None:
        self.stream, self.number = snapshot.stream, snapshot.number
        self.open, self.phase = snapshot.open, snapshot.phase
        self.last_trade_id = snapshot.last_trade_id
        self.levels = {("buy", each.price_fen): each for each in snapshot.bids}
        self.levels |= {("sell", each.price_fen): each for each in snapshot.asks}
        self.orders = {each.id: each for each in snapshot.orders or ()}

    def _follow(self, change: MarketChange) -> None:
        self.number, self.open, self.phase = change.number, change.open, change.phase
        for each in change.levels:
            key = (each.side, each.price_fen)
            if each.quantity_t:
                self.levels[key] = PriceLevel(price_fen=each.price_fen, quantity_t=each.quantity_t, orders=each.orders)
            else:
                self.levels.pop(key, None)
        for order in change.orders:
            if order.open_t:
                self.orders[order.id] = order
            else:
                self.orders.pop(order.id, None)
        for trade in change.trades:
            self.last_trade_id = trade.id
            self.traded_t += trade.quantity_t
