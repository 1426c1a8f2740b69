"""The table of figures: each by setting, with its uncertainty; effects are marked where they are more than chance."""

from collections.abc import Sequence

from exchange.simulation.plans import Scenario
from exchange.simulation.report.settings import figure_name, figure_text, lever_title, setting_name
from exchange.simulation.report.sheet import both, said
from exchange.simulation.results import USUAL
from exchange.simulation.statistics import Effect, Estimate, SettingSummary, names_in


def figures(scenario: Scenario, summed: Sequence[SettingSummary]) -> str:
    """Write the table. Figures that are 0 in every run are named below it, in one sentence."""
    names = names_in(summed)
    there = [name for name in names if any(each.figures[name].low or each.figures[name].high for each in summed)]
    heads = "".join(
        f'<th scope="col" class=number>{said(setting_name(scenario, each.setting))}</th>' for each in summed
    )
    rows = "".join(
        f'<tr><th scope="row">{both(*figure_name(name))}</th>'
        + "".join(_cell(name, each.figures[name], each.effects.get(name), at) for at, each in enumerate(summed))
        + "</tr>"
        for name in there
    )
    levers = " / ".join(both(*lever_title(each)) for each in scenario.lever)
    title = both("Figures", "数值")
    return (
        f"<h2>{title}</h2><div class=wide tabindex=0><table class=figures><caption>{levers or title}</caption>"
        f"<thead><tr><td></td>{heads}</tr></thead><tbody>{rows}</tbody></table></div>{_note()}"
        f"{_nothing([name for name in USUAL if name not in there])}"
    )


def _note() -> str:
    note = both(
        "Mean of all replications, ± half of its 95 % interval. ▲ ▼: more or less than in the first column under the "
        "same seeds, beyond chance. ≈: the difference is within chance, and is not an effect. =: no difference.",
        "所有重复运行的均值，± 95% 置信区间的一半。"
        "▲ ▼：在相同随机种子下高于或低于第一列，超出偶然；≈：差异在偶然范围内，不算效果；=：无差异。",
    )
    return f"<p class=note>{note}</p>"


def _nothing(names: Sequence[str]) -> str:
    if not names:
        return ""
    en, zh = (
        "; ".join(figure_name(name)[0] for name in names),
        "；".join(figure_name(name)[1] for name in names),
    )
    return f"<p class=note>{both(f'0 in every run: {en}.', f'每次运行均为零：{zh}。')}</p>"


def _cell(name: str, found: Estimate, moved: Effect | None, at: int) -> str:
    """Write a mean with its uncertainty, and its mark against the first column."""
    half = (
        f" <small>± {figure_text(name, found.half_width, found.mean)}</small>" if found.half_width is not None else ""
    )
    mark = f" <b>{_mark(moved)}</b>" if at and moved is not None and moved.half_width is not None else ""
    return f"<td class=number>{figure_text(name, found.mean)}{half}{mark}</td>"


def _mark(moved: Effect) -> str:
    if moved.sure:
        return "▲" if moved.mean > 0 else "▼"
    return "=" if not moved.mean and not moved.half_width else "≈"
