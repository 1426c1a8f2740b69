"""A map of two levers: a cell for each pair of values, darker where there is more, hatched where it may be chance."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from exchange.simulation.charts.frame import RIGHT, WIDTH, Drawing, Pen, Words, shortened, width_of

_ROW: Final = 44
_HEAD: Final = 40
_GLAZE: Final = (13, 92, 74)
_DARK: Final = 0.55
"""Cells darker than this part have white letters."""


class Cell(NamedTuple):
    """A figure: its value, how it is written, what is uncertain; *chance*: it is not told from the first cell."""

    value: float
    text: str
    uncertain: str
    chance: bool


class Sides(NamedTuple):
    """Titles and values of both levers, downwards and across."""

    down: Words
    across: Words
    rows: Sequence[Words]
    columns: Sequence[Words]


def heat(pen: Pen, sides: Sides, cells: Sequence[Sequence[Cell | None]]) -> Drawing:
    """Draw the map; None is a cell whose runs all failed."""
    known = [cell.value for row in cells for cell in row if cell is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)
    left = 14 + max((width_of(pen.plain(name)) for name in sides.rows), default=0)
    wide = (WIDTH - RIGHT - left) / max(1, len(sides.columns))
    body = f"<defs>{_hatch(pen)}</defs>{_heads(pen, sides, left, wide)}"
    said = []
    for down, row in enumerate(cells):
        y = _HEAD + _ROW * down
        name = pen.words(sides.rows[down])
        body += f'<text x="{left - 8:.0f}" y="{y + _ROW / 2 + 4:.0f}" text-anchor="end">{name}</text>'
        for across, cell in enumerate(row):
            if cell is not None:
                part = (cell.value - low) / (high - low) if high > low else 0.0
                body += _cell(pen, cell, part, (left + wide * across, y, wide))
                said.append(f"{pen.plain(sides.rows[down])}, {pen.plain(sides.columns[across])}: {cell.text}")
    height = _HEAD + _ROW * len(cells)
    key = ("hatched: not told from the first cell", "斜纹：与左上第一格的差异在偶然范围内")
    body += f'<rect x="6" y="{height + 10}" width="16" height="12" fill="url(#{pen.key}-h)" stroke="#7d8a83"/>'
    body += f'<text x="28" y="{height + 20}">{pen.words(key)}</text>'
    return Drawing(body, height + 30, "; ".join(said))


def _heads(pen: Pen, sides: Sides, left: float, wide: float) -> str:
    turned = f"{pen.plain(sides.down)} ↓   {pen.plain(sides.across)} →"
    body = f'<text x="6" y="12" fill="#56625c">{pen.words(shortened(turned, WIDTH - 12))}</text>'
    return body + "".join(
        f'<text x="{left + wide * (at + 0.5):.1f}" y="{_HEAD - 8}" text-anchor="middle">{pen.words(name)}</text>'
        for at, name in enumerate(sides.columns)
    )


def _hatch(pen: Pen) -> str:
    return (
        f'<pattern id="{pen.key}-h" width="7" height="7" patternUnits="userSpaceOnUse">'
        '<path d="M0 7L7 0M-2 2L2 -2M5 9L9 5" stroke="#7d8a83" stroke-opacity="0.7" fill="none"/></pattern>'
    )


def _cell(pen: Pen, cell: Cell, part: float, place: tuple[float, float, float]) -> str:
    x, y, wide = place
    red, green, blue = (round(255 + (each - 255) * (0.06 + 0.84 * part)) for each in _GLAZE)
    size = f'x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{_ROW}"'
    ink = "#fff" if part > _DARK else "#18211d"
    back = f"rgb({red},{green},{blue})"
    body = f'<rect {size} fill="{back}" stroke="#fff"/>'
    if cell.chance:
        body += f'<rect {size} fill="url(#{pen.key}-h)"/>'
    halo = f'paint-order="stroke" stroke="{back}" stroke-width="4" fill="{ink}" text-anchor="middle"'
    middle = x + wide / 2
    return (
        f'{body}<text x="{middle:.1f}" y="{y + 19}" {halo}>{pen.words(cell.text)}</text>'
        f'<text x="{middle:.1f}" y="{y + 34}" font-size="10" {halo}>{pen.words(cell.uncertain)}</text>'
    )
