"""Charts of the credits: where every kilogram went, and what developers have not sold."""

from collections.abc import Iterator, Sequence
from typing import Final

from exchange.simulation.charts.bars import Stack, stacks
from exchange.simulation.charts.frame import Words
from exchange.simulation.charts.lines import Series, lines
from exchange.simulation.plans import Scenario
from exchange.simulation.report.market import MOST_BARS, MOST_LINES, time_of, week_begins, weeks_of
from exchange.simulation.report.settings import SettingRuns, few, joined, keys, left_out
from exchange.simulation.report.sheet import Table, chart
from schemas.serials import KG_PER_T

_PLACES: Final = {
    "held by developers": "开发者持有",
    "held by others": "其他人持有",
    "buffer": "缓冲",
    "below a tonne": "不足一吨",
    "cancelled, reversed": "因逆转取消",
    "cancelled, not real": "因虚报取消",
}


def place_name(said: str) -> tuple[str, str]:
    """Where kilograms are, in both languages; populations keep the names that the scenario gives them."""
    who = said.removeprefix("retired by ")
    return said, _PLACES.get(said, f"由 {who} 注销" if who != said else said)


def credit_charts(scenario: Scenario, groups: Sequence[SettingRuns]) -> Iterator[str]:
    """Write where every kilogram is at the end, and the unsold stock week by week."""
    yield _places(scenario, groups)
    if any(any(map(any, run.stock.values())) for group in groups for run in group.runs):
        yield _stock(scenario, groups)


def _places(scenario: Scenario, groups: Sequence[SettingRuns]) -> str:
    found = [_mean_places(group) for group in groups]
    names = sorted({place for places in found for place, kg in places.items() if kg})
    bars = [
        Stack(group.name, [places.get(place, 0.0) / KG_PER_T for place in names])
        for group, places in zip(groups, found, strict=True)
    ]
    rows = [
        (*group.setting, place, places.get(place, 0.0))
        for group, places in zip(groups, found, strict=True)
        for place in names
    ]
    legend: list[Words] = [place_name(each) for each in names]
    note = (
        "A bar is all that was issued: its parts add up to it, to the kilogram.",
        "每根柱是全部签发量：各部分相加等于它，精确到公斤。",
    )
    return chart(
        ("Where every kilogram went, tonnes", "每一公斤的去向（吨）"),
        joined(note, left_out(len(bars), MOST_BARS)),
        "kilograms",
        lambda pen: stacks(pen, few(bars, MOST_BARS), legend),
        Table((*keys(scenario), "place", "mean_kg"), rows),
    )


def _mean_places(group: SettingRuns) -> dict[str, float]:
    """Mean kilograms in each place, over all instruments."""
    places: dict[str, float] = {}
    for run in group.runs:
        for by_place in run.kilograms.values():
            for place, kg in by_place.items():
                places[place] = places.get(place, 0.0) + kg / len(group.runs)
    return places


def _stock(scenario: Scenario, groups: Sequence[SettingRuns]) -> str:
    weeks = weeks_of(scenario)
    means = [
        [
            sum(_at(stock, week) for run in group.runs for stock in run.stock.values()) / len(group.runs)
            for week in range(weeks)
        ]
        for group in groups
    ]
    series = [Series(group.name, mean) for group, mean in zip(groups, means, strict=True)]
    rows = [
        (*group.setting, week_begins(scenario, week).isoformat(), value)
        for group, mean in zip(groups, means, strict=True)
        for week, value in enumerate(mean)
    ]
    note = (
        "What developers own at the end of each week, issued and not sold. Mean of the replications.",
        "每周末开发者持有的、已签发而未售出的减排量。各次运行的均值。",
    )
    return chart(
        ("Unsold stock, tonnes by week", "每周末未售库存（吨）"),
        joined(note, left_out(len(groups), MOST_LINES)),
        "stock",
        lambda pen: lines(pen, time_of(scenario), few(series, MOST_LINES)),
        Table((*keys(scenario), "week_begins", "unsold_t"), rows),
    )


def _at(stock: Sequence[int], week: int) -> int:
    return stock[week] if week < len(stock) else 0
