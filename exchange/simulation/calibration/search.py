"""Where a function of numbers from 0 to 1 is least: a scan on Sobol's sequence, then Nelder and Mead's simplex."""

import hashlib
import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from exchange.simulation.calibration.moments import Floats
from exchange.simulation.sensitivity import Point, sobol_sequence

Losses = Callable[[Sequence[Point]], Sequence[float]]
"""Losses at several points at once, so that they can be run side by side."""
_REFLECT, _EXPAND, _CONTRACT, _SHRINK = 1.0, 2.0, 0.5, 0.5
_EDGE: Final = 0.1
"""The first simplex reaches a tenth of each range from the best point of the scan."""
_SMALL: Final = 1e-4
"""It has ended when it is narrower than this part of every range."""


class Least(NamedTuple):
    """The point of the least loss that was found, its loss, and how many points were asked for."""

    point: Point
    loss: float
    asked: int


def scan_points(dimensions: int, count: int, seed: int) -> list[Point]:
    """Return the first points of Sobol's sequence, shifted by a hash of the seed modulo 1. Every seed counts, 0 too."""
    shift = [
        int.from_bytes(hashlib.sha256(f"calibration/{seed}/{at}".encode()).digest()[:4]) / 2**32
        for at in range(dimensions)
    ]
    return [
        tuple((value + moved) % 1 for value, moved in zip(point, shift, strict=True))
        for point in sobol_sequence(dimensions, count)
    ]


def nelder_mead(losses: Losses, start: Point, steps: int, edge: float = _EDGE) -> Least:
    """
    Walk downhill from *start* within 0 to 1, for *steps* steps at most.

    Nelder and Mead 1965 with their coefficients. A point outside is moved to the nearest one inside, which can flatten
    the simplex onto a side: when it has ended, it begins again from where it is, until that finds nothing better.
    """
    best, asked, left = Least(start, math.inf, 0), 0, steps
    while True:
        found, used = _descend(losses, best.point, left, edge)
        asked, left = asked + found.asked, left - used
        better = best.loss - found.loss > _SMALL
        best = Least(*min(best, found, key=lambda each: each.loss)[:2], asked)
        if not better or left <= 0:
            return best


def _descend(losses: Losses, start: Point, steps: int, edge: float) -> tuple[Least, int]:
    """Let one simplex walk until it is small; returns what it found and the steps that it took."""
    corners = [np.array(start)]
    for at, value in enumerate(start):
        corner = np.array(start)
        corner[at] = value + edge if value + edge <= 1 else value - edge
        corners.append(corner)
    simplex, found = np.array(corners), np.array(losses([_point(each) for each in corners]))
    asked, used = len(corners), 0
    while used < steps:
        used += 1
        order = np.argsort(found, kind="stable")
        simplex, found = simplex[order], found[order]
        if np.ptp(simplex, axis=0).max() < _SMALL or np.ptp(found) < _SMALL**2:
            break
        asked += _step(losses, simplex, found)
    best = int(np.argmin(found))
    return Least(_point(simplex[best]), float(found[best]), asked), used


def _point(corner: Floats) -> Point:
    return tuple(float(each) for each in corner)


def _step(losses: Losses, simplex: Floats, found: Floats) -> int:
    """Replace the worst corner of an ordered simplex, or draw all towards the best; returns how many were asked."""
    middle, worst = simplex[:-1].mean(axis=0), simplex[-1]

    def at(part: float) -> tuple[Floats, float]:
        point = np.clip(middle + part * (middle - worst), 0.0, 1.0)
        return point, losses([_point(point)])[0]

    reflected, loss = at(_REFLECT)
    if found[0] <= loss < found[-2]:
        simplex[-1], found[-1] = reflected, loss
        return 1
    further, other = at(_EXPAND) if loss < found[0] else at(_CONTRACT if loss < found[-1] else -_CONTRACT)
    if other < min(loss, found[-1]) or loss < found[0]:
        simplex[-1], found[-1] = (further, other) if other < loss else (reflected, loss)
        return 2
    for row in range(1, len(simplex)):
        simplex[row] = simplex[0] + _SHRINK * (simplex[row] - simplex[0])
    found[1:] = losses([_point(each) for each in simplex[1:]])
    return 1 + len(simplex)
