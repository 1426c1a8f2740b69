"""Who buys to retire: covered enterprises, voluntary enterprises, organisers of events."""

from collections import Counter
from collections.abc import Sequence

from exchange.simulation.abatement import NOTHING, ChosenReduction, Curve, chosen
from exchange.simulation.agents import YEAR_DAYS, PlayedRegion
from exchange.simulation.buying import Wish, buy
from exchange.simulation.parameters import BPS
from exchange.simulation.plans import CoveredPlan, OrganisersPlan, VoluntaryPlan
from exchange.simulation.seeds import Draws
from exchange.simulation.venue import Desk

ACTIVE_BPS = 2_500
"""How often, of ten thousand working days, an enterprise that needs credits goes to the market."""
HURRY_DAYS = 5
"""So close to its deadline it goes every day."""
FIRST_LIMIT_BPS = 8_500
"""What it pays at first, of what the alternative costs; this rises to all of it by the deadline."""


class Enterprise:
    """
    Covers part of its emissions with credits by the deadline, and the rest with allowances or the penalty.

    *credits_fen* is what it paid for credits, *rest_fen* for the rest, *reduction_fen* for what it reduced itself, all
    by deadlines that have come. *used_t* is what it retired, *short_t* what of its cap it could have covered and did
    not, *reduced_t* what it reduced, *covered_t* the emissions of those deadlines before that. *owed_t* are tonnes that
    it paid the penalty for in place of an allowance. With a *curve* it reduces once, and for all years alike.
    """

    def __init__(
        self, desk: Desk, plan: CoveredPlan, region: PlayedRegion, draws: Draws, curve: Curve | None = None
    ) -> None:
        self.desk = desk
        self.credits_fen = self.rest_fen = self.reduction_fen = 0
        self.used_t = self.short_t = self.reduced_t = self.covered_t = self.owed_t = 0
        self._plan = plan
        self._region = region
        self._local, self._others = sorted(region.local), sorted(region.others)
        self._draws = draws
        self._baseline_t = draws.around(plan.emissions_t.value, plan.spread_bps.value)
        self._reduction = self._reduced_by(curve)
        self._emissions_t = self._baseline_t - self._baseline_t * self._reduction.reduced_bps // BPS
        late = draws.happens(plan.late_bps.value)
        deadline = region.policy.deadline_day.value
        first = max(0, deadline - plan.window_days.value) if late else 0
        self._start = draws.between(first, max(first, deadline - 1))

    @property
    def need_t(self) -> int:
        """Whole lots that it may cover with credits under the rules of the day."""
        may_t = self._emissions_t * self._region.policy.offset_cap_bps.value // BPS if self._reduction.counts else 0
        return self.desk.board.lots(may_t)

    @property
    def _most_others_t(self) -> int:
        """How many of them need not be local."""
        return self.need_t * (BPS - self._region.policy.local_share_bps.value) // BPS

    def _reduced_by(self, curve: Curve | None) -> ChosenReduction:
        """Decide what to reduce; a credit is worth at least what the first limit leaves of the alternative."""
        if curve is None:
            return NOTHING
        price = self._alternative(0)
        worth = self._region.policy.offset_cap_bps.value * price * (BPS - FIRST_LIMIT_BPS) // BPS
        return chosen(curve, price, self._region.reduce_first, worth)

    def _alternative(self, day: int) -> int:
        """What a tonne costs that is not covered with credits."""
        return min(self._region.allowances[day], self._region.policy.penalty_fen_t.value)

    def act(self, day: int) -> None:
        """Buy a part of what is missing, at a limit that rises towards the deadline."""
        today, deadline = day % YEAR_DAYS, self._region.policy.deadline_day.value
        if not self._start <= today <= deadline:
            return
        left = deadline - today
        if left > HURRY_DAYS and not self._draws.happens(ACTIVE_BPS):
            return
        others = sum(self.desk.owned(each) for each in self._others)
        missing = self.need_t - others - sum(self.desk.owned(each) for each in self._local)
        part = max(self.desk.board.lot, missing // max(1, left // HURRY_DAYS))
        rooms = dict.fromkeys(self._local, max(0, missing))
        rooms |= dict.fromkeys(self._others, max(0, min(missing, self._most_others_t - others)))
        urgency_bps = (BPS - FIRST_LIMIT_BPS) * (today - self._start) // max(1, deadline - self._start)
        limit = self._alternative(day) * (FIRST_LIMIT_BPS + urgency_bps) // BPS
        buy(self.desk, day, Wish(min(part, missing), rooms, limit), waits=not self._region.selling)

    def close(self, day: int) -> None:
        """Get the year's money on its first day; retire and pay for the rest at its deadline."""
        if day % YEAR_DAYS == self._region.policy.deadline_day.value:
            self._comply(day)

    def _comply(self, day: int) -> None:
        self.desk.take_back()
        left = self.need_t
        local_used = self._retire(self._local, left)
        share = self._region.policy.local_share_bps.value
        most = local_used * (BPS - share) // share if share else left
        used = local_used + self._retire(self._others, min(left - local_used, most))
        self.used_t += used
        self.short_t += left - used
        self.rest_fen += (self._emissions_t - used) * self._alternative(day)
        if self._region.policy.penalty_fen_t.value < self._region.allowances[day]:
            self.owed_t += self._emissions_t - used
        self.covered_t += self._baseline_t
        self.reduced_t += self._baseline_t - self._emissions_t
        self.reduction_fen += self._baseline_t * self._reduction.cost_fen // BPS
        self.credits_fen += self._plan.cash_fen.value - self.desk.withdraw_cash() - self.desk.money_fen

    @property
    def counts(self) -> bool:
        """Whether credits count for it, because it reduced what it must."""
        return self._reduction.counts

    def open_t(self, day: int) -> int:
        """Tonnes that are to be covered by the year's deadline and are not in its hands; nothing once it has come."""
        if day % YEAR_DAYS >= self._region.policy.deadline_day.value:
            return 0
        held = sum(self.desk.owned(each) for each in (*self._local, *self._others))
        return self._emissions_t - min(held, self.need_t)

    def _retire(self, instruments: Sequence[int], most_t: int) -> int:
        done = 0
        for number in instruments:
            tonnes = min(most_t - done, self.desk.tonnes(number))
            self.desk.retire(number, tonnes)
            done += tonnes
        return done


class Volunteer:
    """
    Buys a little, every so many days, and retires it. *wanted_t* is what it set out to buy, *missing_t* the lack.

    Where the day is not a working day it goes to the market on the next one.

    With a *curve* it reduces a part of it: *reduced_t* and *reduction_fen*, up to now.
    """

    def __init__(
        self, desk: Desk, plan: VoluntaryPlan, region: PlayedRegion, draws: Draws, curve: Curve | None = None
    ) -> None:
        self.desk = desk
        self.wanted_t = self.missing_t = self.reduced_t = self.reduction_fen = 0
        self._plan = plan
        self._region = region
        self._numbers = sorted(region.local | region.others)
        self._every = max(1, plan.every_days.value)
        self._phase = draws.below(self._every)
        self._set_out = 0
        self._limit = draws.around(plan.most_fen_t.value, plan.spread_bps.value)
        worth = BPS * plan.most_fen_t.value
        self._reduction = chosen(curve, self._limit, region.reduce_first, worth) if curve is not None else NOTHING

    def act(self, day: int) -> None:
        """Go to the market while something is wanted."""
        due = (day - self._phase) // self._every + 1 if day >= self._phase else 0
        if due > self._set_out:  # today is a due day, or the first working day after one or more
            self._want((due - self._set_out) * self._plan.size_t.value)
            self._set_out = due
        if self.missing_t:
            wish = Wish(self.missing_t, dict.fromkeys(self._numbers, self.missing_t), self._limit)
            buy(self.desk, day, wish, waits=not self._region.selling)

    def _want(self, emitted_t: int) -> None:
        """Reduce a part, and set out to buy the rest, unless credits do not count yet."""
        reduced_t = emitted_t * self._reduction.reduced_bps // BPS
        self.reduced_t += reduced_t
        self.reduction_fen += emitted_t * self._reduction.cost_fen // BPS
        self.missing_t = emitted_t - reduced_t if self._reduction.counts else 0
        self.wanted_t += self.missing_t

    @property
    def counts(self) -> bool:
        """Whether credits count for it, because it reduced what it must."""
        return self._reduction.counts

    def close(self, _day: int) -> None:
        """Retire what was delivered."""
        if not self.desk.delivered:
            return
        for number in self._numbers:
            tonnes = self.desk.tonnes(number)
            self.desk.retire(number, tonnes)
            self.missing_t = max(0, self.missing_t - tonnes)


class Organiser:
    """Makes its events carbon-neutral with local credits. *unmet_t* is what it could not buy by their days."""

    def __init__(self, desk: Desk, plan: OrganisersPlan, region: PlayedRegion, draws: Draws) -> None:
        self.desk = desk
        self.wanted_t = self.unmet_t = 0
        self._plan = plan
        self._region = region
        self._limit = draws.around(plan.most_fen_t.value, plan.spread_bps.value)
        self._local = sorted(region.local)
        self._events: Counter[int] = Counter()
        for _ in range(plan.events.value):
            self._events[draws.below(YEAR_DAYS)] += draws.around(plan.mass_t.value, plan.spread_bps.value)

    def act(self, day: int) -> None:
        """Buy for the events that are near."""
        today = day % YEAR_DAYS
        end, near = today + self._plan.lead_days.value, 0
        for at, mass in self._events.items():
            if today <= at <= end:
                near += mass
        if not near:
            return
        missing = near - sum(self.desk.owned(each) for each in self._local)
        if missing > 0:
            rooms = dict.fromkeys(self._local, missing)
            buy(
                self.desk,
                day,
                Wish(missing + self.desk.board.lot - 1, rooms, self._limit),
                waits=not self._region.selling,
            )

    def close(self, day: int) -> None:
        """Retire for the event of the day."""
        mass = self._events.get(day % YEAR_DAYS, 0)
        if not mass:
            return
        self.desk.take_back()
        left = mass
        for number in self._local:
            tonnes = min(left, self.desk.tonnes(number))
            self.desk.retire(number, tonnes)
            left -= tonnes
        self.wanted_t += mass
        self.unmet_t += left
