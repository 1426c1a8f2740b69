"""Sweeps: a scenario at many points of its parameters' ranges, and which of them move a figure."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from exchange.engine.core import ENGINE_VERSION
from exchange.simulation import MODEL_VERSION
from exchange.simulation.files import ScenarioWrong, read
from exchange.simulation.parameters import documented
from exchange.simulation.results import FIGURES, RunResult
from exchange.simulation.runs import Done, FailedRun, PlannedRun
from exchange.simulation.sensitivity import (
    MOST_PARAMETERS,
    Point,
    Sensitivity,
    morris,
    morris_points,
    sobol,
    sobol_points,
)
from exchange.simulation.shards import Finished, clear, plan_of, play_into, write_whole
from exchange.simulation.tables import csv_of

WIDEST = 0.1
"""Indices with a wider half interval are not put into an order."""


class SweepPlan(Struct, frozen=True, kw_only=True):
    """
    What to sweep: *ranges* of parameters, each within that of the scenario, and the *figure* that is asked about.

    *samples* are trajectories of Morris' method or samples of Sobol's; *replications* are averaged at each point.
    """

    method: Literal["morris", "sobol"]
    figure: str
    ranges: dict[str, tuple[int, int]]
    samples: Annotated[int, Meta(ge=2)]
    replications: Annotated[int, Meta(ge=1)]


class SweepResult(Struct, frozen=True, kw_only=True):
    """
    What stands in ``sweep.json``.

    *sensitivities* are in the order of the plan, and empty where a run failed. *ranked* has the names by their effect,
    or nothing where the intervals are too wide to tell an order.
    """

    format: Literal[1]
    model: int
    engine: int
    plan: str
    scenario: str
    changes: dict[str, int]
    swept: SweepPlan
    runs: int
    failed: tuple[FailedRun, ...]
    sensitivities: tuple[Sensitivity, ...]
    ranked: tuple[str, ...]
    points: str


def ranges_of(
    text: str, changes: Mapping[str, int], wanted: Mapping[str, tuple[int, int] | None]
) -> dict[str, tuple[int, int]]:
    """
    Return the ranges to sweep: those that are wanted, or the scenario's own.

    Raises `ScenarioWrong` for a parameter that is none, a range beyond the scenario's, or too many of them.
    """
    known = {each.name: each.parameter.range for each in documented(read(text, changes))}
    if not 1 <= len(wanted) <= MOST_PARAMETERS:
        raise ScenarioWrong(1, f"a sweep has 1 to {MOST_PARAMETERS} parameters, not {len(wanted)}")
    found = {}
    for name, range_ in wanted.items():
        if name not in known:
            raise ScenarioWrong(1, f"there is no parameter {name} in this scenario")
        low, high = range_ or known[name]
        if not known[name][0] <= low < high <= known[name][1]:
            outside = (
                f"from {low} to {high} is no part of the range of {name}, from {known[name][0]} to {known[name][1]}"
            )
            raise ScenarioWrong(1, outside)
        found[name] = (low, high)
    return found


def sweep(
    folder: Path,
    text: str,
    changes: Mapping[str, int],
    swept: SweepPlan,
    *,
    executor: Executor | None = None,
    finished: Finished = lambda _done, _all: None,
) -> SweepResult:
    """
    Run a scenario at the points of a method, and write ``points.csv`` and ``sweep.json`` into *folder*.

    Levers of the scenario stay at their own values. Raises `ScenarioWrong`, `BundleWrong`.
    """
    if swept.figure not in FIGURES:
        raise ScenarioWrong(1, f"no figure is named {swept.figure}; there are {', '.join(FIGURES)}")
    scenario, names = read(text, changes), tuple(swept.ranges)
    points = _points_of(swept, len(names), scenario.seed)
    settings = [_values_at(point, swept) for point in points]
    fixed = tuple(sorted(changes.items()))
    planned = [
        PlannedRun(text, fixed, names, setting, number) for setting in settings for number in range(swept.replications)
    ]
    for each in planned[:: swept.replications]:
        each.scenario()
    plan = plan_of(planned, swept.method, swept.figure)
    done = play_into(folder, plan, planned, executor, finished)
    table = csv_of((*names, "replication", swept.figure, "journal_hash"), _rows(done, swept.figure)).encode()
    failed = tuple(each for each in done if isinstance(each, FailedRun))
    found = () if failed else _sensitivities(swept, points, _means(done, swept))
    result = SweepResult(
        format=1,
        model=MODEL_VERSION,
        engine=ENGINE_VERSION,
        plan=plan,
        scenario=scenario.name,
        changes=dict(changes),
        swept=swept,
        runs=len(done),
        failed=failed,
        sensitivities=tuple(found),
        ranked=_ranked(swept, found),
        points=hashlib.sha256(table).hexdigest(),
    )
    write_whole(folder / "points.csv", table)
    write_whole(folder / "sweep.json", msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    clear(folder)
    return result


def _points_of(swept: SweepPlan, count: int, seed: int) -> list[Point]:
    if swept.method == "morris":
        return morris_points(count, swept.samples, seed)
    return sobol_points(count, swept.samples)


def _values_at(point: Point, swept: SweepPlan) -> tuple[int, ...]:
    """Return whole numbers within the ranges, both ends included."""
    pairs = zip(point, swept.ranges.values(), strict=True)
    return tuple(low + round((high - low) * min(1.0, max(0.0, part))) for part, (low, high) in pairs)


def _rows(done: Sequence[Done], figure: str) -> list[tuple[object, ...]]:
    return [
        (*run.setting, run.replication, run.figures[figure], run.journal_hash)
        for run in done
        if isinstance(run, RunResult)
    ]


def _means(done: Sequence[Done], swept: SweepPlan) -> list[float]:
    """Average the figure over the replications of each point."""
    values = [run.figures[swept.figure] for run in done if isinstance(run, RunResult)]
    count = swept.replications
    return [sum(values[at : at + count]) / count for at in range(0, len(values), count)]


def _sensitivities(swept: SweepPlan, points: Sequence[Point], values: Sequence[float]) -> list[Sensitivity]:
    names = tuple(swept.ranges)
    return morris(names, points, values) if swept.method == "morris" else sobol(names, values)


def _ranked(swept: SweepPlan, found: Sequence[Sensitivity]) -> tuple[str, ...]:
    """
    Name the parameters by their effect, the largest first, if that order can be told.

    The limit is a tenth of the variance for Sobol's indices, and of the largest effect for Morris'.
    """
    if swept.method == "sobol":
        by_effect = sorted(found, key=lambda each: -each.total)
        sure = all(each.total_half_width <= WIDEST for each in found)
    else:
        by_effect = sorted(found, key=lambda each: -each.main)
        largest = max((each.main for each in found), default=0.0)
        sure = all(each.main_half_width <= WIDEST * largest for each in found)
    return tuple(each.name for each in by_effect) if sure else ()
