"""Charts of the credits: where every kilogram went, what developers have not sold, and what is owed."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from exchange.simulation.charts.bars import Stack, stacks
from exchange.simulation.charts.frame import Words
from exchange.simulation.charts.lines import Series, lines
from exchange.simulation.plans import Scenario
from exchange.simulation.report.market import MOST_BARS, MOST_LINES, time_of, week_begins, weeks_of
from exchange.simulation.report.settings import SettingRuns, few, joined, keys, left_out
from exchange.simulation.report.sheet import Table, chart
from exchange.simulation.results import RunResult
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
    """Write where every kilogram is at the end, and the unsold stock and the liability week by week."""
    yield _places(scenario, groups)
    if any(any(map(any, run.stock.values())) for group in groups for run in group.runs):
        yield _stock(scenario, groups)
    if any(_liable(run, week) for group in groups for run in group.runs for week in range(len(run.liabilities))):
        yield _owed(scenario, groups)


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
    note = (
        "What developers own at the end of each week, issued and not sold. Mean of the replications.",
        "每周末开发者持有的、已签发而未售出的减排量。各次运行的均值。",
    )
    title = ("Unsold stock, tonnes by week", "每周末未售库存（吨）")
    means = [_mean_by_week(scenario, group, _unsold) for group in groups]
    return _by_week(scenario, groups, means, name="stock", title=title, note=note, column="unsold_t")


def _owed(scenario: Scenario, groups: Sequence[SettingRuns]) -> str:
    note = (
        (
            "What enterprises have not covered yet, and what was issued, is lost or false, and no buffer covered, at "
            "the end of each week. Mean of the replications."
        ),
        "每周末企业尚未清缴的数量，以及已签发而不复存在、缓冲池亦未弥补的数量。各次运行的均值。",
    )
    title = ("Liability, tonnes by week", "每周末负债（吨）")
    means = [_mean_by_week(scenario, group, _liable) for group in groups]
    return _by_week(scenario, groups, means, name="owed", title=title, note=note, column="owed_t")


def _unsold(run: RunResult, week: int) -> int:
    return sum(stock[week] for stock in run.stock.values() if week < len(stock))


def _liable(run: RunResult, week: int) -> int:
    return sum(each.owed_t + each.uncovered_t for each in run.liabilities[week : week + 1])


def _mean_by_week(scenario: Scenario, group: SettingRuns, of: Callable[[RunResult, int], int]) -> list[float]:
    return [sum(of(run, week) for run in group.runs) / len(group.runs) for week in range(weeks_of(scenario))]


def _by_week(
    scenario: Scenario,
    groups: Sequence[SettingRuns],
    means: Sequence[Sequence[float]],
    *,
    name: str,
    title: Words,
    note: tuple[str, str],
    column: str,
) -> str:
    """Draw one line a setting."""
    series = [Series(group.name, mean) for group, mean in zip(groups, means, strict=True)]
    rows = [
        (*group.setting, week_begins(scenario, week).isoformat(), value)
        for group, mean in zip(groups, means, strict=True)
        for week, value in enumerate(mean)
    ]
    return chart(
        title,
        joined(note, left_out(len(groups), MOST_LINES)),
        name,
        lambda pen: lines(pen, time_of(scenario), few(series, MOST_LINES)),
        Table((*keys(scenario), "week_begins", column), rows),
    )
