"""Charts: what is not known is not drawn, axes are round, nothing collides, chance looks like chance."""

import itertools
import re
from types import SimpleNamespace
from typing import Any

import pytest

from exchange.simulation.charts.bars import Bars, Stack, grouped, stacks
from exchange.simulation.charts.frame import WIDTH, Pen, amount, round_ticks, width_of
from exchange.simulation.charts.heat import Cell, Sides, heat
from exchange.simulation.charts.lines import Series, Time, TimeMark, lines
from exchange.simulation.charts.steps import SupplyBlock, steps
from exchange.simulation.charts.tornado import Push, tornado
from exchange.simulation.files import read, shipped
from exchange.simulation.report.credits import place_name
from exchange.simulation.report.market import prices
from exchange.simulation.report.settings import few, figure_name, figure_text, lever_title, setting_name

EN, ZH = Pen("en", "a-en"), Pen("zh", "a-zh")


def test_a_price_begins_with_the_first_trade():
    """Two weeks without any: no point of the line is there. A later quiet week keeps the price."""
    days: list[Any] = [
        SimpleNamespace(day=15, turnover_fen=5_000, volume_t=2, mode="book"),
        SimpleNamespace(day=30, turnover_fen=0, volume_t=0, mode="book"),
    ]
    found = prices(days, 5)
    assert [None, None, 25.0, 25.0, 25.0] == found
    time = Time(5, [(0, "2025-01"), (4, "2025-02")], [TimeMark(3, ("deadline", "截止"))])
    drawn = lines(EN, time, [Series("a", found, found, found)]).body
    (line,) = re.findall(r'<path d="M([^"Z]*)" fill="none"', drawn)
    (area,) = re.findall(r'<path d="M([^"]*)Z"', drawn)
    assert (3, 6) == (len(line.split("L")), len(area.split("L")))
    assert 1 == len({point.split()[1] for point in line.split("L")})
    assert ["0", "5", "10", "15", "20", "25"] == re.findall('text-anchor="end">([^<]*)<', drawn), "the axis is round"
    assert "deadline" in drawn


@pytest.mark.parametrize(
    ("top", "low", "marks"),
    [
        (0, 0, [0, 1]),
        (25, 0, [0, 5, 10, 15, 20, 25]),
        (26, 0, [0, 10, 20, 30]),
        (1_341_101, 0, [0, 500_000, 1_000_000, 1_500_000]),
        (30, -70, [-80, -60, -40, -20, 0, 20, 40]),
        (0.3, 0, [0, 0.1, 0.2, 0.3]),
        (-1, -4, [-4, -3, -2, -1, 0]),
    ],
)
def test_axes_have_round_numbers_and_a_zero(top, low, marks):
    """From the lowest to the highest value, and no further than a step beyond."""
    assert pytest.approx(marks) == round_ticks(top, low)


def test_large_amounts_are_said_as_each_language_says_them():
    """Millions, and 万."""
    assert ("1.5M", "150万", "25,000") == (
        amount(1_500_000, 2e6, "en"),
        amount(1_500_000, 2e6, "zh"),
        amount(25_000, 5e4, "zh"),
    )


def test_where_kilograms_are_is_said_in_both_languages():
    """A population keeps the name that its scenario gives it; each drawing has one language."""
    names = [place_name("buffer"), place_name("retired by mills")]
    bars = [Stack("1", [1, 2])]
    english, chinese = stacks(EN, bars, names), stacks(ZH, bars, names)
    assert "retired by mills" in english.body
    assert "由 mills 注销" in chinese.body
    assert "缓冲" in chinese.said
    assert "缓冲" not in english.body


def texts(body: str) -> list[tuple[float, float, str]]:
    """Texts in the middle of their places, with their ends."""
    found = re.findall(r'<text x="([\d.]+)" y="[\d.]+" text-anchor="middle">([^<]*)<', body)
    return [(float(x) - width_of(said) / 2, float(x) + width_of(said) / 2, said) for x, said in found]


def test_labels_do_not_collide_nor_stick_out():
    """Long names of many bars are turned; those of a time axis that have no room are left out."""
    many = [Stack(f"{at * 1000:,} / {at}%", [at]) for at in range(12)]
    assert 12 == stacks(EN, many, ["a"]).body.count("rotate(-35)")
    two = stacks(EN, many[:3], ["a"])
    assert "rotate" not in two.body
    assert ["0", "0%", "1,000", "1%", "2,000", "2%"] == [said for _, _, said in texts(two.body)], "in two rows"
    time = Time(157, [(at * 4.35, f"2025-{at:02}") for at in range(36)])
    seen = texts(lines(EN, time, [Series("a", [1.0] * 157)]).body)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(seen))
    assert max(end for _, end, _ in seen) <= WIDTH
    supply = texts(steps(EN, [SupplyBlock(10, 79_000, 0)], ()).body)
    assert max(end for _, end, _ in supply) <= WIDTH


def test_a_legend_takes_as_many_rows_as_it_needs():
    """Names are as long as they are; a drawing grows by its rows."""
    names = [f"retired by a population of the scenario {at}" for at in range(5)]
    long, short = stacks(EN, [Stack("1", [1] * 5)], names), stacks(EN, [Stack("1", [1])], ["a"])
    assert long.height - short.height > 3 * 18
    assert all(name in long.body for name in names)


def test_chance_looks_like_chance():
    """A push or a cell that is not told from chance is hollow or hatched, and a bar has its whisker."""
    pushes = [Push(("small", "小"), -5, 9, sure=False), Push(("large", "大"), 40, 3, sure=True)]
    body = tornado(EN, pushes, "%").body
    assert body.index("large") < body.index("small"), "the longest comes first"
    first, second = re.findall(r'<rect x="[\d.]+" y="[\d.]+" width="[\d.]+" height="14" ([^/]*)/>', body)
    assert ("#fff" in first, "#fff" in second) == (False, True)
    sides = Sides(("d", "d"), ("a", "a"), ["1", "2"], ["1"])
    cells = [[Cell(1, "1", "", chance=False)], [Cell(2, "2", "± 3", chance=True)]]
    assert 1 + 1 == heat(EN, sides, cells).body.count("url(#a-en-h)"), "one cell, and the key"
    assert "± 3" in heat(EN, sides, cells).body
    assert "" == heat(EN, sides, [[None], [None]]).said, "runs that failed have no cell"
    bars = [Bars("1", [(5, 2)]), Bars("2", [(3, None)])]
    assert 2 == grouped(EN, bars, ["a"]).body.count("m-4 0h8"), "a whisker is two lines, one for its edge"


def test_settings_are_named_as_readers_say_them():
    """Percent for bps, yuan for fen, words for ways to sell; titles of the same units."""
    cap, floor, modes = (
        read(shipped()[name]) for name in ("offset-cap-local-share", "price-floor", "auction-listing-book")
    )
    assert ("5% / 70%",) * 2 == setting_name(cap, (500, 7000))
    assert (("Offset cap, % of emissions", "抵销上限（排放量的%）")) == lever_title(cap.lever[0])
    assert (("90",) * 2, "Lowest price, CNY/t") == (setting_name(floor, (9000,)), lever_title(floor.lever[0])[0])
    assert ("uniform auctions", "统一价拍卖") == setting_name(modes, (2,))
    assert "最大卖方占比（%）" == figure_name("largest_seller_bps")[1]
    assert ("8.1", "24.50", "61,319,379") == (
        figure_text("largest_seller_bps", 812),
        figure_text("average_fen_t", 2450.4),
        figure_text("compliance_fen", 6_131_937_900),
    )
    assert [0, 4, 9] == few(range(10), 3)
