"""Two runs in one report: both fans of prices in one chart, and each figure's difference with its interval."""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

from exchange.simulation.charts.frame import Language, Words
from exchange.simulation.charts.lines import Series, lines
from exchange.simulation.charts.tornado import Push, tornado
from exchange.simulation.plans import Scenario
from exchange.simulation.report.market import TradedDay, fan, time_of, volumes, week_begins, weeks_of
from exchange.simulation.report.settings import figure_name, figure_text, setting_name
from exchange.simulation.report.sheet import Table, both, chart, said, sheet, two
from exchange.simulation.statistics import Effect

_CUT: Final = 400


class MovedFigure(NamedTuple):
    """A figure of two runs: its means before and after, and their paired difference."""

    figure: str
    before: float
    after: float
    moved: Effect


class ComparedSetting(NamedTuple):
    """One setting in both runs: its values, figures, and days of each replication before and after."""

    setting: tuple[int, ...]
    replications: int
    differences: Sequence[MovedFigure]
    before: Sequence[Sequence[TradedDay]]
    after: Sequence[Sequence[TradedDay]]


def compared_report(
    scenarios: tuple[Scenario, Scenario],
    changed: Sequence[tuple[str, str, str]],
    pairs: Sequence[ComparedSetting],
    plans: Sequence[str],
    opens: Language | None = None,
) -> str:
    """
    Write both runs as one HTML file. *changed* are parameters with both values, *plans* to cite.

    It opens in the language *opens*, or in the browser's, and runs nothing else.
    """
    one, other = scenarios
    names: tuple[Words, Words] = (_named("before", "之前", one), _named("after", "之后", other))
    parts = [
        f"<h1>{two(one.title)} → {two(other.title)}</h1>",
        f"<p class=question>{two(one.question)}</p>",
        _changed(changed),
        *(_setting(one, pair, at, names) for at, pair in enumerate(pairs)),
        f"<footer><dl class=hashes>{''.join(f'<dt>plan</dt><dd>{escape(each)}</dd>' for each in plans)}</dl></footer>",
    ]
    return sheet(one.title, parts, opens=opens)


def _named(en: str, zh: str, scenario: Scenario) -> tuple[str, str]:
    return f"{en}: {scenario.name}", f"{zh}：{scenario.name}"


def _changed(changed: Sequence[tuple[str, str, str]]) -> str:
    if not changed:
        return f"<p class=answer>{both('All parameters are the same.', '所有参数相同。')}</p>"
    listed = "; ".join(f"{escape(name)} {before} → {after}" for name, before, after in changed)
    return f"<p class=answer><b>{both('Changed: ', '改动：')}</b>{listed}</p>"


def _setting(scenario: Scenario, pair: ComparedSetting, at: int, names: tuple[Words, Words]) -> str:
    title = setting_name(scenario, pair.setting)
    count = both(
        f"{pair.replications} replications under the same seeds.", f"{pair.replications} 次运行，随机种子相同。"
    )
    charts = f"{_prices(scenario, pair, at, names)}{_volumes(scenario, pair, at, names)}{_pushes(pair, at)}"
    return f"<h2>{said(title)}</h2><p class=note>{count}</p>{_table(pair)}<div class=charts>{charts}</div>"


def _table(pair: ComparedSetting) -> str:
    heads = (("figure", "数值"), ("before", "之前"), ("after", "之后"), ("difference", "差异"), ("", ""))
    rows = "".join(_row(each) for each in pair.differences if each.before or each.after or each.moved.mean)
    head = "".join(f'<th scope="col">{both(*each)}</th>' for each in heads)
    title = both(
        "Figures, and paired differences with half of their 95 % intervals", "数值与配对差异（± 95% 置信区间的一半）"
    )
    return (
        f"<div class=wide tabindex=0><table class=figures><caption>{title}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _row(each: MovedFigure) -> str:
    moved, name = each.moved, each.figure
    half = (
        f" <small>± {figure_text(name, moved.half_width, each.before)}</small>" if moved.half_width is not None else ""
    )
    sign = "+" if moved.mean > 0 else ""
    verdict = both("beyond chance", "超出偶然") if moved.sure else both("within chance", "在偶然范围内")
    if not moved.mean and not moved.half_width:
        verdict = both("the same", "相同")
    return (
        f'<tr><th scope="row">{both(*figure_name(name))}</th>'
        f"<td class=number>{figure_text(name, each.before)}</td><td class=number>{figure_text(name, each.after)}</td>"
        f"<td class=number>{sign}{figure_text(name, moved.mean, each.before)}{half}</td><td>{verdict}</td></tr>"
    )


def _prices(scenario: Scenario, pair: ComparedSetting, at: int, names: tuple[Words, Words]) -> str:
    weeks = weeks_of(scenario)
    fans = [fan(runs, weeks) for runs in (pair.before, pair.after)]
    series = [Series(name, each.middle, each.low, each.high) for name, each in zip(names, fans, strict=True)]
    rows = [
        (week_begins(scenario, week).isoformat(), *(part[week] for each in fans for part in each))
        for week in range(weeks)
    ]
    heads = (
        "week_begins",
        *(f"{when}_{part}_cny_t" for when in ("before", "after") for part in ("low", "median", "high")),
    )
    note = (
        "Medians; eight tenths of the replications lie within the areas.",
        "中位数；阴影为第一至第九个十分位之间。",
    )
    return chart(
        ("Price, CNY/t by week", "每周价格（元/吨）"),
        note,
        f"price{at + 1}",
        lambda pen: lines(pen, time_of(scenario), series),
        Table(heads, rows),
    )


def _volumes(scenario: Scenario, pair: ComparedSetting, at: int, names: tuple[Words, Words]) -> str:
    weeks = weeks_of(scenario)
    means = [volumes(runs, weeks) for runs in (pair.before, pair.after)]
    series = [Series(name, mean) for name, mean in zip(names, means, strict=True)]
    rows = [(week_begins(scenario, week).isoformat(), *(mean[week] for mean in means)) for week in range(weeks)]
    return chart(
        ("Tonnes traded by week", "每周成交量（吨）"),
        ("Mean of the replications.", "各次运行的均值。"),
        f"volume{at + 1}",
        lambda pen: lines(pen, time_of(scenario), series),
        Table(("week_begins", "before_t", "after_t"), rows),
    )


def _pushes(pair: ComparedSetting, at: int) -> str:
    pushes = [
        push
        for each in pair.differences
        if (push := _push(each)) and max(abs(push.value), push.half_width or 0) <= _CUT
    ]
    if not pushes:
        return ""
    note = (
        (
            "In percent of the figure before, with 95 % intervals. Figures that are 0 before, never move, or move more "
            f"than by {_CUT} % are in the table alone."
        ),
        f"占之前数值的百分比，线段为 95% 置信区间。之前为零、从不变化或变化超过 {_CUT}% 的数值只列于表中。",
    )
    rows = [(each.name[0], each.value, each.half_width, "yes" if each.sure else "no") for each in pushes]
    return chart(
        ("What moved", "变化"),
        note,
        f"moved{at + 1}",
        lambda pen: tornado(pen, pushes, "%"),
        Table(("figure", "percent", "half_width", "beyond_chance"), rows),
    )


def _push(each: MovedFigure) -> Push | None:
    moved, base = each.moved, abs(each.before)
    if not base or not (moved.mean or moved.half_width):
        return None
    half = None if moved.half_width is None else moved.half_width / base * 100
    return Push(figure_name(each.figure), moved.mean / base * 100, half, moved.sure)
