"""Bars: in parts that add up, or side by side with what is uncertain about each."""

from collections.abc import Sequence
from typing import NamedTuple

from exchange.simulation.charts.frame import Drawing, Pen, Plot, Words, amount, legend, under, upright

_MOST_SAID = 12


class Stack(NamedTuple):
    """A bar: its name below, and its parts from the bottom up in the order of the chart's legend."""

    name: Words
    parts: Sequence[float]


class Bars(NamedTuple):
    """Bars side by side under one name: a value for each entry of the legend, and half of its interval if known."""

    name: Words
    values: Sequence[tuple[float, float | None]]


def stacks(pen: Pen, bars: Sequence[Stack], names: Sequence[Words]) -> Drawing:
    """Draw bars made of parts that add up."""
    plot, body = upright(pen, max((sum(each.parts) for each in bars), default=0), max(1, len(bars)))
    slot = plot.x(1) - plot.x(0)
    for at, bar in enumerate(bars):
        below = 0.0
        for part, value in enumerate(bar.parts):
            if value > 0:
                body += _bar(pen, plot, (plot.x(at) + slot * 0.15, slot * 0.7), (below, below + value), part)
            below += value
    names_below, height = _below(pen, plot, bars, names)
    return Drawing(names_below + body, height, _said_stacks(pen, bars, names))


def _said_stacks(pen: Pen, bars: Sequence[Stack], names: Sequence[Words]) -> str:
    return "; ".join(
        f"{pen.plain(bar.name)}: "
        + ", ".join(
            f"{pen.plain(name)} {amount(value, value, pen.language)}"
            for name, value in zip(names, bar.parts, strict=True)
            if value
        )
        for bar in bars[:_MOST_SAID]
    )


def grouped(pen: Pen, bars: Sequence[Bars], names: Sequence[Words]) -> Drawing:
    """Draw bars side by side, each with a whisker for its interval."""
    tops = [value + (half or 0) for each in bars for value, half in each.values]
    lows = [value - (half or 0) for each in bars for value, half in each.values if value < 0]
    plot, body = upright(pen, max(tops, default=0), max(1, len(bars)), min(lows, default=0))
    slot = plot.x(1) - plot.x(0)
    wide = slot * 0.7 / max(1, len(names))
    for at, each in enumerate(bars):
        for part, (value, half) in enumerate(each.values):
            x = plot.x(at) + slot * 0.15 + wide * part
            body += _bar(pen, plot, (x, wide), (min(0.0, value), max(0.0, value)), part)
            if half:
                body += _whisker(plot, x + wide / 2, max(plot.low, value - half), value + half)
    said = "; ".join(
        f"{pen.plain(each.name)}: " + ", ".join(f"{value:,.2f} ± {half or 0:,.2f}" for value, half in each.values)
        for each in bars[:_MOST_SAID]
    )
    names_below, height = _below(pen, plot, bars, names if len(names) > 1 else ())
    return Drawing(names_below + body, height, said)


def _bar(pen: Pen, plot: Plot, across: tuple[float, float], values: tuple[float, float], part: int) -> str:
    base, top = plot.y(values[0]), plot.y(values[1])
    size = f'x="{across[0]:.1f}" y="{top:.1f}" width="{across[1]:.1f}" height="{max(0.5, base - top):.1f}"'
    return f'<rect {size} fill="{pen.fill(part)}" stroke="#fff" stroke-width="0.6"/>'


def _whisker(plot: Plot, x: float, low: float, high: float) -> str:
    top, base = plot.y(high), plot.y(low)
    return (
        f'<path d="M{x - 4:.1f} {top:.1f}h8m-4 0V{base:.1f}m-4 0h8" fill="none" stroke="#fff" stroke-width="3.4"/>'
        f'<path d="M{x - 4:.1f} {top:.1f}h8m-4 0V{base:.1f}m-4 0h8" fill="none" stroke="#18211d" stroke-width="1.4"/>'
    )


def _below(pen: Pen, plot: Plot, bars: Sequence[Stack | Bars], names: Sequence[Words]) -> tuple[str, float]:
    """Name the bars, and what is in them; return that with the height of all."""
    labels, height = under(pen, [each.name for each in bars], plot)
    rows, height = legend(pen, names, height)
    return pen.patterns(max(1, len(names))) + labels + rows, height + 4
