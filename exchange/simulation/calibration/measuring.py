"""Facts measured: on a run's tape, and on the published series that some of them are computed from."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from exchange.simulation.calibration import moments
from exchange.simulation.calibration.facts import DataWrong, PublishedFact, SeriesRow, series_of
from exchange.simulation.calibration.moments import Floats, Tape
from exchange.simulation.plans import Scenario
from exchange.simulation.results import DayLine


class FactTarget(NamedTuple):
    """A fact with its value, which a run is held against."""

    fact: PublishedFact
    value: float


def targets_of(facts: Sequence[PublishedFact], rows: Sequence[SeriesRow]) -> tuple[FactTarget, ...]:
    """Give every fact its value, computed from its series where it has one. Raises `DataWrong`."""
    return tuple(FactTarget(each, _published(each, rows)) for each in facts)


def _published(fact: PublishedFact, rows: Sequence[SeriesRow]) -> float:
    if fact.value is not None:
        return fact.value
    values = np.array([each.value for each in series_of(rows, fact.series or "")])
    if fact.moment not in _OF_RETURNS:
        return float(values.mean())
    if (values <= 0).any():
        raise DataWrong(1, f"{fact.series} has prices that are not above 0, and no returns")
    found = _OF_RETURNS[fact.moment](fact, moments.log_returns(values))
    if math.isnan(found):
        raise DataWrong(1, f"{fact.series} is too short for {fact.moment}")
    return found


_OF_RETURNS: Final[Mapping[str, Callable[[PublishedFact, Floats], float]]] = {
    "return_deviation": lambda _fact, returns: moments.deviation(returns),
    "return_kurtosis": lambda _fact, returns: moments.excess_kurtosis(returns),
    "return_clustering": lambda fact, returns: moments.autocorrelation(np.abs(returns), fact.lag),
}


def instrument_of(scenario: Scenario, fact: PublishedFact) -> int:
    """Return the number of a fact's instrument: the project that it names, or the first. Raises `DataWrong`."""
    projects = list(scenario.project)
    if fact.instrument is None and projects:
        return 1
    if fact.instrument not in projects:
        raise DataWrong(1, f"{fact.name} is about {fact.instrument}, and {scenario.name} has no such project")
    return projects.index(fact.instrument) + 1


def measure(scenario: Scenario, days: Sequence[DayLine], targets: Sequence[FactTarget]) -> tuple[float, ...]:
    """Measure a run's trades: one number for each target, NaN where the run has no such thing."""
    tapes: dict[int, Tape] = {}
    for each in targets:
        number = instrument_of(scenario, each.fact)
        if number not in tapes:
            tapes[number] = moments.tape_of(scenario, days, number)
    return tuple(moment_of(each.fact, tapes[instrument_of(scenario, each.fact)]) for each in targets)


def moment_of(fact: PublishedFact, tape: Tape) -> float:
    """Measure one fact on a tape."""
    if fact.moment in _OF_RETURNS:
        return _OF_RETURNS[fact.moment](fact, moments.log_returns(moments.closes(tape), fact.every))
    return _OF_TAPES[fact.moment](fact, tape)


def _share(fact: PublishedFact, tape: Tape) -> float:
    assert fact.first is not None and fact.last is not None, "the loader asks for both"  # noqa: PT018 - one condition
    return moments.share_between(tape, fact.first, fact.last, fact.since)


def _discount(fact: PublishedFact, tape: Tape) -> float:
    return moments.discount(tape, fact.mode or "", fact.against or "")


_OF_TAPES: Final[Mapping[str, Callable[[PublishedFact, Tape], float]]] = {
    "stale_share": lambda _fact, tape: moments.stale_share(moments.closes(tape)),
    "idle_share": lambda _fact, tape: moments.idle_share(tape),
    "weekly_range": lambda _fact, tape: moments.weekly_range(moments.closes(tape)),
    "share_between": _share,
    "peak_week_share": lambda _fact, tape: moments.peak_week_share(tape),
    "peak_over_quiet": lambda _fact, tape: moments.peak_over_quiet(tape),
    "mean_price": lambda _fact, tape: moments.mean_price(tape),
    "discount": _discount,
}
