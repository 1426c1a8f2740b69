"""Means of replications with their uncertainty, and whether a lever moved a figure at all."""

import math
from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from exchange.simulation.results import FIGURES, USUAL, RunResult, names_of
from exchange.simulation.runs import by_setting

_STUDENT: Final = (
    *(12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228),
    *(2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086),
    *(2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042),
)
"""Student's t at 97.5 %, from one degree of freedom on; beyond thirty the last is used, which is a little too wide."""


class Estimate(Struct, frozen=True, kw_only=True):
    """The mean of a figure; the true one is within *half_width* of it in 95 of 100 cases. None: one replication."""

    mean: float
    half_width: float | None
    low: int
    high: int


class Effect(Struct, frozen=True, kw_only=True):
    """
    How far a setting moved a figure from the first one, replication by replication under the same seeds.

    *sure* is whether the difference is more than its own uncertainty; else the report does not call it an effect.
    """

    mean: float
    half_width: float | None
    sure: bool


class SettingSummary(Struct, frozen=True, kw_only=True):
    """The figures of one setting of the levers, and their effects against the first setting."""

    setting: tuple[int, ...]
    replications: int
    figures: dict[str, Estimate]
    effects: dict[str, Effect]


def estimate(values: Sequence[int]) -> Estimate:
    """Estimate a mean."""
    mean, half = mean_of(values)
    return Estimate(mean=mean, half_width=half, low=min(values), high=max(values))


def effect(before: Sequence[int], after: Sequence[int]) -> Effect:
    """Compare pairs of values of the same replications."""
    mean, half = mean_of([there - here for here, there in zip(before, after, strict=True)])
    return Effect(mean=mean, half_width=half, sure=half is not None and abs(mean) > half)


def mean_of(values: Sequence[float]) -> tuple[float, float | None]:
    """Return a mean and half of its 95 % interval, by Student; None for one value."""
    count = len(values)
    mean = sum(values) / count
    if count == 1:
        return mean, None
    deviation = math.sqrt(math.fsum((each - mean) ** 2 for each in values) / (count - 1))
    return mean, _STUDENT[min(count - 1, len(_STUDENT)) - 1] * deviation / math.sqrt(count)


def summaries(runs: tuple[RunResult, ...]) -> tuple[SettingSummary, ...]:
    """Sum up every setting; replications that failed in either of two settings are left out of their comparison."""
    groups = [(setting, {each.replication: each.figures for each in them}) for setting, them in by_setting(runs)]
    first, names = groups[0][1] if groups else {}, names_of(runs)
    found = []
    for setting, them in groups:
        shared = sorted(first.keys() & them.keys())
        found.append(
            SettingSummary(
                setting=setting,
                replications=len(them),
                figures={name: estimate([each[name] for each in them.values()]) for name in names},
                effects={
                    name: effect([first[at][name] for at in shared], [them[at][name] for at in shared])
                    for name in names
                    if shared
                },
            )
        )
    return tuple(found)


def names_in(summed: Sequence[SettingSummary]) -> list[str]:
    """Name the figures that every setting has, in their order."""
    return [name for name in FIGURES if all(name in each.figures for each in summed)]


def told(summed: Sequence[SettingSummary]) -> list[str]:
    """Name the figures that a report has: those of every market, and of sections that were played at all."""
    return [
        name
        for name in names_in(summed)
        if name in USUAL or any(each.figures[name].low or each.figures[name].high for each in summed)
    ]
