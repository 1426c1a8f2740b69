"""
Ablation: the mechanism behind each stylised fact, taken away by an overlay to see whether the fact goes.

A fact that stays had another cause, and the table says so. Runs with and without a mechanism share their seeds.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from typing import Final, Literal, NamedTuple

import numpy as np

from exchange.simulation.calibration import moments
from exchange.simulation.calibration.moments import Floats, Tape
from exchange.simulation.files import ScenarioWrong, read
from exchange.simulation.parameters import documented
from exchange.simulation.plans import CoveredPlan, MakersPlan, Scenario, SpeculatorsPlan
from exchange.simulation.runs import PlannedRun
from exchange.simulation.statistics import mean_of
from exchange.simulation.tables import csv_of
from exchange.simulation.world import World

Verdict = Literal["goes", "stays", "not there", "not told from chance"]
_PEAK_DAYS: Final = 28
_HALF_YEAR: Final = 182
_YEAR: Final = 365
_SMALLER: Final = 20


class StylisedFact(NamedTuple):
    """A fact of thin compliance markets: it is there where its *moment* is above *least*."""

    name: str
    said: str
    moment: Callable[[Tape, Scenario], float]
    least: Callable[[Scenario], float]


class Mechanism(NamedTuple):
    """What may make a fact, and the *removal* of it: the parameters that take it away in a scenario."""

    name: str
    said: str
    removal: Callable[[Scenario], dict[str, int]]


class Ablated(NamedTuple):
    """
    A fact with and without a mechanism: means and half 95 % intervals, and those of the difference.

    NaN stands for a moment that no run has, and for the half width of a single one.
    """

    fact: StylisedFact
    mechanism: Mechanism
    changes: dict[str, int]
    least: float
    with_it: tuple[float, float]
    without: tuple[float, float]
    difference: tuple[float, float]

    @property
    def verdict(self) -> Verdict:
        """Whether the fact is there beyond chance, and gone beyond chance without its mechanism."""
        (mean, half), (other, doubt), (moved, noise) = self.with_it, self.without, self.difference
        if math.isnan(mean) or mean <= self.least:
            return "not there"
        if mean - half <= self.least:
            return "not told from chance"
        if math.isnan(other):  # no price moves at all, or nobody trades: there is nothing left to have the fact
            return "goes"
        if other - doubt > self.least:
            return "stays"
        return "goes" if other <= self.least and abs(moved) > noise else "not told from chance"


def _peak(tape: Tape, scenario: Scenario) -> float:
    daily, last = tape.daily_t, scenario.policy.deadline_day.value
    whole = float(daily.sum())
    return float(daily[max(0, last + 1 - _PEAK_DAYS) : last + 1].sum()) / whole if whole else math.nan


def _more_than_even(scenario: Scenario) -> float:
    return 1.5 * _PEAK_DAYS / scenario.horizon.days.value


PEAK: Final = StylisedFact(
    "deadline-peak",
    "part of the tonnes in four weeks to the deadline; half more than evenly",
    _peak,
    _more_than_even,
)
STALE: Final = StylisedFact(
    "stale-prices",
    "working days that close at the price of the day before; half of them",
    lambda tape, _: moments.stale_share(moments.closes(tape)),
    lambda _: 0.5,
)
SPREAD: Final = StylisedFact(
    "price-moves",
    "standard deviation of daily log returns; half a percent",
    lambda tape, _: moments.deviation(moments.log_returns(moments.closes(tape))),
    lambda _: 0.005,
)
CLUSTERS: Final = StylisedFact(
    "clustering",
    "autocorrelation of absolute returns after a day; none",
    lambda tape, _: moments.autocorrelation(np.abs(moments.log_returns(moments.closes(tape))), 1),
    lambda _: 0.0,
)
BLOCKS: Final = StylisedFact(
    "block-discount",
    "how far blocks are below listed trades; none",
    lambda tape, _: moments.discount(tape, "block", "book"),
    lambda _: 0.0,
)


def _moved_deadline(scenario: Scenario) -> dict[str, int]:
    at = scenario.policy.deadline_day
    low, high = at.range
    return {"policy.deadline_day": max(low, min(high, (at.value + _HALF_YEAR) % _YEAR))}


def _small_sellers(scenario: Scenario) -> dict[str, int]:
    """Give every kind of project twenty times the developers, as far as their range goes, and each as much less."""
    changes = {}
    for name, plan in scenario.project.items():
        count = min(_SMALLER * plan.developers.value, plan.developers.range[1])
        changes[f"project.{name}.developers"] = count
        changes[f"project.{name}.issued_t"] = plan.issued_t.value * plan.developers.value // max(1, count)
    return changes


def _equal_sellers(scenario: Scenario) -> dict[str, int]:
    kinds = ("markup_bps", "cost_spread_bps")
    return {f"project.{name}.{kind}": 0 for name in scenario.project for kind in kinds}


def _nobody_between(scenario: Scenario) -> dict[str, int]:
    between = {n for n, plan in scenario.population.items() if isinstance(plan, MakersPlan | SpeculatorsPlan)}
    return {f"population.{name}.count": 0 for name in scenario.population if name in between}


def _nobody_waits(scenario: Scenario) -> dict[str, int]:
    covered = [name for name, plan in scenario.population.items() if isinstance(plan, CoveredPlan)]
    return {f"population.{name}.late_bps": 0 for name in covered}


DEADLINE: Final = Mechanism("deadline", "a deadline that all share; moved by half a year", _moved_deadline)
WAITING: Final = Mechanism("waiting", "enterprises that wait for the last weeks; none do", _nobody_waits)
LARGE: Final = Mechanism("large-sellers", "few sellers with much each; twenty times as many with less", _small_sellers)
UNEQUAL: Final = Mechanism("unequal-sellers", "sellers ask different prices; all ask the same", _equal_sellers)
BETWEEN: Final = Mechanism("traders", "speculators and market makers; there are none", _nobody_between)
NEWS: Final = Mechanism(
    "news", "news about allowances that all share; there is none", lambda _: {"policy.allowance_step_bps": 0}
)
DISCOUNT: Final = Mechanism(
    "holders-discount",
    "large holders who propose blocks below the listed price; they propose them at it",
    lambda scenario: {"blocks.discount_bps": 0} if scenario.blocks is not None else {},
)

ROWS: Final = (
    (PEAK, DEADLINE),
    (PEAK, WAITING),
    (STALE, LARGE),
    (SPREAD, UNEQUAL),
    (SPREAD, NEWS),
    (CLUSTERS, UNEQUAL),
    (CLUSTERS, LARGE),
    (CLUSTERS, BETWEEN),
    (CLUSTERS, NEWS),
    (BLOCKS, DISCOUNT),
    (BLOCKS, UNEQUAL),
)
"""Every fact with what makes it, or was thought to."""


class _Job(NamedTuple):
    """A run to play, and the facts to measure, by their places in `ROWS`."""

    run: PlannedRun
    deadline: int

    def play(self) -> tuple[float, ...]:
        scenario = self.run.scenario()
        tape = moments.tape_of(scenario, World(scenario, self.run.replication).play().days, 1)
        own = read(self.run.text, {**dict(self.run.changes), "policy.deadline_day": self.deadline})
        return tuple(fact.moment(tape, own) for fact, _ in ROWS)


def ablated(
    text: str, changes: Mapping[str, int], replications: int, executor: Executor | None = None
) -> tuple[Ablated, ...]:
    """
    Play a scenario whole and without each mechanism, and compare pair by pair. Its first project is looked at.

    Levers stay at their own values. Raises `ScenarioWrong` for a scenario without a project.
    """
    scenario = read(text, changes)
    if not scenario.project:
        raise ScenarioWrong(1, "there is no project, so nothing is traded that could have a stylised fact")
    known = {each.name: each.parameter.range for each in documented(scenario)}
    removals = [_within(mechanism.removal(scenario), known) for _, mechanism in ROWS]
    variants = [dict(each) for each in dict.fromkeys(tuple(sorted(each.items())) for each in ({}, *removals))]
    deadline = scenario.policy.deadline_day.value
    runs = [PlannedRun(text, tuple(sorted({**changes, **each}.items())), (), (), 0) for each in variants]
    jobs = [_Job(run._replace(replication=at), deadline) for run in runs for at in range(replications)]
    rows = list(map(_Job.play, jobs) if executor is None else executor.map(_Job.play, jobs))
    table = [np.array(rows[at : at + replications]) for at in range(0, len(rows), replications)]
    found = []
    for at, ((fact, mechanism), removal) in enumerate(zip(ROWS, removals, strict=True)):
        here, there = table[0][:, at], table[variants.index(removal)][:, at]
        pairs = there - here
        means = (_estimated(here), _estimated(there), _estimated(pairs))
        found.append(Ablated(fact, mechanism, removal, fact.least(scenario), *means))
    return tuple(found)


def _within(changes: Mapping[str, int], known: Mapping[str, tuple[int, int]]) -> dict[str, int]:
    """Keep a removal within the ranges of the scenario."""
    return {name: max(known[name][0], min(known[name][1], value)) for name, value in changes.items()}


def _estimated(column: Floats) -> tuple[float, float]:
    """Estimate a mean over the runs that have the moment, NaN where less than half of them do."""
    there = column[~np.isnan(column)]
    if not len(there) or 2 * len(there) < len(column):
        return math.nan, math.nan
    mean, half = mean_of([float(each) for each in there])
    return mean, math.nan if half is None else half


def ablation_lines(found: Sequence[Ablated]) -> Iterator[str]:
    """The table in lines."""
    yield f"{'fact':<16}{'without':<18}{'there above':>12}{'with':>18}{'removed':>18}   the fact"
    for each in found:
        least, (one, other) = f"{each.least:.3g}", map(_said, (each.with_it, each.without))
        yield f"{each.fact.name:<16}{each.mechanism.name:<18}{least:>12}{one:>18}{other:>18}   {each.verdict}"
    for fact in dict.fromkeys(each.fact for each in found):
        yield f"{fact.name}: {fact.said}"
    for mechanism in dict.fromkeys(each.mechanism for each in found):
        yield f"without {mechanism.name}: {mechanism.said}"


def _said(estimate: tuple[float, float]) -> str:
    return "none" if math.isnan(estimate[0]) else f"{estimate[0]:.3f} ± {estimate[1]:.3f}"


def ablation_csv(found: Sequence[Ablated]) -> str:
    """Write the table as CSV, with what was changed."""
    heads = ("fact", "mechanism", "changes", "there_above", "with", "with_half", "without", "without_half")
    return csv_of(
        (*heads, "difference", "difference_half", "verdict"),
        (
            (
                *(each.fact.name, each.mechanism.name),
                " ".join(f"{name}={value}" for name, value in each.changes.items()),
                *(
                    "" if math.isnan(value) else f"{value:.6g}"
                    for value in (each.least, *each.with_it, *each.without, *each.difference)
                ),
                each.verdict,
            )
            for each in found
        ),
    )
