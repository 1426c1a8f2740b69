"""Names of what a scenario varies, as a reader says them: percent for bps, yuan for fen, words for modes."""

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeVar

from exchange.simulation.charts.frame import Words
from exchange.simulation.parameters import documented
from exchange.simulation.plans import LeverPlan, Scenario
from exchange.simulation.results import FIGURES, RunResult
from exchange.simulation.runs import by_setting

Runs = Sequence[RunResult]
T = TypeVar("T")
_SELLING: Final = (
    *(("order book", "订单簿"), ("listings", "挂牌"), ("uniform auctions", "统一价拍卖"), ("pay as bid", "按报价拍卖")),
    *(("ascending auctions", "增价拍卖"), ("calls", "集合竞价"), ("campaigns", "认购"), ("blocks", "大宗协议")),
)
_FEN: Final = 100
_LARGE_FEN: Final = 10_000_000
"""Money above it is shown without its fen."""
_SAID: Final = (
    *(("(bps)", "(%)"), ("bps", "%"), ("万分之", "%"), ("basis points", "%")),
    *(("fen/", "CNY/"), ("fen", "CNY"), ("（分", "（元")),
)
"""Units of files, and what readers of a report see in their place."""


class SettingRuns(NamedTuple):
    """The runs of one setting of the levers, and the setting's name and values."""

    name: Words
    setting: tuple[int, ...]
    runs: Runs


def groups_of(scenario: Scenario, runs: Runs) -> list[SettingRuns]:
    """Group runs by setting, in the order of the scenario."""
    return [SettingRuns(setting_name(scenario, setting), setting, them) for setting, them in by_setting(runs)]


def keys(scenario: Scenario) -> tuple[str, ...]:
    """Columns of a chart's CSV that say which setting a line is of."""
    return tuple(each.parameter for each in scenario.lever)


def setting_name(scenario: Scenario, setting: Sequence[int]) -> Words:
    """Name a setting by its values; a scenario without levers has one, which is named by the scenario."""
    if not setting:
        return (scenario.title.en, scenario.title.zh)
    parts = [value_name(scenario, lever, value) for lever, value in zip(scenario.lever, setting, strict=True)]
    return (" / ".join(en for en, _ in parts), " / ".join(zh for _, zh in parts))


def value_name(scenario: Scenario, lever: LeverPlan, value: int) -> tuple[str, str]:
    """Write a value of a lever."""
    if lever.parameter == "venue.selling":
        return _SELLING[value]
    unit = next((each.unit for each in documented(scenario) if each.name == lever.parameter), "")
    if unit == "bps":
        return (f"{value / 100:g}%",) * 2
    if unit.startswith("fen"):
        return (f"{value / _FEN:,.2f}".removesuffix(".00"),) * 2
    return (f"{value:,}",) * 2


def lever_title(lever: LeverPlan) -> tuple[str, str]:
    """Return a lever's title, in the units that its values are shown in."""
    if lever.parameter == "venue.selling":
        return "How developers sell", "开发者如何出售"
    return _as_shown(lever.title.en), _as_shown(lever.title.zh)


def figure_name(name: str) -> tuple[str, str]:
    """Return a figure's name, in the unit that it is shown in."""
    return _as_shown(FIGURES[name][0]), _as_shown(FIGURES[name][1])


def _as_shown(text: str) -> str:
    for stored, shown in _SAID:
        text = text.replace(stored, shown)
    return text


def unit_of(name: str) -> int:
    """Return what a figure is divided by to be shown: money and percent by 100."""
    return _FEN if "_fen" in name or name.endswith("_bps") else 1


def figure_text(name: str, value: float, like: float | None = None) -> str:
    """Write a value of a figure, with as many places as *like* would have, or the value itself."""
    unit, size = unit_of(name), abs(value if like is None else like)
    places = 1 if name.endswith("_bps") else 2 if unit > 1 and size < _LARGE_FEN else 0
    return f"{value / unit:,.{places}f}"


def few(items: Sequence[T], most: int) -> list[T]:
    """Choose at most *most* of a sequence, evenly, with its first and last."""
    if len(items) <= most:
        return list(items)
    return [items[round(at * (len(items) - 1) / (most - 1))] for at in range(most)]


def left_out(all_: int, most: int) -> tuple[str, str]:
    """Say that a chart shows some settings only."""
    if all_ <= most:
        return "", ""
    return (
        f" {most} of {all_} settings are drawn; the CSV has all.",
        f"共 {all_} 种设置，图中为 {most} 种；CSV 含全部。",
    )


def joined(*parts: tuple[str, str]) -> tuple[str, str]:
    """Join sentences in both languages."""
    return "".join(en for en, _ in parts), "".join(zh for _, zh in parts)
