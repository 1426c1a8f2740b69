"""
One run: a scenario, one setting of its levers, one replication, played day by day on the engine.

A day: the registry issues; on a working day everybody trades, in a random order; what was traded is delivered; then
what is due is retired and paid. Auctions begin and close in between, by the calendar.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Final

from exchange.engine import commands as c
from exchange.engine.modes.auctions import messages as auctions
from exchange.simulation.agents import (
    YEAR_DAYS,
    Agent,
    Developer,
    Maker,
    PlayedRegion,
    RandomBuyer,
    Reserve,
    Speculator,
)
from exchange.simulation.demand import Enterprise, Organiser, Volunteer
from exchange.simulation.kilns import issued_t
from exchange.simulation.ledger import Ledger
from exchange.simulation.parameters import BPS
from exchange.simulation.plans import (
    CoveredPlan,
    MakersPlan,
    OrganisersPlan,
    PopulationPlan,
    RandomPlan,
    Scenario,
    SpeculatorsPlan,
    VoluntaryPlan,
)
from exchange.simulation.results import DayLine, RunResult, measured
from exchange.simulation.schedule import Schedule, own_copy, set_value
from exchange.simulation.seeds import Draws
from exchange.simulation.venue import DAY_S, Desk, PlayedVenue
from registry.methodologies.calendars import calendar

FEES: Final = 1
"""The account of the venue's fees."""


class World:
    """
    A region while it is played. *agents* are in the order of the scenario; *developers* are among them.

    With a *schedule*, parameters change on its days. `LookupError` and `ValueError` are raised on a day that names no
    parameter, or a value outside its range.
    """

    def __init__(
        self,
        scenario: Scenario,
        replication: int,
        after: Callable[[PlayedVenue], None] | None = None,
        schedule: Schedule | None = None,
    ) -> None:
        self.scenario = scenario = own_copy(scenario) if schedule else scenario
        self._schedule = schedule or {}
        self.replication = replication
        self.ledger = Ledger()
        self.venue = PlayedVenue(scenario.venue, self.ledger, after)
        self.days: list[DayLine] = []
        self.agents: list[Agent] = []
        self.developers: dict[str, list[Developer]] = {}
        self.region = self._region()
        self._account = FEES
        self._order = self._draws("order")
        self._begun: set[int] = set()
        self._open_instruments()
        self._add_developers()
        self._reserve = self._add_reserve()
        for name, plan in scenario.population.items():
            self._add_population(name, plan)
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
        selling, auction_days = scenario.venue.selling.value, scenario.venue.auction_days.value
        return PlayedRegion(
            scenario.policy, frozenset(local), frozenset(others), selling, auction_days, self._allowances()
        )

    def _allowances(self) -> tuple[int, ...]:
        """The price of an allowance on each day: a walk that no one here moves."""
        draws, price = self._draws("allowance"), max(1, self.scenario.policy.allowance_fen_t.value)
        step, found = self.scenario.policy.allowance_step_bps.value, []
        for _ in range(self.scenario.horizon.days.value):
            found.append(price)
            price = max(1, draws.around(price, step))
        return tuple(found)

    def _open_instruments(self) -> None:
        plan = self.scenario.venue
        rules = (plan.tick_fen.value, plan.lot_t.value, plan.floor_fen_t.value, plan.ceiling_fen_t.value)
        for number in sorted(self.region.local | self.region.others):
            self.venue.instruct(c.OpenInstrument, number, *rules, plan.fee_bps.value, FEES, FEES)

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

    def _add_reserve(self) -> Desk | None:
        if not self.scenario.policy.reserve_t.value:
            return None
        desk = self._desk("reserve")
        self.agents.append(Reserve(desk, len(self.scenario.project) + 1, self.region))
        return desk

    def _add_population(self, name: str, plan: PopulationPlan) -> None:
        for at in range(plan.count.value):
            desk, draws = self._desk(name), self._draws(f"population.{name}.{at}")
            self.agents.append(_agent_of(plan, desk, self.region, draws))

    def play(self) -> RunResult:
        """Play all days and measure them."""
        for day in range(self.scenario.horizon.days.value):
            self.play_day(day)
        for each in self.developers.values():
            for developer in each:
                developer.go_home()
        self.venue.end_day(self.scenario.horizon.days.value)
        self.ledger.check(self.venue.engine.market)
        return measured(self)

    def play_day(self, day: int) -> None:
        """Play one day; days are played in turn, from 0 on."""
        self._morning(day)
        if _is_working_day(self.scenario.horizon.start + timedelta(days=day), calendar().covered):
            self._order.shuffle(self._turns)
            for at in self._turns:
                self.agents[at].act(day)
        self._measure(day)
        self.venue.end_day(day)
        for agent in self.agents:
            agent.close(day)
        self.venue.board.publish_closes()

    def _change(self, day: int) -> None:
        """Change the rules that change today, and the band if it is among them."""
        changes = self._schedule.get(day, {})
        for name, value in changes.items():
            set_value(self.scenario, name, value)
        if {"venue.floor_fen_t", "venue.ceiling_fen_t"} & changes.keys():
            plan = self.scenario.venue
            for number in sorted(self.region.local | self.region.others):
                self.venue.instruct(c.SetBand, number, plan.floor_fen_t.value, plan.ceiling_fen_t.value)

    def _morning(self, day: int) -> None:
        """Change of rules, money of the year, issuances, and what the calendar does."""
        self._change(day)
        if day % YEAR_DAYS == 0:
            self._pay_in()
        for number, (name, plan) in enumerate(self.scenario.project.items(), 1):
            since = day - plan.first_day.value
            if since >= 0 and since % plan.every_days.value == 0:
                for each in self.developers[name]:
                    self._issue(each.desk, number, issued_t(plan))
                    each.issued(day)
        if self._reserve is not None and day % YEAR_DAYS == 0:
            self._issue(self._reserve, len(self.scenario.project) + 1, self.scenario.policy.reserve_t.value)
        self._auctions(day)

    def _issue(self, desk: Desk, number: int, issued_t: int) -> None:
        sellable_t = self.ledger.issue(number, issued_t, self.scenario.policy.buffer_bps.value)
        self.venue.deposit(desk.account, number, sellable_t)

    def _pay_in(self) -> None:
        plans = self.scenario.population
        for agent in self.agents:
            plan = plans.get(agent.desk.population)
            if isinstance(plan, RandomPlan | OrganisersPlan):
                self.venue.pay_in(agent.desk.account, _enough(plan, self.scenario) - agent.desk.cash_fen)
            elif plan is not None:
                self.venue.pay_in(agent.desk.account, plan.cash_fen.value)

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


def _is_working_day(day: date, covered: tuple[int, ...]) -> bool:
    """Ask the registry's calendar; years that it does not have are as a simulated region assumes them."""
    return calendar().is_working_day(day, assume=day.year not in covered)


def _agent_of(plan: PopulationPlan, desk: Desk, region: PlayedRegion, draws: Draws) -> Agent:
    match plan:
        case CoveredPlan():
            return Enterprise(desk, plan, region, draws)
        case VoluntaryPlan():
            return Volunteer(desk, plan, region, draws)
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
    lot = scenario.venue.lot_t.value
    if isinstance(plan, RandomPlan):
        return plan.high_fen_t.value * lot
    mass = plan.mass_t.value * (BPS + plan.spread_bps.value) // BPS + lot
    return plan.events.value * mass * (plan.most_fen_t.value * (BPS + plan.spread_bps.value) // BPS)
