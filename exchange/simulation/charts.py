"""Small charts as SVG: lines with a fan around them, bars in parts, steps. Figures come in, text goes out."""

from collections.abc import Sequence
from html import escape
from typing import Final, NamedTuple

WIDTH, HEIGHT = 640, 260
_WHOLE = 10
"""Axes that end here or above have at most one decimal place."""
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 12, 12, 34
COLOURS: Final = ("#2b5f75", "#b5651d", "#5b7f3a", "#8a3b5c", "#5a5a9c", "#7a6a00", "#2f8f83", "#9c4a3a", "#666666")
"""Told apart in print and by most eyes; series beyond them begin again."""


class Series(NamedTuple):
    """A series by position: its middle, and the range around it where there is one; None where nothing is known."""

    name: str
    middle: Sequence[float | None]
    low: Sequence[float | None] = ()
    high: Sequence[float | None] = ()


class Stack(NamedTuple):
    """A bar: its name below, and its parts from the bottom up in the order of the chart's legend."""

    name: str
    parts: Sequence[float]


Words = str | tuple[str, str]
"""A name, or one in English and one in Chinese."""


def _words(said: Words) -> str:
    if isinstance(said, str):
        return escape(said[:20])
    return "".join(
        f'<tspan lang="{language}">{escape(each[:20])}</tspan>'
        for language, each in zip(("en", "zh"), said, strict=True)
    )


def _svg(body: str, legend: Sequence[Words]) -> str:
    rows = "".join(
        f'<g transform="translate({_LEFT + at % 4 * 145},{HEIGHT + 14 + at // 4 * 18})">'
        f'<rect width="11" height="11" fill="{colour(at)}"/><text x="16" y="10">{_words(name)}</text></g>'
        for at, name in enumerate(legend)
    )
    height = HEIGHT + 12 + 18 * -(-len(legend) // 4)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="sans-serif" font-size="12" fill="#222">{body}{rows}</svg>'
    )


def colour(at: int) -> str:
    """Return the colour of a series by its place in the legend."""
    return COLOURS[at % len(COLOURS)]


def _scale(top: float) -> float:
    """Return a round number at or above *top* for the end of the axis."""
    if top <= 0:
        return 1
    size = 1.0
    while size * 10 <= top:
        size *= 10
    while size > top:
        size /= 10
    return next(size * step for step in (1, 1.5, 2, 3, 4, 5, 6, 8, 10) if size * step >= top * 0.999999)


def _y(value: float, top: float) -> str:
    return f"{_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value / top):.1f}"


def _x(at: float, end: float) -> str:
    return f"{_LEFT + (WIDTH - _LEFT - _RIGHT) * (at / end if end else 0):.1f}"


def _amount(value: float, top: float) -> str:
    places = 0 if value == round(value) else 1
    return f"{value:,.{places}f}" if top >= _WHOLE else f"{value:,.3g}"


def _axis(top: float) -> str:
    found = []
    for part in range(5):
        value = top * part / 4
        y = _y(value, top)
        found.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y}" y2="{y}" stroke="#ddd"/>')
        found.append(f'<text x="{_LEFT - 6}" y="{float(y) + 4:.1f}" text-anchor="end">{_amount(value, top)}</text>')
    return "".join(found)


def _ticks(names: Sequence[str], end: float, middle: float = 0) -> str:
    step = max(1, -(-len(names) // 12))
    return "".join(
        f'<text x="{_x(at + middle, end)}" y="{HEIGHT - _BOTTOM + 18}" text-anchor="middle">{escape(name[:14])}</text>'
        for at, name in enumerate(names)
        if at % step == 0
    )


def lines(names: Sequence[str], series: Sequence[Series]) -> str:
    """Draw lines over positions called *names*; the range around each is a lighter area."""
    top = _scale(
        max((value for each in series for value in (*each.middle, *each.high) if value is not None), default=0)
    )
    end, body = max(1, len(names) - 1), _axis(top) + _ticks(names, max(1, len(names) - 1))
    for at, each in enumerate(series):
        if each.low:
            there, back = _points(each.high, end, top), _points(each.low, end, top)
            body += f'<polygon points="{" ".join((*there, *reversed(back)))}" fill="{colour(at)}" opacity="0.15"/>'
        points = " ".join(_points(each.middle, end, top))
        body += f'<polyline points="{points}" fill="none" stroke="{colour(at)}" stroke-width="1.8"/>'
    return _svg(body, [each.name for each in series])


def _points(values: Sequence[float | None], end: float, top: float) -> list[str]:
    return [f"{_x(x, end)},{_y(value, top)}" for x, value in enumerate(values) if value is not None]


def stacks(bars: Sequence[Stack], legend: Sequence[Words]) -> str:
    """Draw bars made of parts."""
    top, count = _scale(max((sum(each.parts) for each in bars), default=0)), max(1, len(bars))
    body, width = _axis(top) + _ticks([each.name for each in bars], count, 0.5), (WIDTH - _LEFT - _RIGHT) / count
    for at, bar in enumerate(bars):
        below = 0.0
        for part, value in enumerate(bar.parts):
            y, base = float(_y(below + value, top)), float(_y(below, top))
            x = float(_x(at, count)) + width * 0.15
            size = f'width="{width * 0.7:.1f}" height="{max(0.0, base - y):.1f}"'
            body += f'<rect x="{x:.1f}" y="{y:.1f}" {size} fill="{colour(part)}"/>'
            below += value
    return _svg(body, legend)


def steps(blocks: Sequence[tuple[float, float]]) -> str:
    """Draw a supply curve: blocks of a price and a quantity, cheapest first, each as wide as its quantity."""
    end, top = sum(quantity for _, quantity in blocks), _scale(max((price for price, _ in blocks), default=0))
    body, at = _axis(top), 0.0
    for price, quantity in blocks:
        x, after, y = float(_x(at, end)), float(_x(at + quantity, end)), float(_y(price, top))
        base = float(_y(0, top))
        size = f'width="{max(0.0, after - x):.1f}" height="{base - y:.1f}"'
        look = f'fill="{COLOURS[0]}" opacity="0.55" stroke="#fff" stroke-width="0.5"'
        body += f'<rect x="{x:.1f}" y="{y:.1f}" {size} {look}/>'
        at += quantity
    marks = [_amount(end * part / 4, end) for part in range(5)]
    return _svg(body + _ticks(marks, 4), ())
