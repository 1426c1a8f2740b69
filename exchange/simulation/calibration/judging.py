"""
Facts judged: whether the published number is one that the model could have made.

It passes where it lies within the middle 95 of 100 runs of the model. The runs are other replications than those of the
fit, and facts that were held out of the fit are judged in the same way as those that were in it.
"""

import math
from collections.abc import Callable, Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from exchange.simulation.calibration.fitting import MeasuredRun, Player, Values, distance, means_of, play_here
from exchange.simulation.calibration.measuring import FactTarget
from exchange.simulation.calibration.moments import Floats

Role = Literal["fitted", "held out"]
_LOW, _HIGH = 2.5, 97.5
LEAST_RUNS: Final = 20
"""With fewer runs the interval ends at their extremes and says little."""


class JudgedFact(NamedTuple):
    """
    A fact beside the model: its mean, and *low* to *high* of the middle 95 of 100 runs.

    *share* is the part of the runs that have the moment at all; NaN stands where none has.
    """

    role: Role
    target: FactTarget
    mean: float
    low: float
    high: float
    share: float

    @property
    def passed(self) -> bool:
        """Whether the published number lies within the interval, and most runs have the moment."""
        return 2 * self.share >= 1 and self.low <= self.target.value <= self.high

    @property
    def distance(self) -> float:
        """How many tolerances the mean is above the published number."""
        return distance(self.mean, self.target)

    def said(self) -> str:
        """Say the verdict, and what kind of failure it is."""
        if 2 * self.share < 1:
            return "fail: the model has no such thing"
        if self.passed:
            return "pass"
        return "fail: the model is " + ("above" if self.low > self.target.value else "below")


def judge(
    runs: Callable[[Values, int], MeasuredRun],
    values: Values,
    replications: range,
    roles: Sequence[Role],
    player: Player = play_here,
) -> tuple[JudgedFact, ...]:
    """Play *values* in some replications and judge every target; *roles* has one for each."""
    jobs = [runs(values, at) for at in replications]
    rows = [each.moments for each in player(jobs)]
    table, targets = np.array(rows), jobs[0].targets
    return tuple(
        _judged(role, target, table[:, at], mean)
        for at, (role, target, mean) in enumerate(zip(roles, targets, means_of(rows), strict=True))
    )


def _judged(role: Role, target: FactTarget, column: Floats, mean: float) -> JudgedFact:
    there = column[~np.isnan(column)]
    low, high = np.percentile(there, (_LOW, _HIGH)) if len(there) else (math.nan, math.nan)
    return JudgedFact(role, target, mean, float(low), float(high), len(there) / len(column))
