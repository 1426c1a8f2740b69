"""Sweeps: a scenario at many points of its parameters' ranges, and which of them move a figure."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from pathlib import Path
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from exchange.engine.core import ENGINE_VERSION
from exchange.simulation import MODEL_VERSION
from exchange.simulation.charts.frame import Language
from exchange.simulation.files import ScenarioWrong, read
from exchange.simulation.grids import MOST_POINTS, grid, grid_points, levels_of
from exchange.simulation.parameters import documented
from exchange.simulation.report.swept import Swept, sweep_report
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
LEAST_SAMPLES = 2
"""From one alone nothing is estimated, and no interval."""


Method = Literal["morris", "sobol", "grid"]


class SweepPlan(Struct, frozen=True, kw_only=True):
    """
    What to sweep: *ranges* of parameters, each within that of the scenario, and the *figure* that is asked about.

    *samples* are trajectories of Morris' method, samples of Sobol's, or levels of each parameter in a grid;
    *replications* are averaged at each point.
    """

    method: Method
    figure: str
    ranges: dict[str, tuple[int, int]]
    samples: Annotated[int, Meta(ge=2)]
    replications: Annotated[int, Meta(ge=1)]


class SweepResult(Struct, frozen=True, kw_only=True):
    """
    What stands in ``sweep.json``.

    *sensitivities* are in the order of the plan. A run that *failed* takes the trajectory or sample that it belongs to
    out of the estimate, or its replication out of a grid; *estimated* is how many are left. Less than two estimate
    nothing. *ranked* has the names by their effect, or nothing where the intervals are too wide to tell an order.
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
    estimated: int
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
    opens: Language | None = None,
) -> SweepResult:
    """
    Run a scenario at the points of a method; write ``points.csv``, ``report.html`` and ``sweep.json`` into *folder*.

    Levers of the scenario stay at their own values. The report opens in the language *opens*, or in the browser's.
    Raises `ScenarioWrong`, `BundleWrong`.
    """
    if swept.figure not in FIGURES:
        raise ScenarioWrong(1, f"no figure is named {swept.figure}; there are {', '.join(FIGURES)}")
    scenario, names = read(text, changes), tuple(swept.ranges)
    points = _points_of(swept, scenario.seed)
    planned = _planned(text, changes, swept, points)
    plan = plan_of(planned, swept.method, swept.figure)
    done = play_into(folder, plan, planned, executor, finished)
    table = csv_of((*names, "replication", swept.figure, "journal_hash"), _rows(done, swept.figure)).encode()
    failed = tuple(each for each in done if isinstance(each, FailedRun))
    estimated, found = _estimated(swept, points, done)
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
        estimated=estimated,
        sensitivities=tuple(found),
        ranked=_ranked(swept, found),
        points=hashlib.sha256(table).hexdigest(),
    )
    shown = Swept(
        method=swept.method,
        figure=swept.figure,
        ranges=swept.ranges,
        found=result.sensitivities,
        ranked=result.ranked,
        runs=result.runs,
        failed=[each.fault for each in failed],
    )
    foot = {"plan": plan, "model": str(MODEL_VERSION), "engine": str(ENGINE_VERSION), "seed": str(scenario.seed)}
    write_whole(folder / "report.html", sweep_report(scenario, shown, foot, opens).encode())
    write_whole(folder / "points.csv", table)
    write_whole(folder / "sweep.json", msgspec.json.format(msgspec.json.encode(result), indent=1) + b"\n")
    clear(folder)
    return result


def _planned(text: str, changes: Mapping[str, int], swept: SweepPlan, points: Sequence[Point]) -> list[PlannedRun]:
    """Plan the runs of all points. Raises `ScenarioWrong` for a point that contradicts the scenario."""
    settings, fixed = [_values_at(point, swept) for point in points], tuple(sorted(changes.items()))
    names, numbers = tuple(swept.ranges), range(swept.replications)
    planned = [PlannedRun(text, fixed, names, setting, number) for setting in settings for number in numbers]
    for each in planned[:: swept.replications]:
        each.scenario()
    return planned


def _points_of(swept: SweepPlan, seed: int) -> list[Point]:
    count = len(swept.ranges)
    if swept.method == "grid":
        levels = levels_of(swept.ranges, swept.samples)
        if math.prod(levels) > MOST_POINTS:
            raise ScenarioWrong(1, f"this grid has {math.prod(levels):,} points; {MOST_POINTS:,} are the most")
        return grid_points(levels)
    if swept.method == "morris":
        return morris_points(count, swept.samples, seed)
    return sobol_points(count, swept.samples)


def _values_at(point: Point, swept: SweepPlan) -> tuple[int, ...]:
    """Return whole numbers within the ranges, both ends included."""
    pairs = zip(point, swept.ranges.values(), strict=True)
    return tuple(low + round((high - low) * min(1.0, max(0.0, part))) for part, (low, high) in pairs)


def _rows(done: Sequence[Done], figure: str) -> list[tuple[object, ...]]:
    return [
        (*run.setting, run.replication, run.figures.get(figure, 0), run.journal_hash)
        for run in done
        if isinstance(run, RunResult)
    ]


def _estimated(swept: SweepPlan, points: Sequence[Point], done: Sequence[Done]) -> tuple[int, Sequence[Sensitivity]]:
    """Estimate from what no failed run is part of; returns of how many trajectories, samples or replications."""
    each = swept.replications
    values = [run.figures.get(swept.figure, 0) if isinstance(run, RunResult) else None for run in done]
    rows = [values[at : at + each] for at in range(0, len(values), each)]
    names = tuple(swept.ranges)
    if swept.method == "grid":
        whole = [column for column in zip(*rows, strict=True) if None not in column]
        if not whole:
            return 0, ()
        by_point = [[value for value in row if value is not None] for row in zip(*whole, strict=True)]
        return len(whole), grid(names, levels_of(swept.ranges, swept.samples), by_point)
    means = [_mean(row) for row in rows]
    width = len(points) // swept.samples
    whole_groups = [at for at in range(0, len(means), width) if None not in means[at : at + width]]
    if len(whole_groups) < LEAST_SAMPLES:
        return len(whole_groups), ()
    kept = [at + step for at in whole_groups for step in range(width)]
    figures = [mean for at in kept if (mean := means[at]) is not None]
    found = morris(names, [points[at] for at in kept], figures) if swept.method == "morris" else sobol(names, figures)
    return len(whole_groups), found


def _mean(row: Sequence[int | None]) -> float | None:
    """Average the figure over the replications of a point; None where one of them failed."""
    known = [value for value in row if value is not None]
    return sum(known) / len(known) if len(known) == len(row) else None


def _ranked(swept: SweepPlan, found: Sequence[Sensitivity]) -> tuple[str, ...]:
    """
    Name the parameters by their effect, the largest first, if that order can be told.

    The limit is a tenth of the variance for Sobol's indices, and of the largest effect for the others. Of a grid
    without replications chance is not known, and so no order.
    """
    if swept.method == "grid" and swept.replications < LEAST_SAMPLES:
        return ()
    if swept.method == "sobol":
        by_effect = sorted(found, key=lambda each: -each.total)
        sure = all(each.total_half_width <= WIDEST for each in found)
    else:
        by_effect = sorted(found, key=lambda each: -each.main)
        largest = max((each.main for each in found), default=0.0)
        sure = all(each.main_half_width <= WIDEST * largest for each in found)
    return tuple(each.name for each in by_effect) if sure else ()
