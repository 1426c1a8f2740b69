"""
Every combination of some levels of each parameter: what a sweep of few parameters shows without any method.

Nothing is estimated but the effect of chance. So effects have the figure's unit, and intervals say how far other seeds
would have moved them; with one replication that is unknown.
"""

import math
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final

from exchange.simulation.seeds import Draws
from exchange.simulation.sensitivity import RESAMPLES, Point, Sensitivity, mean_and_spread

MOST_POINTS: Final = 100_000


def levels_of(ranges: Mapping[str, tuple[int, int]], wanted: int) -> tuple[int, ...]:
    """Return how many levels each parameter has: those that are wanted, or every whole number of a shorter range."""
    return tuple(min(wanted, high - low + 1) for low, high in ranges.values())


def grid_points(levels: Sequence[int]) -> list[Point]:
    """Return all combinations of evenly spaced levels, both ends included; the last parameter changes first."""
    axes = [[at / (count - 1) for at in range(count)] for count in levels]
    return list(product(*axes))


def grid(names: Sequence[str], levels: Sequence[int], values: Sequence[Sequence[float]]) -> list[Sensitivity]:
    """
    Compare the levels of each parameter. *values* has for each point the figure in each replication.

    *main* is the largest less the smallest mean of a level, all else averaged; *total* the largest difference that the
    parameter makes anywhere, all else equal.
    """
    count = len(values[0])
    draws = Draws(0, count, "bootstrap.grid")
    chosen = [list(range(count)), *([draws.below(count) for _ in range(count)] for _ in range(RESAMPLES))]
    found = [_effects(levels, [math.fsum(each[row] for row in rows) / count for each in values]) for rows in chosen]
    return [_sensitivity(name, [each[at] for each in found]) for at, name in enumerate(names)]


def _sensitivity(name: str, effects: Sequence[tuple[float, float]]) -> Sensitivity:
    (main, total), again = effects[0], effects[1:]
    widths = [1.96 * mean_and_spread([each[part] for each in again])[1] for part in (0, 1)]
    return Sensitivity(name=name, main=main, main_half_width=widths[0], total=total, total_half_width=widths[1])


def _effects(levels: Sequence[int], means: Sequence[float]) -> list[tuple[float, float]]:
    """The effect of each parameter on the mean of each of its levels, and at any one combination of the others."""
    found, step = [], len(means)
    for count in levels:
        step //= count
        lines: dict[int, list[float]] = {}
        levels_of_it: list[list[float]] = [[] for _ in range(count)]
        for at, mean in enumerate(means):
            level = at // step % count
            lines.setdefault(at - level * step, []).append(mean)
            levels_of_it[level].append(mean)
        averages = [math.fsum(each) / len(each) for each in levels_of_it]
        found.append((_spread(averages), max(map(_spread, lines.values()))))
    return found


def _spread(values: Sequence[float]) -> float:
    return max(values) - min(values)
