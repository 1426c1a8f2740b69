"""
One run: a scenario, one setting of its levers, one replication, played day by day on the engine.

A day: what was lost or found false is cancelled, and the registry issues; on a working day everybody trades, in a
random order; what was traded is delivered; then what is due is retired and paid. Auctions begin and close in between,
by the calendar.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from exchange.engine import commands as c
from exchange.engine.events import Event
from exchange.engine.market import dissolve
from exchange.engine.modes.auctions import messages as auctions
from exchange.instruments.presets.telling import band_around
from exchange.simulation.abatement import Curve, curve_of
from exchange.simulation.agents import (
    YEAR_DAYS,
    Agent,
    Developer,
    Maker,
    PlayedRegion,
    RandomBuyer,
    Speculator,
)
from exchange.simulation.demand import Enterprise, Organiser, Volunteer
from exchange.simulation.donations import Donations, Giver
from exchange.simulation.kilns import issued_t
from exchange.simulation.ledger import Ledger
from exchange.simulation.losses import Reversals, Verifier
from exchange.simulation.parameters import BPS
from exchange.simulation.plans import (
    DONORS,
    POINTS,
    REGULATOR,
    RESERVE,
    SPONSOR,
    CoveredPlan,
    MakersPlan,
    OrganisersPlan,
    PopulationPlan,
    RandomPlan,
    Scenario,
    SpeculatorsPlan,
    VoluntaryPlan,
)
from exchange.simulation.points import PointsProgramme
from exchange.simulation.presets import band_of, rules_of
from exchange.simulation.regulator import Reserve, Support
from exchange.simulation.results import WEEK_DAYS, DayLine, LiabilityLine, RunResult, measured, unsold_t
from exchange.simulation.schedule import Schedule, own_copy, set_value
from exchange.simulation.seeds import Draws
from exchange.simulation.venue import DAY_S, Desk, PlayedVenue
from exchange.simulation.ways import ways_of
from registry.methodologies.calendars import calendar
from schemas.serials import KG_PER_T

FEES: Final = 1
"""The account of the venue's fees."""


class World:
    """
    A region while it is played. *agents* are in the order of the scenario; *developers* are among them.

    *after* is called after every command, and *evening* after every day; tests check there that nothing is lost.

    With a *schedule*, parameters change on its days. `LookupError` and `ValueError` are raised on a day that names no
    parameter, or a value outside its range.
    """

    def __init__(
        self,
        scenario: Scenario,
        replication: int,
        after: Callable[[PlayedVenue, c.Command, list[Event]], None] | None = None,
        evening: Callable[["World"], None] | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        self.scenario = scenario = own_copy(scenario) if schedule else scenario
        self._schedule = schedule or {}
        self.replication = replication
        self.ledger = Ledger()
        self.venue = PlayedVenue(rules_of(scenario.venue), self.ledger, after)
        self.ways = self.venue.ways = ways_of(scenario, self.venue)
        self.days: list[DayLine] = []
        self.liabilities: list[LiabilityLine] = []
        self.reversals = Reversals(self.ledger)
        self.verifier = Verifier(scenario.verification, self.ledger) if scenario.verification is not None else None
        self.points: PointsProgramme | None = None
        self.donations: Donations | None = None
        self.support: Support | None = None
        self._evening = evening
        self.agents: list[Agent] = []
        self.developers: dict[str, list[Developer]] = {}
        self.stock: dict[str, list[int]] = {name: [] for name in scenario.project}
        self.region = self._region()
        self._account = FEES
        self._order = self._draws("order")
        self._begun: set[int] = set()
        self._open_instruments()
        self._add_developers()
        self._reserve = self._add_reserve()
        for name, plan in scenario.population.items():
            self._add_population(name, plan)
        self._add_programmes()
        self._turns = list(range(len(self.agents)))

    def _draws(self, part: str) -> Draws:
        return Draws(self.scenario.seed, self.replication, part)

    def _region(self) -> PlayedRegion:
        """What everybody knows. Instruments are numbered from 1 in the scenario's order, the reserve comes last."""
        scenario = self.scenario
        numbered = list(enumerate(scenario.project.values(), 1))
        local = {number for number, plan in numbered if plan.local}
        if scenario.policy.reserve_t.value:
            local.add(len(numbered) + 1)
        others = {number for number, plan in numbered if not plan.local}
        selling, auction_days = self.venue.rules.selling, scenario.venue.auction_days.value
        numbers = (frozenset(local), frozenset(others))
        return PlayedRegion(scenario.policy, *numbers, selling, auction_days, self._allowances(), scenario.reduce_first)

    def _allowances(self) -> tuple[int, ...]:
        """The price of an allowance on each day: a walk that no one here moves."""
        draws, price = self._draws("allowance"), max(1, self.scenario.policy.allowance_fen_t.value)
        step, found = self.scenario.policy.allowance_step_bps.value, []
        for _ in range(self.scenario.horizon.days.value):
            found.append(price)
            price = max(1, draws.around(price, step))
        return tuple(found)

    def _open_instruments(self) -> None:
        said = [each.reference_fen_t for each in self.scenario.project.values()]
        references = [each.value if each is not None else 0 for each in said]
        references.append(self.scenario.policy.reserve_fen_t.value)
        for number in sorted(self.region.local | self.region.others):
            self.venue.open_instrument(number, references[number - 1], self.scenario.venue.fee_bps.value, FEES)
            if self.ways is not None:
                self.ways.opened(number)

    def _desk(self, population: str) -> Desk:
        self._account += 1
        return Desk(self.venue, self._account, population)

    def _add_developers(self) -> None:
        for number, (name, plan) in enumerate(self.scenario.project.items(), 1):
            self.developers[name] = [
                Developer(self._desk(name), plan, number, self.region, self._draws(f"project.{name}.{at}"))
                for at in range(plan.developers.value)
            ]
            self.agents += self.developers[name]
            for at, each in enumerate(self.developers[name]):
                if self.ways is not None:
                    self.ways.add(each, self._draws(f"blocks.{name}.{at}"))
                if plan.reversal is not None:
                    self.reversals.add(each, plan.reversal, self._draws(f"reversal.{name}.{at}"))
                if self.verifier is not None:
                    self.verifier.add(each, self._draws(f"verification.{name}.{at}"))

    def _add_reserve(self) -> Desk | None:
        if not self.scenario.policy.reserve_t.value:
            return None
        desk = self._desk(RESERVE)
        self.agents.append(Reserve(desk, len(self.scenario.project) + 1, self.region))
        return desk

    def _add_population(self, name: str, plan: PopulationPlan) -> None:
        for at in range(plan.count.value):
            desk, draws = self._desk(name), self._draws(f"population.{name}.{at}")
            curve = _curve_of(plan, self._draws(f"abatement.{name}.{at}"))
            self.agents.append(_agent_of(plan, desk, self.region, draws, curve))

    def _add_programmes(self) -> None:
        """Add the agents of sections that a scenario may leave out; they come last, and move no draw of others."""
        scenario, region = self.scenario, self.region
        if scenario.regulator is not None and scenario.regulator.support_fen.value:
            self.support = Support(self._desk(REGULATOR), scenario.regulator, region)
            self.agents.append(self.support)
        if scenario.points is not None:
            self.points = PointsProgramme(self._desk(POINTS), scenario.points, region, self._draws("points"))
            self.agents.append(self.points)
        if scenario.donations is not None:
            donors, sponsor = (Giver(self._desk(name), scenario.donations, region) for name in (DONORS, SPONSOR))
            draws = (self._draws("donations"), self._draws("donations.more"))
            self.donations = Donations(scenario.donations, donors, sponsor, draws)
            self.agents += (donors, sponsor)

    def play(self) -> RunResult:
        """Play all days and measure them."""
        try:
            for day in range(self.scenario.horizon.days.value):
                self.play_day(day)
            for each in self.developers.values():
                for developer in each:
                    developer.go_home()
            self.venue.end_day(self.scenario.horizon.days.value)
            self.check()
            return measured(self)
        finally:
            self.dissolve()

    def dissolve(self) -> None:
        """Give the market up: nothing else frees its orders, and a process plays thousands of runs."""
        dissolve(self.venue.engine.market)

    def play_day(self, day: int) -> None:
        """Play one day; days are played in turn, from 0 on."""
        self._morning(day)
        if _is_working_day(self.scenario.horizon.start + timedelta(days=day), calendar().covered):
            self._trade(day)
        self._measure(day)
        self.venue.end_day(day)
        for agent in self.agents:
            agent.close(day)
        self.venue.board.publish_closes()
        if self._ends_week(day):
            self.liabilities.append(self._liability(day))
        if self._evening is not None:
            self._evening(self)

    def _trade(self, day: int) -> None:
        """Let everybody act in a random order, between the opening and the close of the venue."""
        self.venue.begin_day(day)
        if self.ways is not None:
            self.ways.begin_day(day)
        self._follow_prices()
        self._order.shuffle(self._turns)
        for at in self._turns:
            self.agents[at].act(day)
        self.venue.close_book(day)
        if self.ways is not None:
            self.ways.close_book(day)

    def _follow_prices(self) -> None:
        """Move the band around each last price, where the regulator has that rule."""
        plan, rules = self.scenario.regulator, self.venue.rules
        if plan is None or not plan.band_bps.value:
            return
        low, high = band_of(rules, 0)
        for number, last in self.venue.board.last.items():
            around = band_around(last, plan.band_bps.value, rules.tick)
            self.venue.set_band(number, max(low, around[0]), min(high, around[1]))

    def _ends_week(self, day: int) -> bool:
        """Whether a week ends today; the last day ends one that is shorter."""
        return day % WEEK_DAYS == WEEK_DAYS - 1 or day == self.scenario.horizon.days.value - 1

    def _liability(self, day: int) -> LiabilityLine:
        """What is owed at the end of a day."""
        enterprises = [each for each in self.agents if isinstance(each, Enterprise)]
        owed_t = sum(each.owed_t + each.open_t(day) for each in enterprises)
        points = self.points.outstanding if self.points is not None else 0
        return LiabilityLine(day, owed_t, self.uncovered_t, points)

    @property
    def uncovered_t(self) -> int:
        """Tonnes that were issued, are not there, and were cancelled nowhere; parts of one count as a whole."""
        reversed_t = -(-(self.reversals.lost_kg - self.reversals.covered_kg) // KG_PER_T)
        return reversed_t + (self.verifier.uncovered_t if self.verifier is not None else 0)

    def check(self) -> None:
        """Assert that every kilogram, every fen and every point is in one place, by adding all of them up."""
        self.ledger.check(self.venue.engine.market)
        for each in (self.points, self.donations):
            if each is not None:
                each.check()

    def _change(self, day: int) -> None:
        """Change the rules that change today, and the band if it is among them."""
        changes = self._schedule.get(day, {})
        for name, value in changes.items():
            set_value(self.scenario, name, value)
        if {"venue.floor_fen_t", "venue.ceiling_fen_t"} & changes.keys():
            self.venue.rules = rules_of(self.scenario.venue)
            for number in sorted(self.region.local | self.region.others):
                self.venue.set_band(number, *band_of(self.venue.rules, self.venue.board.last.get(number, 0)))

    def _morning(self, day: int) -> None:
        """Change of rules, money of the year, losses, issuances, and what the calendar does."""
        self._change(day)
        self.reversals.morning(day)
        if self.verifier is not None:
            self.verifier.morning(day)
        if self.support is not None:
            self.support.morning(day)
        if self.donations is not None:
            self.donations.morning(day)
        if day % YEAR_DAYS == 0:
            self._pay_in()
        for number, (name, plan) in enumerate(self.scenario.project.items(), 1):
            since = day - plan.first_day.value
            if since >= 0 and since % plan.every_days.value == 0:
                for each in self.developers[name]:
                    real_t = issued_t(plan)
                    claimed_t = self.verifier.claimed(each, real_t, day) if self.verifier is not None else real_t
                    self._issue(each.desk, number, claimed_t)
                    self.reversals.issued(each, real_t)
                    each.issued(day)
        if self._reserve is not None and day % YEAR_DAYS == 0:
            self._issue(self._reserve, len(self.scenario.project) + 1, self.scenario.policy.reserve_t.value)
        self._auctions(day)
        if self.ways is not None:
            self.ways.morning(day)

    def _issue(self, desk: Desk, number: int, issued_t: int) -> None:
        sellable_t = self.ledger.issue(number, issued_t, self.scenario.policy.buffer_bps.value)
        desk.deposit(number, sellable_t)

    def _pay_in(self) -> None:
        plans = self.scenario.population
        for agent in self.agents:
            plan = plans.get(agent.desk.population)
            if isinstance(plan, RandomPlan | OrganisersPlan):
                agent.desk.pay_in(_enough(plan, self.scenario) - agent.desk.cash_fen)
            elif plan is not None:
                agent.desk.pay_in(plan.cash_fen.value)

    def _auctions(self, day: int) -> None:
        """Begin and close auctions whose time has come."""
        for offer in self.venue.board.offers():
            if not offer.closes:
                continue
            if day * DAY_S >= offer.closes:
                self.venue.instruct(auctions.CloseAuction, offer.number, day * DAY_S, b"")
                self.venue.offers.pop(offer.number, None)
            elif day * DAY_S >= offer.opens and offer.number not in self._begun:
                self._begun.add(offer.number)
                self.venue.instruct(auctions.BeginAuction, offer.number)

    def _measure(self, day: int) -> None:
        """Add up the day's published trades by instrument and mode."""
        lines: dict[tuple[int, str], list[int]] = {}
        for each in self.venue.today:
            line = lines.setdefault((each.instrument, each.mode), [0, 0, 0])
            line[0] += each.quantity
            line[1] += each.quantity * each.price
            line[2] = each.price
        self.days += [DayLine(day, *key, *line) for key, line in sorted(lines.items())]
        if self._ends_week(day):
            for name, weeks in self.stock.items():
                weeks.append(unsold_t(self, name))


def _is_working_day(day: date, covered: tuple[int, ...]) -> bool:
    """Ask the registry's calendar; years that it does not have are as a simulated region assumes them."""
    return calendar().is_working_day(day, assume=day.year not in covered)


def _curve_of(plan: PopulationPlan, draws: Draws) -> Curve | None:
    if isinstance(plan, CoveredPlan | VoluntaryPlan) and plan.abatement is not None:
        return curve_of(plan.abatement, draws)
    return None


def _agent_of(plan: PopulationPlan, desk: Desk, region: PlayedRegion, draws: Draws, curve: Curve | None) -> Agent:
    match plan:
        case CoveredPlan():
            return Enterprise(desk, plan, region, draws, curve)
        case VoluntaryPlan():
            return Volunteer(desk, plan, region, draws, curve)
        case OrganisersPlan():
            return Organiser(desk, plan, region, draws)
        case MakersPlan():
            return Maker(desk, plan, region)
        case SpeculatorsPlan():
            return Speculator(desk, plan, region, draws)
        case RandomPlan():
            return RandomBuyer(desk, plan, region, draws)


def _enough(plan: RandomPlan | OrganisersPlan, scenario: Scenario) -> int:
    """Money for all that these people may want, at the most they pay."""
    lot = rules_of(scenario.venue).lot
    if isinstance(plan, RandomPlan):
        return plan.high_fen_t.value * lot
    mass = plan.mass_t.value * (BPS + plan.spread_bps.value) // BPS + lot
    return plan.events.value * mass * (plan.most_fen_t.value * (BPS + plan.spread_bps.value) // BPS)
