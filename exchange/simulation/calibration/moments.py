"""
Moments: what a run's tape has in common with a published market, as one number each.

Pure functions of arrays. A moment is NaN where a tape cannot have it: no trade, no spread, no trade of a kind.
Definitions of the statistics are those of scipy with its defaults (population moments, excess kurtosis).
"""

import math
from collections.abc import Sequence
from datetime import date
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from exchange.simulation.plans import Scenario
from exchange.simulation.published import BLOCK
from exchange.simulation.results import WEEK_DAYS, DayLine
from registry.methodologies.calendars import calendar

Floats: TypeAlias = npt.NDArray[np.float64]
_LEAST_RETURNS: Final = 3
"""Fewer returns have no spread worth a name."""


class Tape(NamedTuple):
    """
    One instrument of one run, day by day.

    *volume_t* and *turnover_fen* have an element for each day of the run, and for each way of trading in *modes*;
    *close_fen* is the last price but of blocks, NaN on a day without one; *open* says which days were working days.
    """

    start: date
    open: npt.NDArray[np.bool_]
    close_fen: Floats
    modes: tuple[str, ...]
    volume_t: Floats
    turnover_fen: Floats

    @property
    def daily_t(self) -> Floats:
        """Tonnes of each day, whichever way they were traded."""
        return np.asarray(self.volume_t.sum(axis=0))


def tape_of(scenario: Scenario, days: Sequence[DayLine], instrument: int) -> Tape:
    """Lay the trades of an instrument out over the days of the run."""
    count, start = scenario.horizon.days.value, scenario.horizon.start
    mine = [each for each in days if each.instrument == instrument]
    modes = tuple(sorted({each.mode for each in mine}))
    volume, turnover = np.zeros((len(modes), count)), np.zeros((len(modes), count))
    close = np.full(count, np.nan)
    for each in mine:
        row = modes.index(each.mode)
        volume[row, each.day] += each.volume_t
        turnover[row, each.day] += each.turnover_fen
        if each.mode != BLOCK:
            close[each.day] = each.last_fen
    return Tape(start, _working(start, count), close, modes, volume, turnover)


def _working(start: date, count: int) -> npt.NDArray[np.bool_]:
    table = calendar()
    days = [date.fromordinal(start.toordinal() + at) for at in range(count)]
    return np.array([table.is_working_day(day, assume=day.year not in table.covered) for day in days], dtype=np.bool_)


def closes(tape: Tape) -> Floats:
    """Closing prices of the working days from the first trade on; a day without a trade has that of the day before."""
    days = np.flatnonzero(tape.open)
    prices = tape.close_fen[days]
    traded = np.flatnonzero(~np.isnan(prices))
    if not len(traded):
        return np.empty(0)
    last = np.searchsorted(traded, np.arange(traded[0], len(prices)), side="right") - 1
    return np.asarray(prices[traded[last]])


def log_returns(prices: Floats, every: int = 1) -> Floats:
    """Logarithms of each price over the one *every* steps before, without overlap."""
    return np.diff(np.log(prices[::every])) if len(prices) > every else np.empty(0)


def deviation(values: Floats) -> float:
    """Return the standard deviation, with n below the line as `scipy.stats.tstd` has n - 1."""
    return float(values.std(ddof=1)) if len(values) >= _LEAST_RETURNS else math.nan


def excess_kurtosis(values: Floats) -> float:
    """Fourth moment over the square of the second, less the 3 of a normal distribution."""
    if len(values) < _LEAST_RETURNS or not (spread := float(values.var())):
        return math.nan
    return float(((values - values.mean()) ** 4).mean()) / spread**2 - 3


def autocorrelation(values: Floats, lag: int) -> float:
    """Correlation of a series with itself *lag* steps later, by the mean and the variance of the whole."""
    if len(values) <= lag + 1 or not (spread := float(values.var())):
        return math.nan
    apart = values - values.mean()
    return float((apart[lag:] * apart[:-lag]).sum()) / (spread * len(values))


def stale_share(prices: Floats) -> float:
    """Part of the working days that close at the price of the day before."""
    return float((np.diff(prices) == 0).mean()) if len(prices) > 1 else math.nan


def idle_share(tape: Tape) -> float:
    """Part of the working days on which nothing was traded."""
    return float((tape.daily_t[tape.open] == 0).mean()) if tape.open.any() else math.nan


def weekly_range(prices: Floats) -> float:
    """Mean of the logarithm of a week's highest close over its lowest; five working days are a week."""
    weeks = len(prices) // _WORKING_WEEK
    if not weeks:
        return math.nan
    by_week = prices[: weeks * _WORKING_WEEK].reshape(weeks, _WORKING_WEEK)
    return float(np.log(by_week.max(axis=1) / by_week.min(axis=1)).mean())


_WORKING_WEEK: Final = 5


def share_between(tape: Tape, first: date, last: date, since: date | None = None) -> float:
    """Part of the tonnes that were traded from *first* to *last*, of all or of those *since* a day."""
    daily, zero = tape.daily_t, tape.start.toordinal()
    begun = max(0, since.toordinal() - zero) if since else 0
    whole = float(daily[begun:].sum())
    part = daily[max(0, first.toordinal() - zero) : max(0, last.toordinal() + 1 - zero)]
    return float(part.sum()) / whole if whole else math.nan


def weekly_t(tape: Tape) -> Floats:
    """Tonnes of each whole week from the run's first day on."""
    whole = len(tape.daily_t) // WEEK_DAYS * WEEK_DAYS
    return np.asarray(tape.daily_t[:whole].reshape(-1, WEEK_DAYS).sum(axis=1))


def peak_week_share(tape: Tape) -> float:
    """The busiest week's part of all tonnes."""
    weeks = weekly_t(tape)
    whole = float(weeks.sum())
    return float(weeks.max()) / whole if whole else math.nan


def peak_over_quiet(tape: Tape) -> float:
    """Tonnes of the busiest week over those of the quietest that had a trade, as a decimal logarithm."""
    weeks = weekly_t(tape)
    traded = weeks[weeks > 0]
    return math.log10(float(traded.max()) / float(traded.min())) if len(traded) else math.nan


def mean_price(tape: Tape) -> float:
    """Turnover over tonnes: CNY a tonne."""
    whole = float(tape.volume_t.sum())
    return float(tape.turnover_fen.sum()) / whole / 100 if whole else math.nan


def discount(tape: Tape, mode: str, against: str) -> float:
    """How far the mean price of one way of trading is below that of another, over days on which both were used."""
    if mode not in tape.modes or against not in tape.modes:
        return math.nan
    one, other = tape.modes.index(mode), tape.modes.index(against)
    both = (tape.volume_t[one] > 0) & (tape.volume_t[other] > 0)
    if not both.any():
        return math.nan
    prices = [float(tape.turnover_fen[at, both].sum() / tape.volume_t[at, both].sum()) for at in (one, other)]
    return 1 - prices[0] / prices[1]
