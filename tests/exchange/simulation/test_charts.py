"""Charts: what is not known is not drawn, and words stand in both languages."""

import re
from types import SimpleNamespace
from typing import Any

from exchange.simulation.charts import Series, Stack, lines, stacks
from exchange.simulation.report import _place, _prices


def test_a_price_begins_with_the_first_trade():
    """Two weeks without any: no point of the line is there. A later quiet week keeps the price."""
    days = [
        SimpleNamespace(day=15, turnover_fen=5_000, volume_t=2),
        SimpleNamespace(day=30, turnover_fen=0, volume_t=0),
    ]
    run: Any = SimpleNamespace(days=days)
    prices = _prices(run, 5)
    assert [None, None, 25.0, 25.0, 25.0] == prices
    drawn = lines(["0", "1", "2", "3", "4"], [Series("a", prices, prices, prices)])
    (line,), (area,) = re.findall('<polyline points="([^"]*)"', drawn), re.findall('<polygon points="([^"]*)"', drawn)
    assert (3, 6) == (len(line.split()), len(area.split()))
    assert 1 == len({point.partition(",")[2] for point in line.split()})
    assert ["0", "7.5", "15", "22.5", "30"] == re.findall('text-anchor="end">([^<]*)<', drawn), "the axis is exact"


def test_where_kilograms_are_is_said_in_both_languages():
    """A population keeps the name that its scenario gives it."""
    drawn = stacks([Stack("1", [1, 2])], [_place("buffer"), _place("retired by mills")])
    for words in ('<tspan lang="zh">缓冲</tspan>', '<tspan lang="en">retired by mills</tspan>', "由 mills 注销"):
        assert words in drawn
