"""What the levers do: a tornado for each, and maps of two together."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from exchange.simulation.charts.heat import Cell, Sides, heat
from exchange.simulation.charts.tornado import Push, tornado
from exchange.simulation.plans import LeverPlan, Scenario
from exchange.simulation.report.settings import figure_name, figure_text, joined, lever_title, value_name
from exchange.simulation.report.sheet import Table, both, chart
from exchange.simulation.results import FIGURES, RunResult
from exchange.simulation.statistics import SettingSummary, effect

_BESIDE: Final = frozenset(
    {
        *("trades", "last_fen_t", "refused", "seller_hhi", "money_fen", "most_wished_fen_t", "floor_fen_t", "cap_t"),
        *("points_ran_out", "pool_ran_out", "compliance_fen_t"),
    }
)
"""Figures that follow another one, and would only make a tornado longer."""
_MOST: Final = 14
_CUT: Final = 400
"""Effects or half intervals beyond it, in percent, are said in words: they would make all others invisible."""
_NOTHING: Final = ("No figure moved in any replication.", "任何一次运行中都没有数值变化。")
_HEATED: Final = ("average_fen_t", "income_fen", "unsold_t", "short_t", "compliance_fen")
"""Figures that are shown as maps of two levers."""


def lever_charts(scenario: Scenario, runs: Sequence[RunResult], summed: Sequence[SettingSummary]) -> Iterator[str]:
    """Write a tornado for each lever, from its first value to its last, and maps of two levers."""
    for at, lever in enumerate(scenario.lever):
        first, last = (_sums(runs, at, lever.values[end]) for end in (0, -1))
        shared = sorted(first.keys() & last.keys())
        if shared:
            yield _tornado(scenario, at, [first[each] for each in shared], [last[each] for each in shared])
    if len(scenario.lever) == 2:  # noqa: PLR2004 - a map has two directions
        yield from _maps(scenario, summed)


def _sums(runs: Sequence[RunResult], at: int, value: int) -> dict[int, dict[str, int]]:
    """Add figures up over the values of the other lever, by replication; one that lacks a run is left out."""
    found: dict[int, list[dict[str, int]]] = {}
    for run in runs:
        if run.setting[at] == value:
            found.setdefault(run.replication, []).append(run.figures)
    most = max(map(len, found.values()), default=0)
    whole = {replication: them for replication, them in found.items() if len(them) == most}
    return {
        replication: {name: sum(each.get(name, 0) for each in them) for name in FIGURES}
        for replication, them in whole.items()
    }


def pushes_of(before: Sequence[Mapping[str, int]], after: Sequence[Mapping[str, int]]) -> tuple[list[Push], list[Push]]:
    """
    Return effects in percent of the figures before, pair by pair: those to draw, and those that are too large.

    A figure that is 0 before has no percent, and one that never moves none to show: both are left out.
    """
    found = []
    for name in FIGURES:
        values = [each[name] for each in before]
        base, moved = abs(sum(values) / len(values)), effect(values, [each[name] for each in after])
        if name not in _BESIDE and base and (moved.mean or moved.half_width):
            half = None if moved.half_width is None else moved.half_width / base * 100
            found.append(Push(figure_name(name), moved.mean / base * 100, half, moved.sure))
    drawn = sorted((each for each in found if _reach(each) <= _CUT), key=lambda each: -abs(each.value))
    return drawn[:_MOST], [each for each in found if _reach(each) > _CUT]


def _reach(each: Push) -> float:
    return max(abs(each.value), each.half_width or 0)


def _tornado(
    scenario: Scenario, at: int, before: Sequence[Mapping[str, int]], after: Sequence[Mapping[str, int]]
) -> str:
    lever = scenario.lever[at]
    drawn, beyond = pushes_of(before, after)
    title = (f"What it moves: {lever_title(lever)[0]}", f"影响：{lever_title(lever)[1]}")
    if not drawn and not beyond:
        return f"<figure><h2>{both(*title)}</h2><p>{both(*_NOTHING)}</p></figure>"
    rows = [(each.name[0], each.value, each.half_width, "yes" if each.sure else "no") for each in (*beyond, *drawn)]
    return chart(
        title,
        _tornado_note(scenario, lever, beyond),
        f"tornado{at + 1}",
        lambda pen: tornado(pen, drawn, "%"),
        Table(("figure", "percent", "half_width", "beyond_chance"), rows),
    )


def _tornado_note(scenario: Scenario, lever: LeverPlan, beyond: Sequence[Push]) -> tuple[str, str]:
    first, last = (value_name(scenario, lever, lever.values[end]) for end in (0, -1))
    mean = (
        (" Over all values of the other lever.", "对另一变量的所有取值平均。") if len(scenario.lever) > 1 else ("", "")
    )
    said = tuple("; ".join(f"{each.name[at]} {each.value:+,.0f}%" for each in beyond) for at in (0, 1))
    return joined(
        (
            (
                f"From {first[0]} to {last[0]}, in percent of the figure at {first[0]}, with 95 % intervals of paired "
                "differences. Figures that are 0 at first, or never move, are left out."
            ),
            (
                f"从 {first[1]} 到 {last[1]}，占 {first[1]} 时数值的百分比；线段为配对差异的 95% 置信区间。"
                "起始为零或从不变化的数值未列出。"
            ),
        ),
        mean,
        (f" Beyond the chart: {said[0]}.", f"超出图外：{said[1]}。") if beyond else ("", ""),
    )


def _maps(scenario: Scenario, summed: Sequence[SettingSummary]) -> Iterator[str]:
    """Show figures as maps: the first lever downwards, the second across, darker where the figure is larger."""
    down, across = scenario.lever
    found = {each.setting: each for each in summed}
    for name in _HEATED:
        values = {each.figures[name].mean for each in summed if name in each.figures}
        if name in FIGURES and len(values) > 1:
            yield _map(scenario, (down, across), found, name)


def _map(
    scenario: Scenario, levers: tuple[LeverPlan, LeverPlan], found: dict[tuple[int, ...], SettingSummary], name: str
) -> str:
    down, across = levers
    rows = [[found.get((first, second)) for second in across.values] for first in down.values]
    sides = Sides(
        *(lever_title(down), lever_title(across)),
        *([value_name(scenario, each, value) for value in each.values] for each in levers),
    )
    cells = [[_cell(name, each, first=not (at or to)) for to, each in enumerate(row)] for at, row in enumerate(rows)]
    table = Table(
        (down.parameter, across.parameter, name, "half_width", "beyond_chance"),
        [
            (
                *each.setting,
                each.figures[name].mean,
                each.figures[name].half_width,
                "yes" if each.effects[name].sure else "no",
            )
            for row in rows
            for each in row
            if each is not None
        ],
    )
    note = (
        "Darker is more; below each value half of its 95 % interval. Differences are paired, against the first cell.",
        "颜色越深数值越大；下方为 95% 置信区间的一半。差异为与左上第一格的配对比较。",
    )
    return chart(figure_name(name), note, f"map-{name}", lambda pen: heat(pen, sides, cells), table)


def _cell(name: str, each: SettingSummary | None, *, first: bool) -> Cell | None:
    if each is None:
        return None
    found, moved = each.figures[name], each.effects.get(name)
    half = f"± {figure_text(name, found.half_width, found.mean)}" if found.half_width is not None else ""
    return Cell(
        found.mean, figure_text(name, found.mean), half, chance=not first and moved is not None and not moved.sure
    )
