"""
Who sells and trades: developers, market makers, speculators, zero-intelligence buyers.

An agent sees a `Board` and its own `Desk`, and what `PlayedRegion` says to everybody. Those who buy to retire are in
`exchange.simulation.demand`.
"""

from typing import NamedTuple, Protocol

from exchange.simulation.parameters import BPS
from exchange.simulation.plans import MakersPlan, PolicyPlan, ProjectPlan, RandomPlan, SpeculatorsPlan
from exchange.simulation.presets import AUCTIONS, LISTINGS
from exchange.simulation.programme_plans import ReduceFirstPlan
from exchange.simulation.seeds import Draws
from exchange.simulation.venue import BUY, SELL, Desk

YEAR_DAYS = 365
PATIENCE_DAYS = 180
"""After so many days without a sale a developer asks for no more than its cost."""
ASKING_BPS, TRADING_BPS = 1_500, 2_000
"""How often, of ten thousand working days, a developer looks at its prices, and a speculator at the market."""


class PlayedRegion(NamedTuple):
    """What everybody knows: the rules, which instruments are local, how developers sell, allowances day by day."""

    policy: PolicyPlan
    local: frozenset[int]
    others: frozenset[int]
    selling: int
    auction_days: int
    allowances: tuple[int, ...]
    reduce_first: ReduceFirstPlan | None = None


class Agent(Protocol):
    """Somebody with a desk at the venue."""

    desk: Desk

    def act(self, day: int, /) -> None:
        """Trade on a working day."""

    def close(self, day: int, /) -> None:
        """Do what is due at the end of any day, after the day's trades were delivered."""


class Developer:
    """Sells what its projects are issued, never below its cost. *income_fen* is what it was paid."""

    def __init__(self, desk: Desk, plan: ProjectPlan, instrument: int, region: PlayedRegion, draws: Draws) -> None:
        self.desk = desk
        self.instrument = instrument
        self.cost = max(1, draws.around(plan.cost_fen_t.value, plan.cost_spread_bps.value))
        self.income_fen = 0
        self._plan = plan
        self._region = region
        self._draws = draws
        self._since = 0
        self._issued = False

    def issued(self, day: int) -> None:
        """New tonnes are on the desk."""
        self._since, self._issued = day, True

    def act(self, day: int) -> None:
        """Ask for its cost and a margin that melts with the days; look at it again now and then."""
        if not self._issued and not self._draws.happens(ASKING_BPS):
            return
        self._issued = False
        desk, selling = self.desk, self._region.selling
        ask = desk.board.on_tick(self.instrument, self._wanted(day), up=True)
        if ask < self.cost:  # the ceiling is below its cost: it keeps what it has
            return
        ways = desk.board.ways
        if ways is not None and ways.sell(self, day, ask):
            return
        if selling == AUCTIONS:
            if tonnes := desk.board.lots(desk.tonnes(self.instrument)):
                reserve = desk.board.on_tick(self.instrument, self.cost, up=True)
                desk.auction(self.instrument, reserve, tonnes, day, self._region.auction_days)
            return
        desk.take_back()
        if ways is not None:
            ways.beside(self, day, ask)
        if tonnes := desk.board.lots(desk.tonnes(self.instrument)):
            if selling == LISTINGS:
                desk.list_at(self.instrument, ask, tonnes)
            else:
                desk.place(self.instrument, SELL, ask, tonnes)

    def _wanted(self, day: int) -> int:
        """Draw a price at its cost or above."""
        if self._plan.asking == "random":
            return self._draws.between(self.cost, max(self.cost, self.desk.board.band(self.instrument)[1]))
        patience = max(0, PATIENCE_DAYS - (day - self._since))
        margin_bps = self._draws.between(0, self._plan.markup_bps.value * patience // PATIENCE_DAYS)
        return -(-self.cost * (BPS + margin_bps) // BPS)

    def close(self, day: int) -> None:
        """Take the month's money home."""
        if day % 30 == 0:
            self.go_home()

    def go_home(self) -> None:
        """Take all free money off the exchange."""
        self.income_fen += self.desk.withdraw_cash()


class Maker:
    """Stands on both sides of each last price."""

    def __init__(self, desk: Desk, plan: MakersPlan, region: PlayedRegion) -> None:
        self.desk = desk
        self._plan = plan
        self._numbers = sorted(region.local | region.others)

    def act(self, _day: int) -> None:
        """Put new orders around the last price, where there is a book; it sells only what it has bought."""
        if not self.desk.board.book:
            return
        desk, size, half = self.desk, self._plan.size_t.value, self._plan.spread_bps.value // 2
        desk.take_back()
        for number in self._numbers:
            last = desk.board.last.get(number)
            if not last:
                continue
            bid = desk.board.on_tick(number, last * (BPS - half) // BPS, up=False)
            ask = desk.board.on_tick(number, -(-last * (BPS + half) // BPS), up=True)
            tonnes = desk.board.lots(min(size, desk.tonnes(number)))
            if tonnes:
                desk.place(number, SELL, ask, tonnes)
            tonnes = desk.board.lots(min(size, desk.cash_fen // bid))
            if tonnes and bid < ask:
                desk.place(number, BUY, bid, tonnes)

    def close(self, _day: int) -> None:
        """Nothing is due."""


class Speculator:
    """Buys what rises and sells what falls."""

    def __init__(self, desk: Desk, plan: SpeculatorsPlan, region: PlayedRegion, draws: Draws) -> None:
        self.desk = desk
        self._plan = plan
        self._draws = draws
        self._numbers = sorted(region.local | region.others)

    def act(self, _day: int) -> None:
        """Look at the closing prices, and trade at once or not at all."""
        if not self._draws.happens(TRADING_BPS):
            return
        for number in self._numbers:
            closes = self.desk.board.closes.get(number, [])
            memory = max(1, self._plan.memory_days.value)
            if len(closes) <= memory or not closes[-1 - memory]:
                continue
            before, moved = closes[-1 - memory], (closes[-1] - closes[-1 - memory]) * BPS
            if moved >= before * self._plan.trigger_bps.value > 0:
                self._trade(number, BUY)
            elif -moved >= before * self._plan.trigger_bps.value > 0:
                self._trade(number, SELL)

    def _trade(self, number: int, side: int) -> None:
        desk, best = self.desk, self.desk.board.best(number, 1 - side)
        if best is None:
            return
        most = desk.tonnes(number) if side == SELL else desk.cash_fen // best[0]
        if tonnes := desk.board.lots(min(best[1], self._plan.size_t.value, most)):
            desk.place(number, side, best[0], tonnes, desk.board.taking)

    def close(self, _day: int) -> None:
        """Nothing is due."""


class RandomBuyer:
    """Wants one lot, which is worth *value* to it, and bids anything up to that."""

    def __init__(self, desk: Desk, plan: RandomPlan, region: PlayedRegion, draws: Draws) -> None:
        self.desk = desk
        self.value = max(1, draws.between(plan.low_fen_t.value, plan.high_fen_t.value))
        self._active_bps = plan.active_bps.value
        self._draws = draws
        self._numbers = sorted(region.local | region.others)
        self.served = False

    def act(self, _day: int) -> None:
        """Bid at random, until it has its lot."""
        desk, draws, value = self.desk, self._draws, self.value
        board = desk.board
        if self.served or not self._numbers or not board.book or not draws.happens(self._active_bps):
            return
        number = self._numbers[draws.below(len(self._numbers))]
        low = board.band(number)[0]
        price = board.on_tick(number, draws.between(low, value) if low < value else value, up=False)
        board.wished(value)
        desk.take_back()
        if price <= value and desk.cash_fen >= price * board.lot:
            desk.place(number, BUY, price, board.lot)

    def close(self, _day: int) -> None:
        """Retire the lot once it has one."""
        if not self.desk.delivered:
            return
        for number in self._numbers:
            if tonnes := self.desk.tonnes(number):
                self.served = True
                self.desk.retire(number, tonnes)
