"""Reduce first: cost curves, the rule, and what it does to those who buy credits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.simulation.abatement import Curve, chosen
from exchange.simulation.demand import Enterprise, Volunteer
from exchange.simulation.files import ScenarioWrong, read, shipped
from exchange.simulation.programme_plans import ReduceFirstPlan
from exchange.simulation.results import RunResult, measured
from exchange.simulation.world import World
from tests.exchange.simulation.small import SMALL, played

TEXT = shipped()["reduce-first"]


def required(bps: int) -> ReduceFirstPlan:
    """The rule, with another share."""
    rule = read(TEXT, {"reduce_first.required_bps": bps}).reduce_first
    assert rule is not None
    return rule


def ruled(bps: int, **changes: int) -> tuple[World, RunResult]:
    """Play a small city under the rule; conservation is checked after every command."""
    values = {name.replace("__", "."): value for name, value in changes.items()}
    world = played(read(TEXT, {**SMALL, "reduce_first.required_bps": bps, **values}))
    return world, measured(world)


@pytest.mark.parametrize(
    ("price", "rule_bps", "worth", "expected"),
    [
        (500, 0, 0, (0, 0, True)),  # nothing is cheaper than the price
        (1_000, 0, 0, (0, 0, True)),
        (3_000, 0, 0, (1_000, 2_000_000, True)),  # half of the curve: 1,000 t of 10,000 at 20 CNY on average
        (5_000, 0, 0, (2_000, 6_000_000, True)),
        (9_000, 0, 0, (2_000, 6_000_000, True)),  # all that can be reduced
        (3_000, 1_000, 0, (1_000, 2_000_000, True)),  # what the rule asks for is done anyway
        (3_000, 2_000, 1_000_000, (2_000, 6_000_000, True)),  # 1,000 t more for 10 CNY each above the price
        (3_000, 2_000, 999_999, (1_000, 2_000_000, False)),  # credits are worth less than that
        (3_000, 2_001, 10**9, (1_000, 2_000_000, False)),  # it cannot be done
    ],
)
def test_what_is_reduced_follows_the_curve_and_the_rule(price, rule_bps, worth, expected):
    """From 10 to 50 CNY/t for up to a fifth of 10,000 t."""
    assert expected == chosen(Curve(2_000, 1_000, 5_000), price, required(rule_bps), worth)


@given(
    st.integers(0, 10_000),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.integers(0, 10_000),
    st.integers(0, 10**10),
)
def test_nobody_reduces_at_a_loss_but_for_credits(potential, first, rise, price, rule_bps, worth):  # noqa: PLR0917 - a curve, a price and a rule
    """Without the rule it is never dearer than to pay; with it, never by more than credits are worth to it."""
    curve = Curve(potential, first, first + rise)
    free = chosen(curve, price, None, worth)
    bound = chosen(curve, price, required(rule_bps), worth)
    assert 0 <= free.reduced_bps <= bound.reduced_bps <= potential
    assert free.cost_fen <= free.reduced_bps * price
    assert bound.cost_fen - free.cost_fen <= (bound.reduced_bps - free.reduced_bps) * price + worth
    assert bound.counts == (bound.reduced_bps >= rule_bps)
    assert free.counts


def test_the_rule_takes_credits_from_those_who_cannot_reduce_enough():
    """Nothing is required: everybody's credits count. Everything is: nobody's do, and none are used for compliance."""
    free, all_ = ruled(0)[1].figures, ruled(10_000)[1].figures
    assert free["without_credits"] == 0 < free["offset_t"]
    assert 0 == all_["offset_t"] == all_["cap_t"]
    assert all_["without_credits"] == 8 + 4
    assert all_["voluntary_unmet_t"] <= free["voluntary_unmet_t"]
    assert free["reduced_t"] == all_["reduced_t"] > 0, "what is cheaper than an allowance is reduced anyway"


def test_what_is_reduced_needs_no_cover_and_is_paid_for():
    """Emissions, reductions and costs of compliance add up to the kilogram's tonne and the fen."""
    world, run = ruled(800)
    covered = [each for each in world.agents if isinstance(each, Enterprise)]
    others = [each for each in world.agents if isinstance(each, Volunteer)]
    price = min(world.region.allowances[70], 40_000)
    for each in covered:
        rest_t = each.covered_t - each.reduced_t - each.used_t
        assert each.rest_fen == rest_t * price
    total = sum(each.credits_fen + each.rest_fen + each.reduction_fen for each in covered)
    assert total == run.figures["compliance_fen"]
    assert total // sum(each.covered_t for each in covered) == run.figures["compliance_fen_t"]
    assert run.figures["reduction_fen"] == sum(each.reduction_fen for each in (*covered, *others))


def test_a_rule_that_binds_nobody_is_refused():
    """Without a curve nobody could follow it; a curve that falls is no curve."""
    head, rest = TEXT.split("[population.mills.abatement]")
    without = head + rest[rest.index("[population.offices]") :]
    at = without.index("[population.offices.abatement]")
    neither = without[:at] + without[without.index("[population.hosts]") :]
    with pytest.raises(ScenarioWrong, match="the rule would bind nobody"):
        read(neither)
    with pytest.raises(ScenarioWrong, match="costs more than the last one"):
        read(TEXT, {"population.mills.abatement.first_fen_t": 50_000})
