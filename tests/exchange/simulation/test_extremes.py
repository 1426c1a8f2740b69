"""Markets at the edge end, conserve, and say in the first lines of their report what they are."""

import pytest
from msgspec.structs import replace

from exchange.simulation.extremes import remarks
from exchange.simulation.files import read, shipped
from exchange.simulation.report import report
from exchange.simulation.results import RunResult, measured
from exchange.simulation.statistics import summaries
from tests.exchange.simulation.small import RHYTHM, SMALL, played

KINDS = ("kiln", "forest", "elsewhere")
ONE_SELLER = {
    **{f"project.{name}.developers": int(name == "kiln") for name in KINDS},
    "population.traders.count": 0,
    "population.quoters.count": 0,
}
BANKRUPT = {
    **{f"population.{name}.cash_fen": 0 for name in ("mills", "offices", "traders", "quoters")},
    "population.hosts.count": 0,
}
NO_NEED = {f"population.{name}.count": 0 for name in ("mills", "offices", "hosts", "traders")}


def told(name: str, changes: dict[str, int]) -> tuple[RunResult, str]:
    """Play a scenario, everything checked after every command; returns the run, and the warnings of its report."""
    scenario = read(shipped()[name], {**SMALL, **changes})
    run = measured(played(scenario))
    text = report(replace(scenario, lever=()), changes, (run,), summed=summaries((run,)), failed=(), foot={})
    for en, zh in remarks([run]):
        assert en.replace("'", "&#x27;") in text
        assert zh in text
    return run, " ".join(en for en, _ in remarks([run]))


@pytest.mark.parametrize(
    ("name", "changes", "said"),
    [
        ("compliance-rhythm", ONE_SELLER, "In 1 of 1 runs one seller sold everything that was traded: a monopoly"),
        ("compliance-rhythm", {"policy.offset_cap_bps": 0}, "In 1 of 1 runs enterprises may use no credits"),
        (
            "compliance-rhythm",
            {"venue.floor_fen_t": 12_000},
            "Nothing was traded in 1 of 1 runs. The lowest price that is allowed is above the highest",
        ),
        (
            "compliance-rhythm",
            {f"project.{name}.issued_t": 0 for name in KINDS},
            "Nothing was traded in 1 of 1 runs. No credits were issued in them.",
        ),
        (
            "compliance-rhythm",
            BANKRUPT,
            "Nothing was traded in 1 of 1 runs. Credits were issued, but nobody brought any money.",
        ),
        (
            "compliance-rhythm",
            NO_NEED,
            "Nothing was traded in 1 of 1 runs. Credits were issued, but nobody needed any.",
        ),
        (
            "venue-presets",
            {"venue.preset": 5},
            "Nothing was traded in 1 of 1 runs. Credits were issued and wanted, but prices, lots or ways to trade",
        ),
        ("points-coupling", {"points.budget_fen": 0}, "In 1 of 1 runs the city's money for points ran out"),
        ("matched-donations", {"donations.pool_fen": 0}, "In 1 of 1 runs the sponsor's pool ran out"),
        (
            "buffer",
            {"project.forest.reversal.chance_bps": 10_000, "horizon.days": 365, "policy.deadline_day": 300},
            "In 1 of 1 runs credits were sold that nothing stands behind any more",
        ),
        ("reduce-first", {"reduce_first.required_bps": 10_000}, "In 1 of 1 runs credits do not count for some"),
    ],
    ids=[
        *("monopolist", "cap-zero", "floor-above-every-bid", "no-supply", "all-bankrupt", "nobody-in-need"),
        *("too-small", "points-without-money", "pool-of-nothing", "reversals-without-buffer", "reduce-everything"),
    ],
)
def test_every_extreme_ends_with_a_clear_report(name, changes, said):
    """What it is stands in the report, in both languages; a run that is none says nothing."""
    run, warnings = told(name, changes)
    assert said in warnings
    assert run.figures["refused"] == 0


def test_an_ordinary_market_is_told_nothing_of():
    """No warning where nothing is at its edge; and only runs at the edge are counted."""
    usual, warnings = told("compliance-rhythm", {})
    assert "" == warnings
    capped, _ = told("compliance-rhythm", {"policy.offset_cap_bps": 0})
    assert ["In 1 of 2 runs enterprises may use"] == [en[:34] for en, _ in remarks([usual, capped])]


def test_what_is_owed_is_told_week_by_week():
    """Duties are owed until the deadline and paid then; who pays the penalty for want of an allowance owes on."""
    scenario = read(RHYTHM, SMALL)
    run = measured(played(scenario))
    before = [each.owed_t for each in run.liabilities if each.day < 70]
    after = [each.owed_t for each in run.liabilities if each.day >= 70]
    assert min(before) > 0
    assert {0} == set(after)
    assert (0, 0) == (run.figures["owed_t"], run.figures["liability_fen"])
    cheap = measured(played(read(RHYTHM, {**SMALL, "policy.penalty_fen_t": 100})))
    assert cheap.figures["owed_t"] == cheap.liabilities[-1].owed_t > 0
    assert cheap.figures["liability_fen"] > 0
    short = measured(played(read(RHYTHM, {**SMALL, "horizon.days": 60})))
    assert short.figures["owed_t"] > 0, "its deadline has not come"
    assert [*range(6, 90, 7), 89] == [each.day for each in run.liabilities]
