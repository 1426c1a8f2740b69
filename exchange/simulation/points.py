"""
Points for low-carbon acts: what residents earn, redeem and lose, and what it costs the city.

A point is a counter of the scenario, and no currency: it is on no account of the exchange. Only the credits that are
bought for a programme are traded there, with the city's money.
"""

from collections import deque
from typing import Final

from msgspec import Struct

from exchange.simulation.agents import YEAR_DAYS, PlayedRegion
from exchange.simulation.buying import Wish, buy
from exchange.simulation.parameters import BPS
from exchange.simulation.programme_plans import PointsPlan
from exchange.simulation.seeds import Draws
from exchange.simulation.venue import Desk

UNTIED, BACKED, BUDGETED = 0, 1, 2
"""The values of ``points.coupling``."""
COUPLINGS: Final = ("not tied to credits", "backed by retired credits", "a budget buys credits for each point")
AHEAD_DAYS: Final = 30
"""So many days of points a programme buys credits ahead for, where points must be backed."""
NOISE_BPS: Final = 1_000
"""Acts of a day lie so far around what is expected."""
_THOUSAND: Final = 1_000
_G_PER_T: Final = 1_000_000


class PointsOfDay(Struct):
    """The points of one day that are neither redeemed nor expired: those that may be redeemed, and those never will."""

    day: int
    live: int
    idle: int


class PointsProgramme:
    """
    The programme of a city, with a desk of its own for the credits behind points.

    Points: *issued* = *redeemed* + *expired* + those in *batches*; *refused* were earned by acts and not issued, for
    want of backing or of money. Money, in fen: *budget* = *rewards* + *running* + *on_exchange* + *treasury*. Mass, in
    grams: *saved_g* by all acts, *added_g* by those that would not have been without points. *lasted_days* is how long
    nobody was refused for want of money, None: to the end.
    """

    def __init__(self, desk: Desk, plan: PointsPlan, region: PlayedRegion, draws: Draws) -> None:
        self.desk = desk
        self.issued = self.redeemed = self.expired = self.refused = 0
        self.budget = self.rewards = self.running = self.on_exchange = self.treasury = 0
        self.saved_g = self.added_g = self.retired_t = 0
        self.lasted_days: int | None = None
        self.batches: deque[PointsOfDay] = deque()
        self._plan = plan
        self._region = region
        self._draws = draws
        self._fund = 0
        """What is set aside for credits, where each point pays for them."""
        usual = plan.acts_bps.value
        worth = plan.act_points.value * plan.value_fen_1000.value
        more = min(BPS - usual, plan.response_bps.value * worth // _THOUSAND)
        self._usual, self._all = (plan.residents.value * part for part in (usual, usual + max(0, more)))

    @property
    def outstanding(self) -> int:
        """Points in the hands of residents, added up from their days."""
        return sum(each.live + each.idle for each in self.batches)

    @property
    def owed_fen(self) -> int:
        """What the city would pay if everybody redeemed today."""
        return self._borne(self.outstanding)

    def check(self) -> None:
        """Assert that no point and no fen of the programme is lost, and that what must be backed is."""
        self.check_counters(self.outstanding)

    def check_counters(self, outstanding: int) -> None:
        """Assert it of the counters alone, for who knows already how many points are in the hands of residents."""
        assert self.issued == self.redeemed + self.expired + outstanding, "a point is lost, or is there twice"
        spent = self.rewards + self.running + self.on_exchange
        assert self.budget == spent + self.treasury, "the programme has other money than it was given"
        assert self.treasury >= 0, "the programme spent more than it had"
        if self._plan.coupling.value == BACKED:
            assert self.issued <= self.retired_t * self._plan.points_per_t.value, "a point without a credit behind it"

    def act(self, day: int) -> None:
        """Buy the credits that points need."""
        if self._plan.coupling.value == UNTIED:
            return
        self.desk.take_back()
        limit, lot = self._plan.most_fen_t.value, self.desk.board.lot
        numbers, money = sorted(self._region.local), self.treasury + self.desk.cash_fen
        if self._plan.coupling.value == BACKED:
            missing = self._unbacked_t() - sum(self.desk.owned(each) for each in numbers)
            missing += -missing % lot
            if missing > 0 and money < lot * limit:
                self._ran_out(day)
        else:
            money = min(money, self._fund - self._spent())
            missing = money // max(1, limit)
        if missing < lot:
            return
        self._bring(min(money, missing * limit) - self.desk.cash_fen)
        buy(self.desk, day, Wish(missing, dict.fromkeys(numbers, missing), limit), waits=not self._region.selling)

    def _unbacked_t(self) -> int:
        """How many tonnes are missing behind the points of the next days."""
        daily = self._all // BPS * self._plan.act_points.value
        per_t = max(1, self._plan.points_per_t.value)
        return -(-(self.issued + AHEAD_DAYS * daily) // per_t) - self.retired_t

    def _bring(self, amount_fen: int) -> None:
        """Bring money of the treasury onto the exchange."""
        if amount_fen > 0:
            self.treasury -= amount_fen
            self.on_exchange += amount_fen
            self.desk.pay_in(amount_fen)

    def close(self, day: int) -> None:
        """Retire what was delivered; then a day of acts, of points that expire, and of points that are redeemed."""
        if day % YEAR_DAYS == 0:
            self.budget += self._plan.budget_fen.value
            self.treasury += self._plan.budget_fen.value
        self._retire()
        paid = self._run(day)
        self._expire(day)
        self._earn(day, paid=paid)
        self._redeem(day)

    def _retire(self) -> None:
        for number in sorted(self._region.local):
            tonnes = self.desk.tonnes(number)
            self.desk.retire(number, tonnes)
            self.retired_t += tonnes

    def _run(self, day: int) -> bool:
        """Pay for a day of running the programme; where there is no money left it rests."""
        today = day % YEAR_DAYS
        due = (
            self._plan.running_fen.value * (today + 1) // YEAR_DAYS - self._plan.running_fen.value * today // YEAR_DAYS
        )
        if due > self.treasury:
            self._ran_out(day)
            return False
        self.treasury -= due
        self.running += due
        return True

    def _ran_out(self, day: int) -> None:
        if self.lasted_days is None:
            self.lasted_days = day

    def _expire(self, day: int) -> None:
        while self.batches and self.batches[0].day + self._plan.life_days.value <= day:
            gone = self.batches.popleft()
            self.expired += gone.live + gone.idle

    def _earn(self, day: int, *, paid: bool) -> None:
        """Let residents act, and issue what may be issued. Who knows that there is nothing to earn acts as usual."""
        plan = self._plan
        noise = self._draws.between(BPS - NOISE_BPS, BPS + NOISE_BPS)
        usual = self._usual * noise // BPS // BPS
        acts = min(plan.residents.value, self._all * noise // BPS // BPS) if paid else usual
        earned = acts * plan.act_points.value
        issued = self._issuable(earned, day) if paid else 0
        self.refused += earned - issued
        rewarded = acts if issued == earned else usual + (acts - usual) * issued // max(1, earned)
        self.saved_g += rewarded * plan.act_g.value
        self.added_g += (rewarded - usual) * plan.act_g.value
        if issued:
            idle = issued * plan.never_bps.value // BPS
            self.batches.append(PointsOfDay(day, issued - idle, idle))
            self.issued += issued
            self._fund += issued * plan.credit_fen_1000.value // _THOUSAND

    def _issuable(self, earned: int, day: int) -> int:
        if self._plan.coupling.value == BACKED:
            return max(0, min(earned, self.retired_t * self._plan.points_per_t.value - self.issued))
        if self._plan.coupling.value == BUDGETED:
            cost = self._fund - self._spent() + earned * self._plan.credit_fen_1000.value // _THOUSAND
            if cost > self.treasury + self.desk.money_fen:
                self._ran_out(day)
                return 0
        return earned

    def _spent(self) -> int:
        """What credits have cost so far, in the money that left the desk."""
        return self.on_exchange - self.desk.money_fen

    def _borne(self, points: int) -> int:
        """What the city pays for points that are redeemed, in whole fen."""
        return points * self._plan.value_fen_1000.value * (BPS - self._plan.merchant_bps.value) // (_THOUSAND * BPS)

    def _redeem(self, day: int) -> None:
        """Redeem a part of the points that may be, the oldest first, as far as there is money."""
        wanted = sum(each.live for each in self.batches) * self._plan.redeem_bps.value // BPS
        if self._borne(wanted) > self.treasury:
            self._ran_out(day)
            wanted = wanted * self.treasury // self._borne(wanted)
        cost = self._borne(wanted)
        self.treasury -= cost
        self.rewards += cost
        self.redeemed += wanted
        for each in self.batches:
            taken = min(wanted, each.live)
            each.live -= taken
            wanted -= taken
            if not wanted:
                break

    def figures(self, days: int) -> dict[str, int]:
        """What the programme came to in *days* days. The value at which it breaks even holds behaviour as it was."""
        plan, credits_fen = self._plan, self._spent()
        benefit = self.added_g * plan.benefit_fen_t.value // _G_PER_T
        cost = self.rewards + self.running + credits_fen
        borne = self.redeemed * (BPS - plan.merchant_bps.value)
        left = benefit - self.running - credits_fen
        return {
            "points_issued": self.issued,
            "points_redeemed": self.redeemed,
            "points_expired": self.expired,
            "points_outstanding": self.outstanding,
            "points_refused": self.refused,
            "points_breakage_bps": self.expired * BPS // self.issued if self.issued else 0,
            "points_retired_t": self.retired_t,
            "points_saved_t": self.saved_g // _G_PER_T,
            "points_added_t": self.added_g // _G_PER_T,
            "points_cost_fen": cost,
            "points_net_fen": benefit - cost,
            "points_break_even_fen": max(0, left * _THOUSAND * BPS // borne) if borne else 0,
            "points_lasted_days": days if self.lasted_days is None else self.lasted_days,
            "points_ran_out": int(self.lasted_days is not None),
        }
