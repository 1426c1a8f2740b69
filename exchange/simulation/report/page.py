"""The report of a scenario's runs: what they came to, in words, figures and charts, and how to run them again."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Final

from exchange.simulation.charts.frame import Language
from exchange.simulation.extremes import remarks
from exchange.simulation.parameters import documented
from exchange.simulation.plans import Scenario
from exchange.simulation.report.blocks import block_charts
from exchange.simulation.report.credits import credit_charts
from exchange.simulation.report.figures import figures
from exchange.simulation.report.interactive import line_of, script, section
from exchange.simulation.report.levers import lever_charts
from exchange.simulation.report.market import fan, figure_bars, market_charts, volumes, weeks_of
from exchange.simulation.report.money import money_charts
from exchange.simulation.report.settings import Runs, SettingRuns, groups_of, lever_title
from exchange.simulation.report.sheet import Script, both, sheet, two
from exchange.simulation.results import RunResult
from exchange.simulation.runs import FailedRun
from exchange.simulation.statistics import SettingSummary

_ANSWERS: Final = {
    "arithmetic": ("Arithmetic: the tonnes follow from a formula.", "算术题：减排量由公式得出。"),
    "answerable": ("Published data can answer this.", "公开数据可以回答这个问题。"),
    "partly": ("Published data answer a part of this.", "公开数据只能回答一部分。"),
    "what-if": ("What if: no published data answer this.", "假如：没有公开数据能回答这个问题。"),
}
_MARKS: Final = {"measured": "实测", "published": "公开", "assumed": "假设"}
_DRAWN: Final = (
    (
        "lost",
        ("Tonnes lost, not real, or owed", "逆转、虚报与未清缴（吨）"),
        ("reversed_t", "reversed_covered_t", "over_claimed_t", "over_found_t", "uncovered_t", "owed_t"),
    ),
    ("liability", ("Liability at the end, CNY", "期末负债（元）"), ("liability_fen",)),
    (
        "points",
        ("Points", "积分"),
        ("points_issued", "points_redeemed", "points_expired", "points_outstanding"),
    ),
    (
        "programme",
        ("Points: cost, and worth less cost, CNY", "积分：成本与净值（元）"),
        ("points_cost_fen", "points_net_fen"),
    ),
    (
        "donations",
        ("Donations and what was added, CNY", "捐赠与配捐（元）"),
        ("donated_fen", "matched_fen", "pool_left_fen", "unspent_fen"),
    ),
    (
        "verification",
        ("Verification and penalties, CNY", "核查成本与罚款（元）"),
        ("verification_fen", "penalties_fen"),
    ),
    ("reduction", ("Tonnes that enterprises reduced themselves", "企业自身减排量（吨）"), ("reduced_t",)),
)
"""Figures that are drawn by name where a scenario has any of them: file, title, and names."""


def report(
    scenario: Scenario,
    changes: Mapping[str, int],
    runs: tuple[RunResult, ...],
    *,
    summed: Sequence[SettingSummary],
    failed: Sequence[FailedRun],
    foot: Mapping[str, str],
    plain: bool = False,
    opens: Language | None = None,
) -> str:
    """
    Write the report as one HTML file.

    *summed* are the figures by setting, *foot* is what to cite by name. With *plain* it has no script at all, and is
    shorter by a third of a megabyte; else it carries a view to zoom into, which runs nothing until it is opened. It
    opens in the language *opens*, or in the browser's; a plain one then in Chinese.
    """
    groups = groups_of(scenario, runs)
    viewed = bool(groups) and not plain
    parts = [
        f"<h1>{two(scenario.title)}</h1><p class=question>{two(scenario.question)}</p>",
        f"<p class=answer><b>{both(*_ANSWERS[scenario.answer])}</b> {two(scenario.limits)}</p>",
        *_warnings(runs, failed),
        figures(scenario, summed),
        *(_charts(scenario, runs, groups, summed) if groups else ()),
        section() if viewed else "",
        _parameters(scenario, changes),
        _foot(foot, runs),
    ]
    return sheet(
        scenario.title, parts, _view(scenario, groups) if viewed else Script(), opens or ("zh" if plain else None)
    )


def _charts(
    scenario: Scenario, runs: Runs, groups: Sequence[SettingRuns], summed: Sequence[SettingSummary]
) -> Iterator[str]:
    levers = (
        "; ".join(lever_title(each)[0] for each in scenario.lever),
        "；".join(lever_title(each)[1] for each in scenario.lever),
    )
    yield f"<h2>{both('Charts', '图')}</h2><p class=note>{both(*levers)}</p><div class=charts>"
    yield from lever_charts(scenario, runs, summed)
    yield from market_charts(scenario, groups, summed)
    yield from block_charts(scenario, groups)
    yield from credit_charts(scenario, groups)
    yield from money_charts(scenario, groups)
    for key, title, names in _DRAWN:
        yield figure_bars(scenario, summed, names, title, key)
    yield "</div>"


def _view(scenario: Scenario, groups: Sequence[SettingRuns]) -> Script:
    weeks = weeks_of(scenario)
    days = [(group.name, [run.days for run in group.runs]) for group in groups]
    return script(scenario, weeks, [line_of(name, fan(them, weeks), volumes(them, weeks)) for name, them in days])


def _warnings(runs: Runs, failed: Sequence[FailedRun]) -> Iterator[str]:
    """Say what a reader must know first: runs that failed, and markets in which nothing happened."""
    for each in failed:
        en = f"Run {each.replication} of setting {list(each.setting)} failed and is left out: {each.fault}"
        zh = f"设置 {list(each.setting)} 的第 {each.replication} 次运行失败，未计入：{each.fault}"
        yield f"<p class=warning>{both(en, zh)}</p>"
    for en, zh in remarks(runs):
        yield f"<p class=warning>{both(en, zh)}</p>"


def _parameters(scenario: Scenario, changes: Mapping[str, int]) -> str:
    heads = (
        *(("parameter", "参数"), ("value", "数值"), ("unit", "单位")),
        *(("mark", "标注"), ("range", "范围"), ("source, date", "来源与日期")),
    )
    rows = "".join(
        f'<tr><th scope="row">{escape(each.name)}{" *" if each.name in changes else ""}</th>'
        f"<td class=number>{each.parameter.value:,}</td><td>{each.unit}</td>"
        f"<td>{both(each.parameter.mark, _MARKS[each.parameter.mark])}</td>"
        f"<td>{each.parameter.range[0]:,}–{each.parameter.range[1]:,}</td>"
        f"<td class=source>{escape(each.parameter.source)}, {each.parameter.date}</td></tr>"
        for each in documented(scenario)
    )
    title = both("Parameters (* set by an overlay)", "参数（* 由覆盖文件设定）")
    head = "".join(f'<th scope="col">{both(*each)}</th>' for each in heads)
    return (
        f"<details><summary>{title}</summary><div class=wide tabindex=0><table><caption>{title}</caption>"
        f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div></details>"
    )


def _foot(foot: Mapping[str, str], runs: Runs) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in foot.items())
    commands = sum(each.commands for each in runs)
    cite = both(
        f"{len(runs)} runs, {commands:,} commands to the engine. Anybody can run this again to the same bytes with "
        "kilnwood sim verify.",
        f"{len(runs)} 次运行，向引擎发出 {commands:,} 条指令。任何人都可用 kilnwood sim verify 重现到相同字节。",
    )
    return f"<footer><p>{cite}</p><dl class=hashes>{rows}</dl></footer>"
