"""What all charts share: words in one language, colours, patterns, axes with round numbers, a legend that fits."""

import math
from collections.abc import Iterator, Sequence
from html import escape
from typing import Final, Literal, NamedTuple

Language = Literal["en", "zh"]
Words = str | tuple[str, str]
"""A name, or one in English and one in Chinese."""
WIDTH: Final = 480
HEIGHT: Final = 230
"""Of the drawing, without its legend, in units of the SVG; a letter is 12 high."""
TOP: Final = 12
RIGHT: Final = 14
_ROW: Final = 18
_WHOLE: Final = 10
_LEFT_LEAST: Final = 34
_MILLION, _WAN = 1_000_000, 10_000
_WAN_FROM: Final = 100_000
COLOURS: Final = ("#0d5c4a", "#e08a2e", "#5487b5", "#8a2f4f", "#a3b83c", "#54459a", "#c98fc0", "#5f6763", "#3aa39b")
"""Neighbours differ in lightness, so that they are told apart in grey too; series beyond them begin again."""
_DASHES: Final = ("", "7 3", "2 2.5", "9 3 2 3", "4 2", "12 3", "6 2 2 2 2 2", "1 3", "3 5")
_HATCHES: Final = (
    "",
    "M0 8L8 0M-2 2L2 -2M6 10L10 6",
    "M2 2h2v2h-2zM6 6h2v2h-2z",
    "M0 0L8 8M-2 6L2 10M6 -2L10 2",
    "M0 2h8M0 6h8",
    "M2 0v8M6 0v8",
    "M0 4h8M4 0v8",
    "M3 3h2v2h-2z",
    "M0 8L8 0M0 0L8 8",
)
"""A pattern for each colour, drawn over it in a field of 8 by 8; the first has none."""


class Pen(NamedTuple):
    """Draws one chart in one language. *key* is unlike any other chart's of the page: patterns are named by it."""

    language: Language
    key: str

    def words(self, said: Words) -> str:
        """Say something in the language of this pen, escaped."""
        return escape(self.plain(said))

    def plain(self, said: Words) -> str:
        """Say something in the language of this pen."""
        return said if isinstance(said, str) else said[self.language == "zh"]

    def fill(self, at: int) -> str:
        """Return the colour of a series by its place in the legend, with its pattern."""
        at %= len(COLOURS)
        return f"url(#{self.key}-{at})" if _HATCHES[at] else COLOURS[at]

    def patterns(self, count: int) -> str:
        """Define the patterns of as many series."""
        found = "".join(
            f'<pattern id="{self.key}-{at}" width="8" height="8" patternUnits="userSpaceOnUse">'
            f'<rect width="8" height="8" fill="{COLOURS[at]}"/>'
            f'<path d="{_HATCHES[at]}" fill="none" stroke="#fff" stroke-opacity="0.55"/></pattern>'
            for at in range(1, min(count, len(COLOURS)))
        )
        return f"<defs>{found}</defs>" if found else ""


class Drawing(NamedTuple):
    """A chart: what is drawn, how high it is, and what somebody hears who does not see it."""

    body: str
    height: float
    said: str


def colour(at: int) -> str:
    """Return the colour of a series by its place in the legend."""
    return COLOURS[at % len(COLOURS)]


def stroke(at: int) -> str:
    """Return the look of a line by its place in the legend: its colour and its dashes."""
    return f'stroke="{colour(at)}" stroke-width="2" stroke-dasharray="{_DASHES[at % len(_DASHES)]}"'


def svg(pen: Pen, title: Words, drawing: Drawing) -> str:
    """Write a chart as a picture that stands alone, with its title and description."""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {drawing.height:.0f}" role="img" '
        f'aria-labelledby="{pen.key}-t {pen.key}-d" font-family="sans-serif" font-size="12" fill="#18211d">'
        f'<title id="{pen.key}-t">{pen.words(title)}</title><desc id="{pen.key}-d">{escape(drawing.said)}</desc>'
        f"{drawing.body}</svg>"
    )


def width_of(text: str) -> float:
    """About how wide a text is: a Chinese character is as wide as it is high, others about half of that."""
    return sum(12.2 if ord(each) > 0x2E7F else 6.9 for each in text)  # noqa: PLR2004 - where Chinese begins


def shortened(text: str, width: float) -> str:
    """Cut a text to a width, with an ellipsis where something is missing."""
    if width_of(text) <= width:
        return text
    while text and width_of(text) > width - 8:
        text = text[:-1]
    return text.rstrip() + "…"


def round_ticks(top: float, low: float = 0, most: int = 6) -> list[float]:
    """Return round numbers from *low* or below it to *top* or above it, evenly apart; 0 is one of them."""
    span = max(top, 0) - min(low, 0)
    if span <= 0:
        return [0.0, 1.0]
    size = 10.0 ** math.floor(math.log10(span / (most - 1)))
    step = next(size * part for part in (1, 2, 2.5, 5, 10, 20) if span / (size * part) <= most - 1 + 1e-9)
    first, last = math.floor(min(low, 0) / step + 1e-9), math.ceil(max(top, 0) / step - 1e-9)
    return [each * step for each in range(first, last + 1)]


def amount(value: float, top: float, language: Language) -> str:
    """Write a number of an axis that goes to *top*: large ones in millions, or in Chinese in 万."""
    if language == "en" and top >= _MILLION:
        return f"{value / _MILLION:,.4g}M" if value else "0"
    if language == "zh" and top >= _WAN_FROM:
        return f"{value / _WAN:,.6g}万" if value else "0"
    places = 0 if value == round(value) else 1
    return f"{value:,.{places}f}" if top >= _WHOLE else f"{value:,.3g}"


class Plot(NamedTuple):
    """The field of a chart: where its axes are, and which numbers they end with."""

    left: float
    low: float
    high: float
    end: float
    bottom: float = HEIGHT

    def x(self, at: float) -> float:
        """Return where a position from 0 to *end* is."""
        return self.left + (WIDTH - RIGHT - self.left) * (at / self.end if self.end else 0)

    def y(self, value: float) -> float:
        """Return where a value from *low* to *high* is."""
        return TOP + (self.bottom - TOP) * (1 - (value - self.low) / (self.high - self.low))


def upright(pen: Pen, top: float, end: float, low: float = 0) -> tuple[Plot, str]:
    """Return a field with its vertical axis: round numbers from *low* to *top*, and room for them on the left."""
    marks = round_ticks(top, low)
    most = max(abs(marks[0]), abs(marks[-1]))
    labels = [amount(value, most, pen.language) for value in marks]
    plot = Plot(max(_LEFT_LEAST, 12 + max(map(width_of, labels))), marks[0], marks[-1], end)
    body = "".join(
        f'<path d="M{plot.left:.0f} {plot.y(value):.1f}H{WIDTH - RIGHT}" stroke="{"#d9dfd8" if value else "#7d8a83"}"/>'
        f'<text x="{plot.left - 6:.0f}" y="{plot.y(value) + 4:.1f}" text-anchor="end">{label}</text>'
        for value, label in zip(marks, labels, strict=True)
    )
    return plot, body


def legend(pen: Pen, names: Sequence[Words], below: float, *, dashed: bool = False) -> tuple[str, float]:
    """Return a legend below a drawing, in as many rows as it needs, and the height of both together."""
    if not names:
        return "", below
    body, x, y = "", 6.0, below + 10
    for at, name in enumerate(names):
        said = shortened(pen.plain(name), WIDTH - 40)
        wide = width_of(said) + 36
        if x > 6 and x + wide > WIDTH:  # noqa: PLR2004 - the margin where a row begins
            x, y = 6.0, y + _ROW
        mark = f'<rect width="14" height="12" x="2" fill="{pen.fill(at)}"/>'
        if dashed:
            mark = f'<path d="M0 6h18" {stroke(at)}/>'
        body += f'<g transform="translate({x:.0f},{y:.0f})">{mark}<text x="22" y="10">{escape(said)}</text></g>'
        x += wide
    return body, y + _ROW


def under(pen: Pen, names: Sequence[Words], plot: Plot) -> tuple[str, float]:
    """Name the slots of bars below them, in two rows where a name has two parts; turned where they would collide."""
    slot = (WIDTH - RIGHT - plot.left) / max(1, len(names))
    rows = [pen.plain(name).split(" / ") for name in names]
    widest = max((width_of(part) for row in rows for part in row), default=0)
    if widest <= slot - 4:
        body = "".join(
            f'<text x="{plot.x(at + 0.5):.1f}" y="{plot.bottom + 16 + 14 * line}" text-anchor="middle">'
            f"{escape(part)}</text>"
            for at, row in enumerate(rows)
            for line, part in enumerate(row)
        )
        return body, plot.bottom + 8 + 14 * max(map(len, rows), default=1)
    whole = [shortened(" / ".join(row), 110) for row in rows]
    body = "".join(_turned(escape(name), plot.x(at + 0.5) + 4, plot.bottom + 14) for at, name in enumerate(whole))
    return body, plot.bottom + 20 + 0.6 * max(map(width_of, whole))


def _turned(name: str, x: float, y: float) -> str:
    return f'<text text-anchor="end" transform="translate({x:.1f},{y:.1f}) rotate(-35)">{name}</text>'


def spread(names: Sequence[str], plot: Plot, at: Sequence[float], below: float) -> Iterator[str]:
    """Write names below positions of a horizontal axis, those alone that have room beside the one before."""
    taken = -1e9
    for name, position in zip(names, at, strict=True):
        half, x = width_of(name) / 2, plot.x(position)
        x = min(x, WIDTH - 1 - half)
        if x - half < taken + 8:
            continue
        taken = x + half
        yield f'<text x="{x:.1f}" y="{below:.0f}" text-anchor="middle">{escape(name)}</text>'
