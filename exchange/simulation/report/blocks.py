"""The chart of negotiated blocks: their prices apart from those of all other trades."""

from collections.abc import Iterator, Sequence

from exchange.simulation.charts.lines import Series, lines
from exchange.simulation.plans import Scenario
from exchange.simulation.published import BLOCK
from exchange.simulation.report.market import time_of, week_begins, weeks_of
from exchange.simulation.report.settings import SettingRuns, joined, keys
from exchange.simulation.report.sheet import Table, chart
from exchange.simulation.results import WEEK_DAYS

Prices = list[float | None]


def block_charts(scenario: Scenario, groups: Sequence[SettingRuns]) -> Iterator[str]:
    """Write prices of blocks beside those of other trades, of the first setting in which there are blocks."""
    shown = next(
        (group for group in groups if any(each.mode == BLOCK for run in group.runs for each in run.days)), None
    )
    if shown is None:
        return
    weeks = weeks_of(scenario)
    blocks, listed = (_prices(shown, weeks, blocks=which) for which in (True, False))
    named = shown.name if isinstance(shown.name, tuple) else (shown.name, shown.name)
    note = (
        "Tonnes of all replications together. A week without a trade of a kind has no price of it. Setting: ",
        "各次运行合并计算；某周没有该类成交则无价格。设置：",
    )
    series = [
        Series(("blocks", "大宗协议"), blocks),
        Series(("all other trades", "其他全部成交"), listed),
    ]
    rows = [
        (*shown.setting, week_begins(scenario, week).isoformat(), blocks[week], listed[week]) for week in range(weeks)
    ]
    yield chart(
        ("Blocks and other trades, CNY/t by week", "大宗与其他成交的每周均价（元/吨）"),
        joined(note, named),
        "blocks",
        lambda pen: lines(pen, time_of(scenario), series),
        Table((*keys(scenario), "week_begins", "block_cny_t", "other_cny_t"), rows),
    )


def _prices(group: SettingRuns, weeks: int, *, blocks: bool) -> Prices:
    """Average price of each week in yuan, None where nothing of the kind was traded."""
    money, tonnes = [0] * weeks, [0] * weeks
    for run in group.runs:
        for each in run.days:
            if (each.mode == BLOCK) == blocks:
                money[each.day // WEEK_DAYS] += each.turnover_fen
                tonnes[each.day // WEEK_DAYS] += each.volume_t
    return [fen / quantity / 100 if quantity else None for fen, quantity in zip(money, tonnes, strict=True)]
