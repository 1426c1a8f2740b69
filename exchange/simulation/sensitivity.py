"""
Which parameters matter: Morris' elementary effects and Sobol's indices, of any function of numbers from 0 to 1.

Morris 1991 in Campolongo's form (mean absolute effect); first-order indices by Saltelli 2010 and total ones by Jansen
1999, on Sobol's sequence with the direction numbers of Joe and Kuo 2008. Plain Python: the statistics of a few thousand
runs take no time beside the runs.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Final

from msgspec import Struct

from exchange.simulation.seeds import Draws

Point = tuple[float, ...]
_LEVELS: Final = 4
_STEP: Final = 2 / 3
"""Levels / (2 (levels - 1)), as Morris has it."""
_BITS: Final = 32
RESAMPLES: Final = 200
_JOE_KUO: Final[tuple[tuple[int, tuple[int, ...]], ...]] = (
    *((0, (1,)), (1, (1, 3)), (1, (1, 3, 1)), (2, (1, 1, 1)), (1, (1, 1, 3, 3)), (4, (1, 3, 5, 13))),
    *((2, (1, 1, 5, 5, 17)), (4, (1, 1, 5, 5, 5)), (7, (1, 1, 7, 11, 19)), (11, (1, 1, 5, 1, 1))),
    *((13, (1, 1, 1, 3, 11)), (14, (1, 3, 5, 5, 31)), (1, (1, 3, 3, 9, 7, 49)), (13, (1, 1, 1, 15, 21, 21))),
    *((16, (1, 3, 1, 13, 27, 49)), (19, (1, 1, 1, 15, 7, 5)), (22, (1, 3, 1, 15, 13, 25))),
    *((25, (1, 1, 5, 5, 19, 61)), (1, (1, 3, 7, 11, 23, 15, 103))),
)
"""Coefficients of the polynomial and first direction numbers of each dimension from the second on."""
MOST_PARAMETERS: Final = (len(_JOE_KUO) + 1) // 2
"""Sobol's method needs two dimensions for each."""


class Sensitivity(Struct, frozen=True, kw_only=True):
    """
    What a parameter does to a figure.

    By Morris, *main* is the mean absolute effect of crossing two thirds of the range and *total* its standard
    deviation; by Sobol the first-order and the total index; of a grid see `exchange.simulation.grids`. Each with half
    of its 95 % interval.
    """

    name: str
    main: float
    main_half_width: float
    total: float
    total_half_width: float


def in_order(method: str, found: Sequence[Sensitivity], ranked: Sequence[str]) -> str:
    """
    Write *ranked* names in their order: ``a > b ≈ c``, where the effects of b and c are not told apart.

    Two are, if they differ by more than half the width of the 95 % interval of their difference: the root of the sum of
    the squares of theirs.
    """
    known, said = {each.name: each for each in found}, list(ranked[:1])
    for more, less in pairwise(known[name] for name in ranked):
        if method == "sobol":
            apart, half = more.total - less.total, math.hypot(more.total_half_width, less.total_half_width)
        else:
            apart, half = more.main - less.main, math.hypot(more.main_half_width, less.main_half_width)
        said += (">" if apart > half else "≈", less.name)
    return " ".join(said)


def morris_points(count: int, trajectories: int, seed: int) -> list[Point]:
    """Return trajectories of *count* + 1 points, each of which changes one number, in a random order, by two thirds."""
    found: list[Point] = []
    for number in range(trajectories):
        draws = Draws(seed, number, "morris")
        at = [draws.below(_LEVELS // 2) / (_LEVELS - 1) for _ in range(count)]
        up = [draws.happens(5_000) for _ in range(count)]
        at = [value if rises else value + _STEP for value, rises in zip(at, up, strict=True)]
        order = list(range(count))
        draws.shuffle(order)
        found.append(tuple(at))
        for each in order:
            at[each] += _STEP if up[each] else -_STEP
            found.append(tuple(at))
    return found


def morris(names: Sequence[str], points: Sequence[Point], values: Sequence[float]) -> list[Sensitivity]:
    """Sum elementary effects up; a step is scaled to two thirds of the range."""
    effects: list[list[float]] = [[] for _ in names]
    width = len(names) + 1
    for first in range(0, len(points), width):
        for at in range(first + 1, first + width):
            moved = next(i for i in range(len(names)) if points[at][i] != points[at - 1][i])
            rises = points[at][moved] > points[at - 1][moved]
            effects[moved].append((values[at] - values[at - 1]) * (1 if rises else -1))
    return [
        _bootstrapped(name, len(each), partial(_morris_chosen, each)) for name, each in zip(names, effects, strict=True)
    ]


def _morris_chosen(effects: Sequence[float], rows: Sequence[int]) -> tuple[float, float]:
    return mean_and_spread([effects[row] for row in rows])


def mean_and_spread(effects: Sequence[float]) -> tuple[float, float]:
    """Return the mean absolute value, and the standard deviation of the values themselves."""
    mean = math.fsum(effects) / len(effects)
    spread = math.sqrt(math.fsum((each - mean) ** 2 for each in effects) / max(1, len(effects) - 1))
    return math.fsum(map(abs, effects)) / len(effects), spread


def sobol_sequence(dimensions: int, count: int) -> list[Point]:
    """Return the first points of Sobol's sequence, without the origin."""
    directions = [_directions(dimension) for dimension in range(dimensions)]
    state, found = [0] * dimensions, []
    for number in range(count):
        bit = (~number & number + 1).bit_length() - 1  # the lowest zero bit, as in Gray's code
        state = [value ^ each[bit] for value, each in zip(state, directions, strict=True)]
        found.append(tuple(value / 2**_BITS for value in state))
    return found


def _directions(dimension: int) -> list[int]:
    if not dimension:
        return [1 << (_BITS - 1 - bit) for bit in range(_BITS)]
    coefficients, first = _JOE_KUO[dimension - 1]
    degree = len(first)
    found = [number << (_BITS - 1 - bit) for bit, number in enumerate(first)]
    for bit in range(degree, _BITS):
        value = found[bit - degree] ^ (found[bit - degree] >> degree)
        for part in range(1, degree):
            value ^= (coefficients >> (degree - 1 - part) & 1) * found[bit - part]
        found.append(value)
    return found


def sobol_points(count: int, samples: int) -> list[Point]:
    """Return for each sample its point A, its point B, and A with each number of B in turn: *count* + 2 points."""
    found: list[Point] = []
    for both in sobol_sequence(2 * count, samples):
        here, there = both[:count], both[count:]
        found += [here, there, *(here[:at] + there[at : at + 1] + here[at + 1 :] for at in range(count))]
    return found


def sobol(names: Sequence[str], values: Sequence[float]) -> list[Sensitivity]:
    """Estimate the indices from values at `sobol_points`; all 0 where the figure never moves."""
    width = len(names) + 2
    rows = [values[at : at + width] for at in range(0, len(values), width)]
    return [_bootstrapped(name, len(rows), partial(_sobol_chosen, rows, at)) for at, name in enumerate(names)]


def _sobol_chosen(rows: Sequence[Sequence[float]], at: int, chosen: Sequence[int]) -> tuple[float, float]:
    return _sobol_of([rows[row] for row in chosen], at)


def _sobol_of(rows: Sequence[Sequence[float]], at: int) -> tuple[float, float]:
    count = len(rows)
    both = [value for row in rows for value in row[:2]]
    mean = math.fsum(both) / len(both)
    variance = math.fsum((value - mean) ** 2 for value in both) / len(both)
    if not variance:
        return 0.0, 0.0
    main = math.fsum((row[1] - mean) * (row[2 + at] - row[0]) for row in rows) / count
    total = math.fsum((row[0] - row[2 + at]) ** 2 for row in rows) / (2 * count)
    return main / variance, total / variance


def _bootstrapped(name: str, count: int, of: Callable[[Sequence[int]], tuple[float, float]]) -> Sensitivity:
    """Estimate from all rows; then two hundred times from rows drawn again, for 1.96 standard deviations."""
    main, total = of(range(count))
    draws = Draws(0, count, f"bootstrap.{name}")
    again = [of([draws.below(count) for _ in range(count)]) for _ in range(RESAMPLES)]
    widths = [1.96 * mean_and_spread([each[part] for each in again])[1] for part in (0, 1)]
    return Sensitivity(name=name, main=main, main_half_width=widths[0], total=total, total_half_width=widths[1])
