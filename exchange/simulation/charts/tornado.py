"""Horizontal bars around zero, the longest first, each with its interval; hollow where it is within chance."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from exchange.simulation.charts.frame import (
    COLOURS,
    RIGHT,
    TOP,
    WIDTH,
    Drawing,
    Pen,
    Plot,
    amount,
    legend,
    round_ticks,
    shortened,
    spread,
    width_of,
)

_ROW: Final = 24
_WIDEST: Final = 240


class Push(NamedTuple):
    """What one thing does to a figure. *sure*: more than chance."""

    name: tuple[str, str]
    value: float
    half_width: float | None
    sure: bool


def tornado(pen: Pen, pushes: Sequence[Push], unit: str = "") -> Drawing:
    """Draw what pushes a figure, and how far."""
    ordered = sorted(pushes, key=lambda each: -abs(each.value))
    names = [shortened(pen.plain(each.name), _WIDEST) for each in ordered]
    ends = [each.value + sign * (each.half_width or 0) for each in ordered for sign in (-1, 1)]
    marks = round_ticks(max((0.0, *ends)), min((0.0, *ends)), 5)
    bottom = TOP + _ROW * max(1, len(ordered))
    plot = Plot(14 + max(map(width_of, names), default=0), 0, 1, marks[-1] - marks[0], bottom)
    body = "".join(
        f'<path d="M{plot.x(value - marks[0]):.1f} {TOP}V{bottom}" stroke="{"#d9dfd8" if value else "#7d8a83"}"/>'
        for value in marks
    )
    for at, (each, name) in enumerate(zip(ordered, names, strict=True)):
        middle = TOP + _ROW * (at + 0.5)
        body += f'<text x="{plot.left - 8:.0f}" y="{middle + 4:.1f}" text-anchor="end">{pen.words(name)}</text>'
        body += _push(plot, each, marks[0], middle)
    most = max(abs(marks[0]), abs(marks[-1]))
    labels = [amount(value, most, pen.language) + unit for value in marks]
    body += "".join(spread(labels, plot, [value - marks[0] for value in marks], bottom + 16))
    rows, height = _key(pen, bottom + 22)
    said = "; ".join(
        f"{pen.plain(each.name)}: {each.value:+,.2f}{unit} ± {each.half_width or 0:,.2f}" for each in ordered
    )
    return Drawing(body + rows, height, said)


def _push(plot: Plot, each: Push, first: float, middle: float) -> str:
    zero, end = plot.x(-first), plot.x(each.value - first)
    look = f'fill="{COLOURS[0 if each.value >= 0 else 1]}"' if each.sure else 'fill="#fff" stroke="#7d8a83"'
    size = f'x="{min(zero, end):.1f}" y="{middle - 7:.1f}" width="{max(0.8, abs(end - zero)):.1f}" height="14"'
    if not each.half_width:
        return f"<rect {size} {look}/>"
    low, high = plot.x(each.value - each.half_width - first), plot.x(each.value + each.half_width - first)
    path = f'd="M{low:.1f} {middle - 4:.1f}v8m0 -4H{min(high, WIDTH - RIGHT / 2):.1f}m0 -4v8" fill="none"'
    return (
        f'<rect {size} {look}/><path {path} stroke="#fff" stroke-width="3"/>'
        f'<path {path} stroke="#18211d" stroke-width="1.3"/>'
    )


def _key(pen: Pen, below: float) -> tuple[str, float]:
    """Say what filled and hollow bars are."""
    _, height = legend(pen, [("x", "x")], below)
    texts = (("more", "增加"), ("less", "减少"), ("within chance", "在偶然范围内"))
    looks = (f'fill="{COLOURS[0]}"', f'fill="{COLOURS[1]}"', 'fill="#fff" stroke="#7d8a83"')
    body, x = "", 6.0
    for said, look in zip(texts, looks, strict=True):
        text = pen.plain(said)
        body += (
            f'<g transform="translate({x:.0f},{below + 10:.0f})"><rect x="2" width="14" height="12" {look}/>'
            f'<text x="22" y="10">{text}</text></g>'
        )
        x += width_of(text) + 40
    return body, height
