"""Charts of the market: prices, volumes, supply by cost, and how concentrated the sellers are."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple, Protocol

from exchange.simulation.agents import YEAR_DAYS
from exchange.simulation.charts.bars import Bars, grouped
from exchange.simulation.charts.lines import Series, Time, TimeMark, lines
from exchange.simulation.charts.steps import SupplyBlock, steps
from exchange.simulation.plans import CoveredPlan, Scenario
from exchange.simulation.published import BLOCK
from exchange.simulation.report.settings import (
    SettingRuns,
    few,
    figure_name,
    joined,
    keys,
    left_out,
    setting_name,
    unit_of,
)
from exchange.simulation.report.sheet import Table, chart
from exchange.simulation.results import WEEK_DAYS, RunResult
from exchange.simulation.statistics import Estimate, SettingSummary

MOST_LINES: Final = 5
"""Settings that one chart of lines shows; more would hide each other."""
MOST_BARS: Final = 12
FAN: Final = (0.1, 0.5, 0.9)
"""The fan is from the first to the last of these parts of all replications, its line the middle one."""


class TradedDay(Protocol):
    """What was traded on a day."""

    @property
    def day(self) -> int:
        """Counted from 0."""

    @property
    def volume_t(self) -> int:
        """Tonnes."""

    @property
    def turnover_fen(self) -> int:
        """What they cost."""

    @property
    def mode(self) -> str:
        """How they were traded."""


class Fan(NamedTuple):
    """Prices of each week over all replications: low, median and high, in yuan; None before the first trade."""

    low: list[float | None]
    middle: list[float | None]
    high: list[float | None]


def weeks_of(scenario: Scenario) -> int:
    """Weeks that are played; the last may be short."""
    return -(-scenario.horizon.days.value // WEEK_DAYS)


def week_begins(scenario: Scenario, week: int) -> date:
    """Return the first day of a week, counted from 0."""
    return scenario.horizon.start + timedelta(days=week * WEEK_DAYS)


def time_of(scenario: Scenario) -> Time:
    """The weeks of a scenario as an axis, with the first days of months, and the deadlines of whoever has one."""
    start, days = scenario.horizon.start, scenario.horizon.days.value
    firsts = [at for at in range(days) if (start + timedelta(days=at)).day == 1]
    names = [(at / WEEK_DAYS, f"{start + timedelta(days=at):%Y-%m}") for at in firsts]
    deadline = scenario.policy.deadline_day.value
    covered = any(isinstance(each, CoveredPlan) for each in scenario.population.values())
    marks = [TimeMark(at / WEEK_DAYS, ("deadline", "截止")) for at in range(deadline, days, YEAR_DAYS) if covered]
    return Time(weeks_of(scenario), names, marks)


def prices(days: Sequence[TradedDay], weeks: int) -> list[float | None]:
    """
    Average price of each week in yuan: that of the week before where nothing traded, None before the first trade.

    Blocks are left out, unless there is nothing else.
    """
    money, tonnes = [0] * weeks, [0] * weeks
    for each in [each for each in days if each.mode != BLOCK] or days:
        money[each.day // WEEK_DAYS] += each.turnover_fen
        tonnes[each.day // WEEK_DAYS] += each.volume_t
    found: list[float | None] = []
    last: float | None = None
    for fen, quantity in zip(money, tonnes, strict=True):
        last = fen / quantity / 100 if quantity else last
        found.append(last)
    return found


def volumes(runs: Sequence[Sequence[TradedDay]], weeks: int) -> list[float]:
    """Mean tonnes of each week over replications."""
    totals = [0] * weeks
    for days in runs:
        for each in days:
            totals[each.day // WEEK_DAYS] += each.volume_t
    return [total / len(runs) for total in totals]


def fan(runs: Sequence[Sequence[TradedDay]], weeks: int) -> Fan:
    """Return the fan of prices over replications, each with its days."""
    known = zip(*(prices(days, weeks) for days in runs), strict=True)
    by_week = [sorted(price for price in each if price is not None) for each in known]
    low, middle, high = ([each[round((len(each) - 1) * part)] if each else None for each in by_week] for part in FAN)
    return Fan(low, middle, high)


def market_charts(scenario: Scenario, groups: Sequence[SettingRuns], summed: Sequence[SettingSummary]) -> Iterator[str]:
    """Write prices, volumes, supply and concentration."""
    yield _price(scenario, groups)
    yield _volume(scenario, groups)
    if any(tonnes for _, tonnes in groups[0].runs[0].supply):
        yield _supply(groups[0].runs[0])
    if any(each.figures["volume_t"].high for each in summed):
        yield _concentration(scenario, summed)


def _price(scenario: Scenario, groups: Sequence[SettingRuns]) -> str:
    weeks = weeks_of(scenario)
    fans = [fan([run.days for run in group.runs], weeks) for group in groups]
    series = [
        Series(group.name, found.middle, found.low, found.high) for group, found in zip(groups, fans, strict=True)
    ]
    rows = [
        (*group.setting, week_begins(scenario, week).isoformat(), found.low[week], found.middle[week], found.high[week])
        for group, found in zip(groups, fans, strict=True)
        for week in range(weeks)
    ]
    note = (
        "Median of the replications; eight tenths of them lie within the area.",
        "各次运行的中位数；阴影为第一至第九个十分位之间。",
    )
    return chart(
        ("Price, CNY/t by week", "每周价格（元/吨）"),
        joined(note, left_out(len(groups), MOST_LINES)),
        "price",
        lambda pen: lines(pen, time_of(scenario), few(series, MOST_LINES)),
        Table((*keys(scenario), "week_begins", "low_cny_t", "median_cny_t", "high_cny_t"), rows),
    )


def _volume(scenario: Scenario, groups: Sequence[SettingRuns]) -> str:
    weeks = weeks_of(scenario)
    means = [volumes([run.days for run in group.runs], weeks) for group in groups]
    series = [Series(group.name, mean) for group, mean in zip(groups, means, strict=True)]
    rows = [
        (*group.setting, week_begins(scenario, week).isoformat(), value)
        for group, mean in zip(groups, means, strict=True)
        for week, value in enumerate(mean)
    ]
    return chart(
        ("Tonnes traded by week", "每周成交量（吨）"),
        joined(("Mean of the replications.", "各次运行的均值。"), left_out(len(groups), MOST_LINES)),
        "volume",
        lambda pen: lines(pen, time_of(scenario), few(series, MOST_LINES)),
        Table((*keys(scenario), "week_begins", "tonnes"), rows),
    )


def _supply(run: RunResult) -> str:
    blocks = [SupplyBlock(cost / 100, float(tonnes), 0) for cost, tonnes in run.supply if tonnes]
    return chart(
        ("Supply by cost, CNY/t over tonnes", "按成本排列的供给（元/吨，横轴为吨）"),
        (
            "Each block is a developer: its cost, and the tonnes it was issued. First run of the first setting.",
            "每一块是一个开发者：高为成本，宽为签发量。取第一种设置的第一次运行。",
        ),
        "supply",
        lambda pen: steps(pen, blocks, ()),
        Table(("cost_cny_t", "tonnes"), [(each.price, each.quantity) for each in blocks]),
    )


_SHARES: Final = ("largest_seller_bps", "seller_hhi")


def _concentration(scenario: Scenario, summed: Sequence[SettingSummary]) -> str:
    """Both measures as percent: an index of 10,000 is one seller alone, 100 %."""
    bars = [
        Bars(
            setting_name(scenario, each.setting),
            [(each.figures[name].mean / 100, (each.figures[name].half_width or 0) / 100) for name in _SHARES],
        )
        for each in summed
    ]
    note = (
        (
            "Of all tonnes sold in a run, resale included. The index is the sum of squared shares: 100 % is one seller "
            "alone, and ten equal sellers are 10 %; times 100 it is the index that goes to 10,000."
        ),
        (
            "占一次运行全部成交量，含转售。指数为各份额平方和："
            "100% 即只有一个卖方，十个相同的卖方为 10%；乘以 100 即最高 10,000 的指数。"
        ),
    )
    names = (("largest seller", "最大卖方"), ("Herfindahl index", "赫芬达尔指数"))
    heads = (*keys(scenario), "largest_seller_percent", "half_width", "herfindahl_percent", "half_width")
    return chart(
        ("Concentration of sellers, %", "卖方集中度（%）"),
        joined(note, left_out(len(bars), MOST_BARS)),
        "concentration",
        lambda pen: grouped(pen, few(bars, MOST_BARS), names),
        Table(heads, [(*each.setting, *_flat(bar)) for each, bar in zip(summed, bars, strict=True)]),
    )


def _flat(bar: Bars) -> list[float]:
    return [number for value, half in bar.values for number in (value, half or 0.0)]


def figure_bars(
    scenario: Scenario, summed: Sequence[SettingSummary], names: Sequence[str], title: tuple[str, str], key: str
) -> str:
    """Write a chart of figures by setting, with their intervals, from those of *names* that are not 0 throughout."""
    there = [name for name in names if any(_moves(each.figures.get(name)) for each in summed)]
    if not there:
        return ""
    bars = [Bars(setting_name(scenario, each.setting), [_shown(each, name) for name in there]) for each in summed]
    heads = (*keys(scenario), *(column for name in there for column in (name, "half_width")))
    return chart(
        title,
        joined(("Mean, with its 95 % interval.", "均值与 95% 置信区间。"), left_out(len(bars), MOST_BARS)),
        key,
        lambda pen: grouped(pen, few(bars, MOST_BARS), [figure_name(name) for name in there]),
        Table(heads, [(*each.setting, *_flat(bar)) for each, bar in zip(summed, bars, strict=True)]),
    )


def _moves(found: Estimate | None) -> bool:
    return found is not None and bool(found.low or found.high)


def _shown(each: SettingSummary, name: str) -> tuple[float, float | None]:
    found, unit = each.figures[name], unit_of(name)
    return found.mean / unit, found.half_width / unit if found.half_width is not None else None
