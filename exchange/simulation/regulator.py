"""
The regulator: a reserve, a price at which it buys, and a band around the last price. It follows its rules, no more.

What it does is published like everybody's orders. Its money and tonnes are on accounts of its own.
"""

from exchange.simulation.agents import YEAR_DAYS, PlayedRegion
from exchange.simulation.buying import Wish, buy
from exchange.simulation.presets import LISTINGS
from exchange.simulation.programme_plans import RegulatorPlan
from exchange.simulation.venue import BUY, SELL, Desk


class Reserve:
    """The regulator's reserve: for sale at one price, once the market has come to it."""

    def __init__(self, desk: Desk, instrument: int, region: PlayedRegion) -> None:
        self.desk = desk
        self._instrument = instrument
        self._region = region

    def act(self, _day: int) -> None:
        """Sell at the reserve's price where somebody paid as much, or a best bid is as high."""
        desk, price = self.desk, self._region.policy.reserve_fen_t.value
        bids = [best[0] for each in self._region.local if (best := desk.board.best(each, BUY)) is not None]
        if max((*desk.board.last.values(), *bids), default=0) < price:
            return
        ask = desk.board.on_tick(self._instrument, price, up=True)
        tonnes = desk.board.lots(desk.tonnes(self._instrument))
        if tonnes and desk.board.book:
            desk.place(self._instrument, SELL, ask, tonnes)
        elif tonnes and self._region.selling == LISTINGS:
            desk.list_at(self._instrument, ask, tonnes)

    def close(self, _day: int) -> None:
        """Nothing is due."""


class Support:
    """The regulator's bid: at one price, as long as the year's money lasts. It retires what it buys."""

    def __init__(self, desk: Desk, plan: RegulatorPlan, region: PlayedRegion) -> None:
        self.desk = desk
        self.bought_t = 0
        self._plan = plan
        self._numbers = sorted(region.local)
        self._waits = desk.board.book

    def morning(self, day: int) -> None:
        """Bring the year's money."""
        if day % YEAR_DAYS == 0:
            self.desk.pay_in(self._plan.support_fen.value)

    def act(self, day: int) -> None:
        """Buy what is offered at the price or below, and let the bid wait where there is a book."""
        price = self._plan.support_fen_t.value
        self.desk.take_back()
        wanted = self.desk.cash_fen // price if price else 0
        if self.desk.board.lots(wanted):
            buy(self.desk, day, Wish(wanted, dict.fromkeys(self._numbers, wanted), price), waits=self._waits)

    def close(self, _day: int) -> None:
        """Retire what was delivered."""
        for number in self._numbers:
            tonnes = self.desk.tonnes(number)
            self.desk.retire(number, tonnes)
            self.bought_t += tonnes
