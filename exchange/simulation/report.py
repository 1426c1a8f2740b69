"""
The report of a scenario's runs: one HTML file in Chinese and English, without script and without network.

Each chart is SVG in the page, and its numbers are a CSV file that the page carries.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib import resources
from typing import Final

from exchange.simulation.charts import Series, Stack, lines, stacks, steps
from exchange.simulation.extremes import remarks
from exchange.simulation.parameters import documented
from exchange.simulation.plans import Bilingual, Scenario
from exchange.simulation.results import FIGURES, WEEK_DAYS, RunResult
from exchange.simulation.runs import FailedRun, by_setting
from exchange.simulation.statistics import Effect, Estimate, SettingSummary, told
from exchange.simulation.tables import csv_of

_ANSWERS: Final = {
    "arithmetic": ("Arithmetic: the tonnes follow from a formula.", "算术题：减排量由公式得出。"),
    "answerable": ("Published data can answer this.", "公开数据可以回答这个问题。"),
    "partly": ("Published data answer a part of this.", "公开数据只能回答一部分。"),
    "what-if": ("What if: no published data answer this.", "假如：没有公开数据能回答这个问题。"),
}
_MOST_LINES: Final = 5
"""Settings that one chart of prices shows; more would hide each other."""
_SMALL: Final = 10_000_000
"""Money below it, in fen, is shown with its fen."""
Runs = Sequence[RunResult]


def both(en: str, zh: str) -> str:
    """Return a text in both languages; the page shows one of them."""
    return f'<span lang="en">{escape(en)}</span><span lang="zh">{escape(zh)}</span>'


def report(
    scenario: Scenario,
    changes: Mapping[str, int],
    runs: tuple[RunResult, ...],
    *,
    summed: Sequence[SettingSummary],
    failed: Sequence[FailedRun],
    foot: Mapping[str, str],
) -> str:
    """Write the report."""
    style = resources.files(__package__).joinpath("report.css").read_text("utf-8")
    groups = [(_setting_name(scenario, setting), them) for setting, them in by_setting(runs)]
    parts = [
        f"<h1>{_two(scenario.title)}</h1><p class=question>{_two(scenario.question)}</p>",
        f"<p class=answer><b>{both(*_ANSWERS[scenario.answer])}</b> {_two(scenario.limits)}</p>",
        *_warnings(runs, failed),
        _figures(scenario, summed),
        *_maps(scenario, summed),
        *(_charts(scenario, groups) if runs else ()),
        _parameters(scenario, changes),
        _foot(foot, runs),
    ]
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(scenario.title.en)} · {escape(scenario.title.zh)}</title><style>{style}</style>"
        '<body><input type="radio" name="l" id="zh" checked><label for="zh">中文</label>'
        '<input type="radio" name="l" id="en"><label for="en">English</label>'
        f"<main>{''.join(parts)}</main></body></html>\n"
    )


def _two(text: Bilingual) -> str:
    return both(text.en, text.zh)


def _setting_name(scenario: Scenario, setting: tuple[int, ...]) -> str:
    """Name a setting by its values; a scenario without levers has one, which needs none."""
    return " / ".join(f"{value:,}" for value in setting) or scenario.name


def _warnings(runs: Runs, failed: Sequence[FailedRun]) -> Iterator[str]:
    """Say what a reader must know first: runs that failed, and markets in which nothing happened."""
    for each in failed:
        en = f"Run {each.replication} of setting {list(each.setting)} failed and is left out: {each.fault}"
        zh = f"设置 {list(each.setting)} 的第 {each.replication} 次运行失败，未计入：{each.fault}"
        yield f"<p class=warning>{both(en, zh)}</p>"
    for en, zh in remarks(runs):
        yield f"<p class=warning>{both(en, zh)}</p>"


def _figures(scenario: Scenario, summed: Sequence[SettingSummary]) -> str:
    """Each figure by setting, with its uncertainty; an effect is marked only where it is more than chance."""
    heads = "".join(f"<th>{escape(_setting_name(scenario, each.setting))}</th>" for each in summed)
    levers = " / ".join(_two(each.title) for each in scenario.lever)
    rows = "".join(
        f"<tr><th>{both(*FIGURES[name])}</th>"
        + "".join(
            f"<td>{_cell(each.figures[name], each.effects.get(name), at, 100 if '_fen' in name else 1)}</td>"
            for at, each in enumerate(summed)
        )
        + "</tr>"
        for name in told(summed)
    )
    note = both(
        "Mean of all replications, ± half of its 95 % interval. ▲ ▼: more or less than in the first column under the "
        "same seeds, beyond chance. ≈: the difference is within chance, and is not an effect. =: no difference.",
        "所有重复运行的均值，± 95 % 置信区间的一半。"
        "▲ ▼：在相同随机种子下高于或低于第一列，超出偶然；≈：差异在偶然范围内，不算效果；=：无差异。",
    )
    title = both("Figures", "数值")
    return (
        f"<h2>{title}</h2><p>{levers}</p><div class=wide><table><tr><th></th>{heads}</tr>{rows}</table></div>"
        f"<p class=note>{note}</p>"
    )


_HEATED: Final = ("average_fen_t", "income_fen", "short_t")
"""Figures that are shown as a map of two levers."""


def _maps(scenario: Scenario, summed: Sequence[SettingSummary]) -> Iterator[str]:
    """Show some figures as maps: the first lever downwards, the second across, darker where the figure is larger."""
    if len(scenario.lever) != 2:  # noqa: PLR2004 - a map has two directions
        return
    down, across = scenario.lever
    found = {each.setting: each for each in summed}
    title = both("Two levers", "两个政策变量")
    yield f"<h2>{title}</h2><p>{_two(down.title)} ↓ {_two(across.title)} →</p>"
    for name in _HEATED:
        unit, top = 100 if "_fen" in name else 1, max((each.figures[name].mean for each in summed), default=0) or 1
        heads = "".join(f"<th>{value:,}</th>" for value in across.values)
        rows = ""
        for first in down.values:
            cells = [found[first, second].figures[name].mean for second in across.values if (first, second) in found]
            shown = "".join(f'<td style="{_heat(mean / top)}">{mean / unit:,.0f}</td>' for mean in cells)
            rows += f"<tr><th>{first:,}</th>{shown}</tr>"
        yield f"<p>{both(*FIGURES[name])}</p><div class=wide><table><tr><th></th>{heads}</tr>{rows}</table></div>"


def _heat(part: float) -> str:
    return f"background:rgba(43,95,117,{0.6 * part:.2f})"


def _cell(found: Estimate, moved: Effect | None, at: int, unit: int) -> str:
    """Write a mean with its uncertainty; money, whose *unit* is 100 fen, as yuan."""
    places = ",.2f" if unit > 1 and found.mean < _SMALL else ",.0f"
    half = f" ± {found.half_width / unit:{places}}" if found.half_width is not None else ""
    said = f"{found.mean / unit:{places}}{half}"
    if not at or moved is None or moved.half_width is None:
        return said
    mark = ("▲" if moved.mean > 0 else "▼") if moved.sure else "=" if not moved.mean and not moved.half_width else "≈"
    return f"{said} {mark}"


def _chart(title: tuple[str, str], note: tuple[str, str], svg: str, name: str, table: str) -> str:
    data = base64.b64encode(table.encode()).decode()
    link = f'<a download="{name}.csv" href="data:text/csv;charset=utf-8;base64,{data}">CSV</a>'
    return f"<figure><h2>{both(*title)}</h2>{svg}<figcaption>{both(*note)} {link}</figcaption></figure>"


def _charts(scenario: Scenario, groups: Sequence[tuple[str, Runs]]) -> Iterator[str]:
    yield _price_chart(scenario, groups)
    yield _volume_chart(scenario, groups)
    yield _supply_chart(groups[0][1])
    yield _place_chart(groups)
    yield _income_chart(scenario, groups)


def _weeks(scenario: Scenario) -> int:
    return -(-scenario.horizon.days.value // WEEK_DAYS)


def _prices(run: RunResult, weeks: int) -> list[float | None]:
    """Average price of each week in yuan: that of the week before where nothing traded, None before the first trade."""
    money, tonnes = [0] * weeks, [0] * weeks
    for each in run.days:
        money[each.day // WEEK_DAYS] += each.turnover_fen
        tonnes[each.day // WEEK_DAYS] += each.volume_t
    found: list[float | None] = []
    last: float | None = None
    for fen, quantity in zip(money, tonnes, strict=True):
        last = fen / quantity / 100 if quantity else last
        found.append(last)
    return found


def _price_chart(scenario: Scenario, groups: Sequence[tuple[str, Runs]]) -> str:
    weeks, series, rows = _weeks(scenario), [], []
    for name, runs in groups:
        known = zip(*(_prices(run, weeks) for run in runs), strict=True)
        by_week = [sorted(price for price in each if price is not None) for each in known]
        low, middle, high = (
            [each[round((len(each) - 1) * part)] if each else None for each in by_week] for part in (0.1, 0.5, 0.9)
        )
        series.append(Series(name, middle, low, high))
        rows += [(name, week, low[week], middle[week], high[week]) for week in range(weeks)]
    shown = series if len(series) <= _MOST_LINES else series[:: -(-len(series) // _MOST_LINES)]
    return _chart(
        ("Price, CNY/t by week", "每周价格（元/吨）"),
        (
            "Median of the replications, and eight tenths of them within the area.",
            "各次运行的中位数；阴影为第一至第九个十分位之间。",
        ),
        lines([str(week) for week in range(weeks)], shown),
        "price",
        csv_of(("setting", "week", "low", "median", "high"), rows),
    )


def _volume_chart(scenario: Scenario, groups: Sequence[tuple[str, Runs]]) -> str:
    weeks, series, rows = _weeks(scenario), [], []
    for name, runs in groups:
        totals = [0] * weeks
        for run in runs:
            for each in run.days:
                totals[each.day // WEEK_DAYS] += each.volume_t
        mean = [total / len(runs) for total in totals]
        series.append(Series(name, mean))
        rows += [(name, week, value) for week, value in enumerate(mean)]
    shown = series if len(series) <= _MOST_LINES else series[:: -(-len(series) // _MOST_LINES)]
    return _chart(
        ("Tonnes traded by week", "每周成交量（吨）"),
        ("Mean of the replications.", "各次运行的均值。"),
        lines([str(week) for week in range(weeks)], shown),
        "volume",
        csv_of(("setting", "week", "tonnes"), rows),
    )


def _supply_chart(runs: Runs) -> str:
    blocks = [(cost / 100, float(tonnes)) for cost, tonnes in runs[0].supply if tonnes]
    return _chart(
        ("Supply by cost, CNY/t", "按成本排列的供给（元/吨）"),
        (
            "Each block is a developer: its cost, and the tonnes it was issued. First replication.",
            "每一块是一个开发者：成本与签发量。取第一次运行。",
        ),
        steps(blocks),
        "supply",
        csv_of(("cost_cny_t", "tonnes"), blocks),
    )


def _place_chart(groups: Sequence[tuple[str, Runs]]) -> str:
    names: dict[str, None] = {}
    found: list[dict[str, float]] = []
    for _, runs in groups:
        places: dict[str, float] = {}
        for run in runs:
            for by_place in run.kilograms.values():
                for place, kg in by_place.items():
                    names[place] = None
                    places[place] = places.get(place, 0) + kg / len(runs)
        found.append(places)
    legend = sorted(names)
    bars = [
        Stack(name, [each.get(place, 0) / 1000 for place in legend])
        for (name, _), each in zip(groups, found, strict=True)
    ]
    rows = [
        (name, place, each.get(place, 0)) for (name, _), each in zip(groups, found, strict=True) for place in legend
    ]
    return _chart(
        ("Where every kilogram went, tonnes", "每一公斤的去向（吨）"),
        (
            "A bar is all that was issued: its parts add up to it, to the kilogram.",
            "每根柱是全部签发量：各部分相加等于它，精确到公斤。",
        ),
        stacks(bars, [_place(each) for each in legend]),
        "kilograms",
        csv_of(("setting", "place", "mean_kg"), rows),
    )


_PLACES: Final = {
    "held by developers": "开发者持有",
    "held by others": "其他人持有",
    "buffer": "缓冲",
    "below a tonne": "不足一吨",
    "cancelled, reversed": "因逆转取消",
    "cancelled, not real": "因虚报取消",
}


def _place(said: str) -> tuple[str, str]:
    """Where kilograms are, in both languages; populations keep the names that the scenario gives them."""
    who = said.removeprefix("retired by ")
    return said, _PLACES.get(said, f"由 {who} 注销")


def _income_chart(scenario: Scenario, groups: Sequence[tuple[str, Runs]]) -> str:
    projects = list(scenario.project)
    means = [
        (name, [sum(run.income_fen[each] for run in runs) / len(runs) / 100 for each in projects])
        for name, runs in groups
    ]
    return _chart(
        ("Developers' income, CNY", "开发者收入（元）"),
        ("Mean of the replications, by kind of project.", "各次运行的均值，按项目类型。"),
        stacks([Stack(name, income) for name, income in means], projects),
        "income",
        csv_of(("setting", *projects), [(name, *income) for name, income in means]),
    )


def _parameters(scenario: Scenario, changes: Mapping[str, int]) -> str:
    marks = {"measured": "实测", "published": "公开", "assumed": "假设"}
    rows = "".join(
        f"<tr><td>{escape(each.name)}{' *' if each.name in changes else ''}</td><td>{each.parameter.value:,}</td>"
        f"<td>{each.unit}</td><td>{both(each.parameter.mark, marks[each.parameter.mark])}</td>"
        f"<td>{each.parameter.range[0]:,}–{each.parameter.range[1]:,}</td>"
        f"<td>{escape(each.parameter.source)}, {each.parameter.date}</td></tr>"
        for each in documented(scenario)
    )
    title = both("Parameters (* set by an overlay)", "参数（* 由覆盖文件设定）")
    return f"<details><summary>{title}</summary><div class=wide><table>{rows}</table></div></details>"


def _foot(foot: Mapping[str, str], runs: Runs) -> str:
    said = "; ".join(f"{name} {value}" for name, value in foot.items())
    cite = both(
        f"{len(runs)} runs, {sum(each.commands for each in runs):,} commands to the engine. Anybody can run this again "
        "to the same bytes with kilnwood sim verify.",
        f"{len(runs)} 次运行，向引擎发出 {sum(each.commands for each in runs):,} 条指令。"
        "任何人都可用 kilnwood sim verify 重现到相同字节。",
    )
    return f"<footer><p>{cite}</p><p class=hashes>{escape(said)}</p></footer>"
