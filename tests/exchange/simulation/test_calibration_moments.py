"""Moments of a tape against scipy's and by hand; the simplex on functions whose least is known."""

import math
from datetime import date

import numpy as np
import pytest
from scipy import stats

from exchange.simulation.calibration import moments
from exchange.simulation.calibration.moments import Tape
from exchange.simulation.calibration.search import nelder_mead, scan_points

DAYS = 28
RETURNS = np.random.default_rng(7).standard_t(3, 500) / 100


def tape(volumes, prices, *, mode="book", start=date(2025, 1, 6)):
    """A tape of one way of trading, all of whose weekdays are open; 0 tonnes are no trade."""
    volume, price = np.array([volumes], dtype=float), np.array(prices, dtype=float)
    is_open = np.array([(start.toordinal() + at - 1) % 7 < 5 for at in range(len(volumes))])
    close = np.where(volume[0] > 0, price, np.nan)
    return Tape(start, is_open, close, (mode,), volume, volume * price)


def test_deviation_and_kurtosis_are_scipys():
    """Of five hundred heavy-tailed returns, to the last digits."""
    assert moments.deviation(RETURNS) == pytest.approx(stats.tstd(RETURNS), rel=1e-12)
    assert moments.excess_kurtosis(RETURNS) == pytest.approx(stats.kurtosis(RETURNS), rel=1e-12)


@pytest.mark.parametrize("lag", [1, 5, 20])
def test_autocorrelation_is_that_of_the_correlogram(lag):
    """The covariance of numpy's full correlation over the variance; Pearson's of scipy is near it."""
    sizes = np.abs(RETURNS)
    apart = sizes - sizes.mean()
    full = np.correlate(apart, apart, mode="full")
    assert moments.autocorrelation(sizes, lag) == pytest.approx(full[len(sizes) - 1 + lag] / full[len(sizes) - 1])
    assert moments.autocorrelation(sizes, lag) == pytest.approx(stats.pearsonr(sizes[lag:], sizes[:-lag])[0], abs=0.02)


def test_closes_carry_the_last_price_over_days_without_a_trade():
    """From the first trade on, weekends left out; a price that stays is stale, whether it was traded or not."""
    volumes = [0, 5, 0, 5, 5, 9, 9, 5, 0, 0, 0, 5]
    prices = [0, 100, 0, 100, 110, 999, 999, 120, 0, 0, 0, 90]
    found = moments.closes(tape(volumes, prices))
    assert [100, 100, 100, 110, 120, 120, 120, 120, 90] == found.tolist()
    assert 5 / 8 == moments.stale_share(found)
    assert 5 / 10 == moments.idle_share(tape(volumes, prices))
    assert math.log(120 / 100) == pytest.approx(moments.weekly_range(found[:5]))


def test_returns_of_several_days_do_not_overlap():
    """Every fifth price is taken."""
    prices = np.exp(np.arange(11.0))
    assert [5, 5] == pytest.approx(moments.log_returns(prices, 5).tolist())
    assert 0 == len(moments.log_returns(prices[:5], 5))


def test_shares_of_the_tonnes():
    """Between two days, since a day, of the busiest week, and busiest over quietest; weeks begin with the run."""
    found = tape([10] * 7 + [0] * 7 + [30] * 7 + [100] * 7 + [7], [50] * 29)
    assert 100 * 7 / 987 == pytest.approx(moments.share_between(found, date(2025, 1, 27), date(2025, 2, 2)))
    since = moments.share_between(found, date(2025, 1, 27), date(2025, 12, 31), date(2025, 1, 20))
    assert 707 / 917 == pytest.approx(since)
    assert 700 / 980 == pytest.approx(moments.peak_week_share(found))
    assert 1 == pytest.approx(moments.peak_over_quiet(found))
    assert 0.5 == moments.mean_price(found)


def test_a_discount_is_of_days_on_which_both_were_traded():
    """Blocks at 90 beside listed trades at 100; a day with blocks alone does not count."""
    listed, block = [10, 10, 0], [20, 0, 50]
    volume = np.array([block, listed], dtype=float)
    turnover = volume * np.array([[90, 90, 10], [100, 400, 400]])
    both = Tape(date(2025, 1, 6), np.ones(3, dtype=bool), np.full(3, 100.0), ("block", "book"), volume, turnover)
    assert 0.1 == pytest.approx(moments.discount(both, "block", "book"))
    assert math.isnan(moments.discount(both, "auction", "book"))


def test_what_a_tape_cannot_have_is_no_number():
    """No trade, one price, a series shorter than the lag."""
    empty = tape([0] * DAYS, [0] * DAYS)
    assert 0 == len(moments.closes(empty))
    nothing = [
        moments.stale_share(moments.closes(empty)),
        moments.weekly_range(moments.closes(empty)),
        moments.mean_price(empty),
        moments.peak_week_share(empty),
        moments.peak_over_quiet(empty),
        moments.share_between(empty, date(2025, 1, 6), date(2025, 1, 7)),
        moments.deviation(RETURNS[:2]),
        moments.excess_kurtosis(np.zeros(9)),
        moments.autocorrelation(np.zeros(9), 1),
        moments.autocorrelation(RETURNS[:5], 5),
    ]
    assert all(map(math.isnan, nothing))
    assert 1 == moments.idle_share(empty)


def rosenbrock(points):
    """Rosenbrock's valley over -2 to 2; its least is 0 at (1, 1)."""
    return [100 * ((4 * y - 2) - (4 * x - 2) ** 2) ** 2 + (1 - (4 * x - 2)) ** 2 for x, y in points]


@pytest.mark.parametrize("start", [(0.2, 0.7), (0.0, 1.0), (0.0, 0.0), (1.0, 0.5)])
def test_the_simplex_walks_down_rosenbrocks_valley(start):
    """From within, and from corners, where moving points inside flattens the simplex and it must begin again."""
    found = nelder_mead(rosenbrock, start, 600)
    assert (0.75, 0.75) == pytest.approx(found.point, abs=1e-3)
    assert found.loss < 1e-5


def test_the_simplex_stays_within_the_ranges():
    """Where the least lies outside it ends at the nearest side, and no point outside is ever asked for."""
    asked = []

    def slope(points):
        asked.extend(points)
        return [(x + 1) ** 2 + (y - 0.5) ** 2 for x, y in points]

    found = nelder_mead(slope, (0.9, 0.9), 200)
    assert (0, 0.5) == pytest.approx(found.point, abs=1e-2)
    assert all(0 <= value <= 1 for point in asked for value in point)
    assert found.asked == len(asked)


def test_every_seed_moves_the_scan():
    """Seed 0 is a seed like any other; the same seed gives the same points, evenly spread."""
    zero, one = (scan_points(3, 64, seed) for seed in (0, 1))
    assert zero == scan_points(3, 64, 0) != one
    for column in zip(*zero, strict=True):
        assert 7 <= min(np.histogram(column, bins=8, range=(0, 1))[0])
