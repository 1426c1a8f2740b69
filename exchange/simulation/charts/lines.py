"""Lines over time, with a fan around each where its range is known."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from exchange.simulation.charts.frame import (
    TOP,
    WIDTH,
    Drawing,
    Pen,
    Plot,
    Words,
    colour,
    legend,
    spread,
    stroke,
    upright,
    width_of,
)

_FANS: Final = 3
"""Fans beyond these hide each other; the middles are all drawn."""


class Series(NamedTuple):
    """A series by position: its middle, and the range around it where there is one; None where nothing is known."""

    name: Words
    middle: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


class TimeMark(NamedTuple):
    """A position that has a name, such as a deadline."""

    at: float
    name: Words


class Time(NamedTuple):
    """The horizontal axis: how many positions, some of them with names, and what is marked in the chart."""

    positions: int
    names: Sequence[tuple[float, str]]
    marks: Sequence[TimeMark] = ()


def lines(pen: Pen, time: Time, series: Sequence[Series]) -> Drawing:
    """Draw lines over time; the range around each is a lighter area."""
    known = [value for each in series for value in (*each.middle, *each.high) if value is not None]
    plot, body = upright(pen, max(known, default=0), max(1, time.positions - 1), min(known, default=0))
    at, names = [each for each, _ in time.names], [name for _, name in time.names]
    body += "".join(spread(names, plot, at, plot.bottom + 17))
    body += "".join(f'<path d="M{plot.x(each):.1f} {plot.bottom}v4" stroke="#7d8a83"/>' for each in at)
    fanned = {0, len(series) - 1, *range(_FANS - 1)}
    for number, each in enumerate(series):
        if each.low and number in fanned:
            body += _fan(plot, each, number)
    for number, each in enumerate(series):
        body += f'<path d="{_path(plot, each.middle)}" fill="none" stroke-linejoin="round" {stroke(number)}/>'
    body += "".join(_marked(pen, plot, each) for each in time.marks if each.at <= plot.end)
    rows, height = legend(pen, [each.name for each in series], plot.bottom + 24, dashed=True)
    return Drawing(body + rows, height, _said(pen, series))


def _said(pen: Pen, series: Sequence[Series]) -> str:
    """Say how low and how high each line goes."""
    found = []
    for each in series:
        known = [value for value in each.middle if value is not None]
        ends = f"{min(known):,.2f} – {max(known):,.2f}" if known else "–"
        found.append(f"{pen.plain(each.name)}: {ends}")
    return "; ".join(found)


def _points(plot: Plot, values: Sequence[float | None]) -> list[str]:
    return [f"{plot.x(at):.1f} {plot.y(value):.1f}" for at, value in enumerate(values) if value is not None]


def _path(plot: Plot, values: Sequence[float | None]) -> str:
    points = _points(plot, values)
    return f"M{'L'.join(points)}" if points else ""


def _fan(plot: Plot, each: Series, number: int) -> str:
    there, back = _points(plot, each.high), _points(plot, each.low)
    if not there:
        return ""
    edge = f'fill="{colour(number)}" fill-opacity="0.14" stroke="{colour(number)}" stroke-opacity="0.3"'
    return f'<path d="M{"L".join((*there, *reversed(back)))}Z" stroke-width="0.7" {edge}/>'


def _marked(pen: Pen, plot: Plot, mark: TimeMark) -> str:
    x, name = plot.x(mark.at), pen.plain(mark.name)
    aside = f'x="{x - 4:.1f}" text-anchor="end"' if x + 8 + width_of(name) > WIDTH else f'x="{x + 4:.1f}"'
    line = f'<path d="M{x:.1f} {TOP}V{plot.bottom}" stroke="#9a4a12" stroke-dasharray="3 3"/>'
    return f'{line}<text {aside} y="{TOP + 10}" fill="#9a4a12">{pen.words(mark.name)}</text>'
