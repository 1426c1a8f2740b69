"""
Fits: the values of some parameters under which a scenario comes nearest to published facts.

The loss is the sum over the facts of the square of their distance, counted in each fact's tolerance. A scan on Sobol's
sequence finds where to begin, Nelder and Mead's simplex goes on from there. All points are played in the same
replications, so that a difference between two of them is not chance.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Annotated, Final, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta, Struct

from exchange.simulation.calibration.facts import FactFile
from exchange.simulation.calibration.measuring import FactTarget, instrument_of, measure, targets_of
from exchange.simulation.calibration.search import nelder_mead, scan_points
from exchange.simulation.files import read
from exchange.simulation.parameters import documented
from exchange.simulation.provenance import data_hashes, versions
from exchange.simulation.runs import PlannedRun
from exchange.simulation.sensitivity import Point
from exchange.simulation.world import World

Values = tuple[int, ...]
Finished = Callable[[int, float], None]
"""Called with how many points were tried, and the least loss so far."""
MISSING: Final = 10.0
"""So many tolerances away counts a fact that less than half of a point's runs have at all."""


class FitPlan(Struct, frozen=True, kw_only=True):
    """
    How to fit: the *ranges* of the parameters, *points* of the scan, *steps* of the simplex, *replications* of each.

    *seed* moves the points of the scan; the draws of the runs are those of the scenario's own seed.
    """

    ranges: dict[str, tuple[int, int]]
    points: Annotated[int, Meta(ge=1)]
    steps: Annotated[int, Meta(ge=0)]
    replications: Annotated[int, Meta(ge=1)]
    seed: Annotated[int, Meta(ge=0)]

    def about_runs(self, judged: int) -> int:
        """Return about how many runs a calibration takes; the simplex may end earlier, and shrinks take more."""
        return self.replications * (2 + self.points + len(self.ranges) + 2 * self.steps) + judged


class MeasuredRow(NamedTuple):
    """What a run was measured at: one number for each target, all NaN where *fault* says why it failed."""

    moments: tuple[float, ...]
    fault: str | None = None


class MeasuredRun(NamedTuple):
    """A run to play and to measure, in whichever process."""

    job: PlannedRun
    targets: tuple[FactTarget, ...]

    def play(self) -> MeasuredRow:
        """Play it and measure it. What goes wrong in it is its result."""
        try:
            scenario = self.job.scenario()
            return MeasuredRow(measure(scenario, World(scenario, self.job.replication).play().days, self.targets))
        except Exception as error:  # noqa: BLE001 - one run must not end a fit of thousands
            return MeasuredRow((math.nan,) * len(self.targets), f"{type(error).__name__}: {error}")


class Tried(NamedTuple):
    """A point that was tried: the values of the parameters, the mean of each moment, the loss, and runs that failed."""

    values: Values
    means: tuple[float, ...]
    loss: float
    faults: tuple[str, ...] = ()


class Fit(NamedTuple):
    """What a fit came to. *tried* has every point, in the order in which they were played."""

    plan: FitPlan
    targets: tuple[FactTarget, ...]
    best: Tried
    before: Tried
    tried: tuple[Tried, ...]
    identity: str

    @property
    def faults(self) -> tuple[str, ...]:
        """What went wrong in the runs that failed."""
        return tuple(fault for each in self.tried for fault in each.faults)

    def as_good(self) -> dict[str, tuple[int, int]]:
        """Return from where to where each parameter was tried at a loss of at most one more than the least."""
        near = [each.values for each in self.tried if each.loss <= self.best.loss + 1]
        return {
            name: (min(column), max(column))
            for name, column in zip(self.plan.ranges, zip(*near, strict=True), strict=True)
        }


Player = Callable[[Sequence[MeasuredRun]], Sequence[MeasuredRow]]
"""Plays runs wherever it may be, and returns what they are measured at, in their order."""


def play_here(jobs: Sequence[MeasuredRun]) -> list[MeasuredRow]:
    """Play runs one after the other in this process, and keep nothing."""
    return list(map(MeasuredRun.play, jobs))


def loss_of(means: Sequence[float], targets: Sequence[FactTarget]) -> float:
    """Sum the squares of the distances, in tolerances."""
    return math.fsum(distance(mean, each) ** 2 for mean, each in zip(means, targets, strict=True))


def distance(mean: float, target: FactTarget) -> float:
    """How many tolerances a moment is above the published one."""
    return MISSING if math.isnan(mean) else (mean - target.value) / target.fact.tolerance


def means_of(rows: Sequence[Sequence[float]]) -> tuple[float, ...]:
    """Average each moment over the runs that have it; NaN where less than half of them have."""
    found = np.array(rows)
    there = ~np.isnan(found)
    sums = np.where(there, found, 0.0).sum(axis=0)
    count = there.sum(axis=0)
    return tuple(
        float(total / many) if 2 * many >= len(rows) else math.nan for total, many in zip(sums, count, strict=True)
    )


class _Board:
    """Plays points, each once, and remembers them in the order in which they were asked for."""

    def __init__(self, plan: FitPlan, runs: Callable[[Values, int], MeasuredRun], player: Player) -> None:
        self.plan = plan
        self.tried: dict[Values, Tried] = {}
        self._runs = runs
        self._player = player

    def values_at(self, point: Point) -> Values:
        """Return whole numbers within the ranges, both ends included."""
        pairs = zip(point, self.plan.ranges.values(), strict=True)
        return tuple(low + round((high - low) * part) for part, (low, high) in pairs)

    def losses(self, points: Sequence[Point], finished: Finished) -> list[float]:
        """Return the losses at points, those that are new side by side."""
        wanted = [self.values_at(each) for each in points]
        self.play([each for each in dict.fromkeys(wanted) if each not in self.tried], finished)
        return [self.tried[each].loss for each in wanted]

    def play(self, new: Sequence[Values], finished: Finished) -> None:
        """Play points in all replications."""
        count = self.plan.replications
        jobs = [self._runs(values, at) for values in new for at in range(count)]
        rows = iter(self._player(jobs))
        for values in new:
            mine = [next(rows) for _ in range(count)]
            means = means_of([each.moments for each in mine])
            faults = tuple(each.fault for each in mine if each.fault is not None)
            self.tried[values] = Tried(values, means, loss_of(means, self.targets), faults)
            finished(len(self.tried), min(each.loss for each in self.tried.values()))

    @property
    def targets(self) -> tuple[FactTarget, ...]:
        """What all points are held against."""
        return self._runs((), 0).targets


def runs_of(
    text: str, changes: Mapping[str, int], names: Sequence[str], targets: Sequence[FactTarget]
) -> Callable[[Values, int], MeasuredRun]:
    """Return what makes the run of a point and a replication."""
    fixed, levers = tuple(sorted(changes.items())), tuple(names)

    def made(values: Values, replication: int) -> MeasuredRun:
        return MeasuredRun(PlannedRun(text, fixed, levers, values, replication), tuple(targets))

    return made


def fit(
    text: str,
    changes: Mapping[str, int],
    data: FactFile,
    plan: FitPlan,
    *,
    player: Player = play_here,
    finished: Finished = lambda _tried, _loss: None,
) -> Fit:
    """
    Fit a scenario to a file of facts. Levers of the scenario stay at their own values.

    Raises `ScenarioWrong`, and `DataWrong` for a fact that has no value or no instrument.
    """
    scenario, targets = read(text, changes), targets_of(data.facts.fact, data.rows)
    for each in targets:
        instrument_of(scenario, each.fact)
    board = _Board(plan, runs_of(text, changes, list(plan.ranges), targets), player)
    known = {each.name: each.parameter.value for each in documented(scenario)}
    own = tuple(known[name] for name in plan.ranges)
    board.play([own], finished)
    losses = partial(board.losses, finished=finished)
    scanned = scan_points(len(plan.ranges), plan.points, plan.seed)
    found = losses(scanned)
    nelder_mead(losses, scanned[int(np.argmin(found))], plan.steps)
    best = min(board.tried.values(), key=lambda each: each.loss)
    return Fit(
        plan, targets, best, board.tried[own], tuple(board.tried.values()), identity_of(text, changes, data, plan)
    )


def identity_of(text: str, changes: Mapping[str, int], data: FactFile, plan: FitPlan) -> str:
    """Hash all that decides what is fitted: scenario, overlays, facts, plan, data and versions of what plays it."""
    facts = hashlib.sha256(data.bytes).hexdigest()
    stored = msgspec.json.encode((*versions(), data_hashes(), text, sorted(changes.items()), facts, plan))
    return hashlib.sha256(stored).hexdigest()
