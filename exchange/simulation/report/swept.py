"""The report of a sweep: which parameters move a figure, as a tornado with intervals."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final, Literal, NamedTuple

from exchange.simulation.charts.frame import Language
from exchange.simulation.charts.tornado import Push, tornado
from exchange.simulation.plans import Scenario
from exchange.simulation.report.settings import figure_name, unit_of
from exchange.simulation.report.sheet import Table, both, chart, sheet, two
from exchange.simulation.sensitivity import Sensitivity, in_order

_METHODS: Final = {
    "morris": (
        ("Mean absolute effect of crossing two thirds of the range", "跨越三分之二取值范围的平均绝对影响"),
        (
            "Spread of that effect: much of it, and the parameter acts with others or in bends",
            "影响的离散度：越大，交互或非线性越强",
        ),
    ),
    "sobol": (
        ("Part of the variance that the parameter has alone", "该参数单独解释的方差比例"),
        ("Part of the variance that it has with all others", "该参数连同交互解释的方差比例"),
    ),
    "grid": (
        ("Largest less smallest mean of a level", "各水平均值的最大差"),
        ("Largest difference anywhere, all else equal", "其余相同时的最大差异"),
    ),
}


class Swept(NamedTuple):
    """What was swept and what was found; *ranked* is empty where no order can be told."""

    method: Literal["morris", "sobol", "grid"]
    figure: str
    ranges: Mapping[str, tuple[int, int]]
    found: Sequence[Sensitivity]
    ranked: Sequence[str]
    runs: int
    failed: Sequence[str]


def sweep_report(scenario: Scenario, swept: Swept, foot: Mapping[str, str], opens: Language | None = None) -> str:
    """
    Write the report of a sweep as one HTML file. *foot* is what to cite by name.

    It opens in the language *opens*, or in the browser's, and runs nothing else.
    """
    name = figure_name(swept.figure)
    parts = [
        f"<h1>{two(scenario.title)} · {both(*name)}</h1>",
        f"<p class=question>{both('Which parameters move this figure?', '哪些参数影响这一数值？')}</p>",
        _order(swept),
        *(_failed(swept) if swept.failed else ()),
        "<div class=charts>",
        *(_tornado(swept, at) for at in (0, 1) if swept.found),
        "</div>",
        _table(swept),
        _foot(swept, foot),
    ]
    return sheet(scenario.title, parts, opens=opens)


def _order(swept: Swept) -> str:
    if not swept.found:
        said = both("Nothing is estimated: too many runs failed.", "失败的运行过多，无法估计。")
    elif swept.ranked:
        order = escape(in_order(swept.method, swept.found, swept.ranked))
        apart = both("≈: not told apart", "≈：无法区分大小")
        said = f"<b>{both('By effect: ', '按影响：')}</b>{order} <small>({apart})</small>"
    else:
        said = both(
            "The intervals are too wide to tell an order. Take more samples before anything is concluded from this.",
            "置信区间过宽，无法排序。请增加样本后再下结论。",
        )
    return f"<p class=answer>{said}</p>"


def _failed(swept: Swept) -> Sequence[str]:
    count = f"{len(swept.failed):,}"
    said = both(
        f"{count} of {swept.runs:,} runs failed; what they belong to is left out. The first: {swept.failed[0]}",
        f"{swept.runs:,} 次运行中有 {count} 次失败，相关样本未计入。第一个：{swept.failed[0]}",
    )
    return [f"<p class=warning>{said}</p>"]


def _unit(swept: Swept) -> int:
    return 1 if swept.method == "sobol" else unit_of(swept.figure)


def _numbers(each: Sensitivity, part: int) -> tuple[float, float]:
    return (each.total, each.total_half_width) if part else (each.main, each.main_half_width)


def _tornado(swept: Swept, part: int) -> str:
    unit = _unit(swept)
    numbers = [(each.name, *_numbers(each, part)) for each in swept.found]
    pushes = [Push((name,) * 2, value / unit, half / unit, abs(value) > half) for name, value, half in numbers]
    note = (
        "With 95 % intervals from a bootstrap. A hollow bar is not told from 0.",
        "线段为自助法 95% 置信区间。空心条与零无法区分。",
    )
    rows = [(name, value / unit, half / unit) for name, value, half in numbers]
    table = Table(("parameter", "effect", "half_width"), rows)
    return chart(_METHODS[swept.method][part], note, f"effects{part + 1}", lambda pen: tornado(pen, pushes), table)


def _table(swept: Swept) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class=number>{low:,}</td><td class=number>{high:,}</td></tr>'
        for name, (low, high) in swept.ranges.items()
    )
    heads = (("parameter", "参数"), ("from", "自"), ("to", "至"))
    head = "".join(f'<th scope="col">{both(*each)}</th>' for each in heads)
    title = both("What was varied", "变动范围")
    return (
        f"<h2>{title}</h2><div class=wide tabindex=0><table><caption>{title}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
    )


def _foot(swept: Swept, foot: Mapping[str, str]) -> str:
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in foot.items())
    runs = both(f"{swept.runs:,} runs by the method {swept.method}.", f"{swept.runs:,} 次运行，方法为 {swept.method}。")
    return f"<footer><p>{runs}</p><dl class=hashes>{rows}</dl></footer>"
