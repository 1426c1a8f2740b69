"""Prices and volumes to zoom into: ECharts inside the page, packed, and run when a reader opens that view alone."""

import base64
import gzip
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Final

import msgspec

from exchange.simulation.charts.frame import COLOURS
from exchange.simulation.plans import Scenario
from exchange.simulation.report.market import Fan, week_begins
from exchange.simulation.report.settings import few
from exchange.simulation.report.sheet import Script, allowed, both

_MOST: Final = 20
"""Settings that the view has; a legend of more cannot be used."""
_PLACES: Final = 2


class SettingLine(msgspec.Struct, frozen=True, kw_only=True):
    """A setting: its name in both languages, its fan of prices and its volume, by week."""

    en: str
    zh: str
    low: list[float | None]
    middle: list[float | None]
    high: list[float | None]
    volume: list[float]


@cache
def _packed() -> bytes:
    return resources.files(__package__).joinpath("vendor/echarts/echarts.common.min.js.gz").read_bytes()


def _own() -> str:
    return resources.files(__package__).joinpath("interactive.js").read_text("utf-8")


def line_of(name: str | tuple[str, str], fan: Fan, volume: Sequence[float]) -> SettingLine:
    """Return a setting as the view has it; prices to the fen."""
    low, middle, high = ([None if each is None else round(each, _PLACES) for each in part] for part in fan)
    en, zh = (name, name) if isinstance(name, str) else name
    rounded = [round(each, 1) for each in volume]
    return SettingLine(en=en, zh=zh, low=low, middle=middle, high=high, volume=rounded)


def section() -> str:
    """Return the closed view. It is hidden until its script has found that it can run."""
    summary = both("Prices and volumes to zoom into", "可缩放的价格与成交量图")
    note = both(
        "Drag or turn the wheel to zoom, choose settings in the legend. The charts above have the same numbers.",
        "拖动或滚动滚轮缩放，点图例选择设置。数据与上面的图相同。",
    )
    return (
        f"<section id=interactive hidden><details><summary>{summary}</summary><p class=note>{note}</p>"
        '<div id="interactive-chart"></div></details></section>'
    )


def script(scenario: Scenario, weeks: int, settings: Sequence[SettingLine]) -> Script:
    """Return what the view runs and shows. A page lets these two scripts run and no other."""
    data = msgspec.json.encode(
        {
            "weeks": [week_begins(scenario, week).isoformat() for week in range(weeks)],
            "settings": few(settings, _MOST),
            "colours": COLOURS,
        }
    ).decode()
    own, packed = _own(), _packed()
    html = (
        f'<script type="application/json" id="interactive-data">{data.replace("<", chr(92) + "u003c")}</script>'
        f'<script type="text/plain" id="interactive-echarts">{base64.b64encode(packed).decode()}</script>'
        f"<script>{own}</script>"
    )
    return Script(html, (allowed(own), allowed(gzip.decompress(packed))))
