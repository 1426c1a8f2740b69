"""Runs: conserved after every command, the same for the same seed, independent by part, and at peace with extremes."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from exchange.engine.events import Reason
from exchange.simulation import MODEL_VERSION
from exchange.simulation.agents import Developer, RandomBuyer
from exchange.simulation.demand import Volunteer
from exchange.simulation.files import read, shipped
from exchange.simulation.kilns import issued_t
from exchange.simulation.plans import VoluntaryPlan
from exchange.simulation.runs import planned_runs
from exchange.simulation.seeds import Draws, seed_of
from exchange.simulation.world import World
from registry.methodologies.calendars import calendar
from tests.exchange.simulation.small import RHYTHM, SMALL, played, small

GOLDEN = {"volume_t": 9699, "trades": 59, "average_fen_t": 1350, "retired_t": 8150, "compliance_fen": 1_117_228_843}
"""Figures of the small scenario. They change with `MODEL_VERSION` or with the engine's rules, or not at all."""


@pytest.mark.parametrize(("selling", "reserve"), [(0, 0), (1, 0), (2, 0), (0, 5000)])
def test_kilograms_and_money_are_conserved_after_every_command(selling, reserve):
    """In the book, by listings, in auctions and with the regulator's reserve; and people do trade in each."""
    changes = {"venue__selling": selling, "policy__reserve_t": reserve, "policy__reserve_fen_t": 1000}
    world = played(small(**changes, policy__buffer_bps=333))
    assert len(world.venue.trades) > 20
    assert sum(world.ledger.retired.values()) > 0
    modes = {each.mode for each in world.days}
    assert {0: "book", 1: "listing", 2: "auction"}[selling] in modes


def test_the_check_of_conservation_bites():
    """A kilogram too many in the registry, or a fen too few at the bank, is found."""
    world = World(small(), 0)
    world.play()
    world.ledger.issued[1] += 1
    with pytest.raises(AssertionError, match="a kilogram"):
        world.ledger.check(world.venue.engine.market)
    world.ledger.issued[1] -= 1
    world.ledger.paid_in -= 1
    with pytest.raises(AssertionError, match="other money"):
        world.ledger.check(world.venue.engine.market)


def test_seeds_and_figures_are_golden():
    """The same scenario and replication draw the same numbers and come to the same figures everywhere and always."""
    draws = Draws(101, 0, "order")
    assert [345, 83, 766, 532, 744] == [draws.below(1000) for _ in range(5)]
    assert 11643852170434969486 == seed_of(0, 0, "order") >> 192
    result = World(small(), 0).play()
    assert (3, GOLDEN) == (MODEL_VERSION, {name: result.figures[name] for name in GOLDEN})


def test_a_finished_run_lets_go_of_its_orders():
    """Some are open at the end of its last day; they link each other out of the collector's sight."""
    left: list[int] = []
    world = World(small(), 0, evening=lambda world: left.append(len([*world.venue.engine.market.open_orders()])))
    world.play()
    assert left[-1] > 0
    assert [] == [*world.venue.engine.market.open_orders()]
    books = [each.book for each in world.venue.engine.market.instruments.values()]
    assert not any(side.levels for book in books for side in (book.bids, book.asks))


def test_a_run_that_fails_lets_go_of_them_too():
    """A sweep reports it and plays on in the same process."""

    def fails(world: World) -> None:
        if [*world.venue.engine.market.open_orders()]:
            raise RuntimeError("one failing run")

    world = World(small(), 0, evening=fails)
    with pytest.raises(RuntimeError, match="one failing run"):
        world.play()
    assert [] == [*world.venue.engine.market.open_orders()]


def test_replications_and_seeds_differ():
    """No two replications share a seed, seed 0 is a seed, and another seed is another run."""
    heads = {played(small(), number).venue.hash for number in range(3)}
    assert 3 == len(heads)
    assert len({seed_of(seed, number, "order") for seed in (0, 1) for number in range(50)}) == 100
    assert [Draws(0, 0, "x").below(1000)] != [Draws(1, 0, "x").below(1000)]
    zero = read(RHYTHM.replace("seed = 101", "seed = 0"), SMALL)
    assert played(zero).venue.hash != played(small()).venue.hash


def costs_of(world: World) -> Sequence[int]:
    """What was drawn for the developers."""
    return [each.cost for them in world.developers.values() for each in them]


def test_adding_people_moves_no_draw_of_others():
    """Costs and allowance prices are the same with more offices, more kilns, and other people."""
    before = World(small(), 0)
    after = World(small(population__offices__count=50, project__forest__developers=20), 0)
    assert before.region.allowances == after.region.allowances
    assert [each.cost for each in before.developers["kiln"]] == [each.cost for each in after.developers["kiln"]]
    assert costs_of(before)[:14] == costs_of(after)[:14]
    assert costs_of(before)[14:] == costs_of(after)[-12:]


@pytest.mark.parametrize(
    ("changes", "trades"),
    [
        ({"policy__offset_cap_bps": 0}, True),
        ({"venue__floor_fen_t": 12000, "venue__ceiling_fen_t": 30000}, False),
        ({"project__kiln__issued_t": 0, "project__forest__issued_t": 0, "project__elsewhere__issued_t": 0}, False),
        ({"project__kiln__developers": 1, "project__forest__developers": 0, "project__elsewhere__developers": 0}, True),
        (
            {
                **{f"population__{name}__cash_fen": 0 for name in ("mills", "offices", "traders", "quoters")},
                "population__hosts__count": 0,
            },
            False,
        ),
        ({"policy__local_share_bps": 10_000, "project__kiln__issued_t": 0, "project__forest__issued_t": 0}, True),
    ],
    ids=["cap-zero", "floor-above-every-bid", "no-supply", "monopolist", "all-bankrupt", "nothing-local"],
)
def test_extremes_end_and_conserve(changes, trades):
    """Whatever a scenario asks for within its ranges, the days pass and everything adds up."""
    world = played(small(**changes))
    assert trades == bool(world.venue.trades)
    assert world.ledger.paid_in >= world.ledger.paid_out


def test_a_monopolist_sells_everything_that_is_sold():
    """One developer: the largest seller has all of the primary market, and less cannot be."""
    result = World(
        small(
            project__kiln__developers=1,
            project__forest__developers=0,
            project__elsewhere__developers=0,
            population__traders__count=0,
            population__quoters__count=0,
        ),
        0,
    ).play()
    assert 10_000 == result.figures["largest_seller_bps"]


def test_nobody_sells_below_cost_or_pays_more_than_it_is_worth():
    """A developer's trades are at its cost or above; its books say what it was paid."""
    world = played(small())
    costs = {each.desk.account: each.cost for each in world.agents if isinstance(each, Developer)}
    assert all(each.price >= costs[each.seller] for each in world.venue.trades if each.seller in costs)
    paid = sum(each.price * each.quantity - each.fee for each in world.venue.trades if each.seller in costs)
    assert paid == sum(dev.income_fen for them in world.developers.values() for dev in them)


def test_orders_pass_every_check_of_the_engine():
    """People know the rules: all but commands that lost a race within the day are taken."""
    world = played(small())
    assert set(world.venue.refusals) <= {Reason.NOT_OPEN}


def competitive(costs: Sequence[int], values: Sequence[int]) -> tuple[int, int, int]:
    """Return the lowest and highest price at which as much is offered as wanted, and what is to be gained there."""
    pairs = [(value, cost) for value, cost in zip(sorted(values)[::-1], sorted(costs), strict=False) if value >= cost]
    count = len(pairs)
    low = max(pairs[-1][1], sorted(values)[::-1][count])
    high = min(pairs[-1][0], sorted(costs)[count])
    return low, high, sum(value - cost for value, cost in pairs)


def test_zero_intelligence_finds_the_competitive_price():
    """
    Buyers and sellers who know nothing but their own limits come to the price where supply meets demand.

    Gode and Sunder 1993: efficiency above 90 % in each of ten markets, and prices within a tenth on average.
    """
    scenario, apart = read(shipped()["zero-intelligence"]), []
    for number in range(10):
        world = World(scenario, number)
        result = world.play()
        buyers = [each for each in world.agents if isinstance(each, RandomBuyer)]
        sellers = world.developers["sellers"]
        low, high, most = competitive([each.cost for each in sellers], [each.value for each in buyers])
        gained = sum(each.value for each in buyers if each.served) - sum(
            each.cost for each in sellers if each.income_fen
        )
        assert gained >= 0.9 * most
        apart.append(result.figures["average_fen_t"] / ((low + high) / 2) - 1)
    assert abs(sum(apart) / len(apart)) < 0.1
    assert max(map(abs, apart)) < 0.2


def test_kilns_are_issued_what_the_registrys_formula_says():
    """21.62 t for 10^4 Nm³ of gas, less 54,071 kWh of the grid: 1,405 t at 140 g/kWh, nothing from 400 on."""
    text = shipped()["kiln-grid-factor"]
    issued = {}
    for grid in (0, 140, 399, 400, 531):
        issued[grid] = issued_t(read(text, {"project.kiln.kiln.grid_g_kwh": grid}).project["kiln"])
    assert {0: 2162, 140: 1405, 399: 4, 400: 0, 531: 0} == issued
    world = played(read(text, {**SMALL, "project.kiln.kiln.grid_g_kwh": 140}))
    assert 6 * issued[140] * 1000 == world.ledger.issued[1]


@pytest.mark.parametrize("name", shipped())
def test_every_shipped_scenario_is_played_to_its_end(name):
    """People trade in it, what they buy is retired, and everything adds up at the end."""
    figures = World(read(shipped()[name]), 0).play().figures
    assert min(figures[each] for each in ("trades", "issued_t", "retired_t", "income_fen")) > 0


@pytest.mark.long
@pytest.mark.parametrize("name", shipped())
def test_every_setting_of_every_shipped_scenario_conserves(name):
    """Each combination of its levers, with kilograms and money added up after every command."""
    for planned in planned_runs(shipped()[name], replications=1):
        played(planned.scenario())


def test_a_purchase_that_is_due_on_a_day_off_is_made_on_the_next_working_day():
    """Volunteers set out to buy for every due day that a working day has followed, and for none twice."""
    scenario = small()
    world = played(scenario)
    table, plan = calendar(), scenario.population["offices"]
    assert isinstance(plan, VoluntaryPlan)
    every, size = plan.every_days.value, plan.size_t.value
    open_days = [
        at for at in range(90) if table.is_working_day(scenario.horizon.start + timedelta(days=at), assume=False)
    ]
    volunteers = [each for each in world.agents if isinstance(each, Volunteer)]
    off = 0
    for at, each in enumerate(volunteers):
        phase = Draws(scenario.seed, 0, f"population.offices.{at}").below(every)
        due = [day for day in range(phase, 90, every) if any(day <= one for one in open_days)]
        off += sum(day not in open_days for day in due)
        assert len(due) * size == each.wanted_t
    assert off > 0, "some were due on a day off"
