"""Points: conserved after every command, tied to credits as the scenario says, and stopped where the money ends."""

import pytest

from exchange.simulation.files import ScenarioWrong, read, shipped
from exchange.simulation.points import PointsProgramme
from exchange.simulation.world import World
from tests.exchange.simulation.small import SMALL, played

TEXT = shipped()["points-coupling"]


def programme(**changes: int) -> tuple[World, PointsProgramme]:
    """Play a small city; kilograms, money and points are checked after every command."""
    values = {f"points.{name}": value for name, value in changes.items()}
    world = played(read(TEXT, {**SMALL, "points.residents": 5_000, "points.life_days": 40, **values}))
    assert world.points is not None
    return world, world.points


@pytest.mark.parametrize("coupling", [0, 1, 2])
def test_points_are_conserved_after_every_command(coupling):
    """Issued are redeemed, expired or outstanding; credits are retired where points are tied to them."""
    world, points = programme(coupling=coupling)
    assert min(points.issued, points.redeemed, points.expired, points.outstanding) > 0
    assert points.issued == points.redeemed + points.expired + points.outstanding
    retired = sum(kg for (_, who), kg in world.ledger.retired.items() if who == "points")
    assert points.retired_t * 1000 == retired
    assert (points.retired_t > 0) == (coupling > 0)


def test_the_check_of_points_bites():
    """A point too many, a fen too few, and a point without a credit behind it are found."""
    _, points = programme(coupling=1)
    points.issued += 1
    with pytest.raises(AssertionError, match="a point is lost"):
        points.check()
    points.issued -= 1
    points.rewards += 1
    with pytest.raises(AssertionError, match="other money"):
        points.check()
    points.rewards -= 1
    points.retired_t = 0
    with pytest.raises(AssertionError, match="without a credit"):
        points.check()


def test_points_that_must_be_backed_are_not_issued_before_there_are_credits():
    """The first credits are issued on day 10: until they are bought and retired, acts earn nothing."""
    issued: list[int] = []
    scenario = read(TEXT, {**SMALL, "points.coupling": 1, "points.residents": 5_000})
    World(scenario, 0, evening=lambda world: issued.append(world.points.issued if world.points else -1)).play()
    assert [0] * 10 == issued[:10]
    assert issued[-1] > 0
    _, none = programme(coupling=1, most_fen_t=1)
    assert (0, 0) == (none.issued, none.retired_t)
    assert none.refused > 0


def test_a_programme_stops_where_its_money_ends():
    """What it lasted is told; nothing is paid that is not there, and who asked later is counted."""
    _, rich = programme(value_fen_1000=400)
    _, poor = programme(value_fen_1000=400, budget_fen=60_000, running_fen=20_000)
    figures = {name: each.figures(90) for name, each in (("rich", rich), ("poor", poor))}
    assert (90, 0) == tuple(figures["rich"][name] for name in ("points_lasted_days", "points_ran_out"))
    assert figures["poor"]["points_lasted_days"] < 90
    assert figures["poor"]["points_ran_out"] == 1
    assert 0 <= poor.treasury < 60_000
    assert poor.redeemed < rich.redeemed


def test_a_budget_buys_credits_for_each_point_and_no_more():
    """What credits cost is within so many fen for each thousand points, and close to it once sellers are there."""
    world, points = programme(coupling=2, credit_fen_1000=2_000)
    spent = sum(each.price * each.quantity for each in world.venue.trades if each.buyer == points.desk.account)
    allowed = points.issued * 2_000 // 1_000
    assert 0.5 * allowed < spent <= allowed


def test_the_value_at_which_points_break_even_is_one_at_which_they_do():
    """At that value, with acts, redemption and credits as they were, benefit and cost are the same to a percent."""
    _, points = programme(value_fen_1000=800, benefit_fen_t=100_000)
    figures = points.figures(90)
    value = figures["points_break_even_fen"]
    benefit = figures["points_net_fen"] + figures["points_cost_fen"]
    rewards = figures["points_redeemed"] * value * 7_000 // (1_000 * 10_000)
    assert value > 0
    assert rewards + points.running == pytest.approx(benefit, rel=0.01)


def test_more_is_paid_for_points_that_are_worth_more():
    """Acts rise with the value of a point; those that would have been anyway are no benefit."""
    runs = [programme(value_fen_1000=value)[1] for value in (0, 200, 800)]
    assert runs[0].added_g == 0
    assert runs[0].saved_g < runs[1].saved_g < runs[2].saved_g
    assert 0 < runs[1].added_g < runs[2].added_g
    assert runs[0].rewards == 0 < runs[1].rewards < runs[2].rewards


def test_couplings_that_are_none_are_refused():
    """By line and reason."""
    wide = TEXT.replace(
        'credits for each point", date = 2026-11-29, mark = "assumed", range = [0, 2]',
        'x", date = 2026-11-29, mark = "assumed", range = [0, 9]',
    )
    with pytest.raises(ScenarioWrong, match=r"coupling is 0 \(not tied to credits\), 1"):
        read(wide, {"points.coupling": 3})
    none = TEXT.replace("range = [1, 1000000000]", "range = [0, 1000000000]")
    with pytest.raises(ScenarioWrong, match="at least one point"):
        read(none, {"points.coupling": 1, "points.points_per_t": 0})
