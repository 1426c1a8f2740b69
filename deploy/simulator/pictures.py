"""Lines of a small chart as the points of SVG; the page draws them in its own colours."""

from collections.abc import Sequence
from typing import Final, NamedTuple

WIDTH: Final = 640
HEIGHT: Final = 240
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 10, 12, 30
_STEPS: Final = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)
_PARTS: Final = 4


class Mark(NamedTuple):
    """A text at a place."""

    at: float
    text: str


class DrawnLine(NamedTuple):
    """Pieces of a line, each as points; the class of its style; and whether its points are marked."""

    name: str
    pieces: tuple[str, ...]
    dots: tuple[tuple[float, float], ...] = ()


class DrawnChart(NamedTuple):
    """A chart: its lines, and the marks of both axes."""

    width: int
    height: int
    left: int
    right: int
    bottom: int
    across: tuple[Mark, ...]
    up: tuple[Mark, ...]
    lines: tuple[DrawnLine, ...]


def picture(
    names: Sequence[str], series: Sequence[tuple[str, Sequence[float | None]]], *, dotted: str = "", per: int = 1
) -> DrawnChart:
    """
    Draw *series*, each with the name of its style; *names* are below every *per*-th place.

    Where a value is None the line is interrupted. The series called *dotted* has a dot at each value, others at those
    that stand alone.
    """
    count = max(len(values) for _, values in series)
    top = _round_top(max((value for _, values in series for value in values if value is not None), default=0))

    def x(at: float) -> float:
        return round(_LEFT + (WIDTH - _LEFT - _RIGHT) * at / max(1, count - 1), 1)

    def y(value: float) -> float:
        return round(_TOP + (HEIGHT - _TOP - _BOTTOM) * (1 - value / top), 1)

    lines = []
    for name, values in series:
        places = [(x(at), y(value)) if value is not None else None for at, value in enumerate(values)]
        dots = tuple(each for at, each in enumerate(places) if each and (name == dotted or _is_alone(places, at)))
        lines.append(DrawnLine(name, tuple(_pieces(places)), dots))
    across = tuple(Mark(x(at * per), name) for at, name in enumerate(names) if at * per < count)
    up = tuple(Mark(y(top * part / _PARTS), f"{top * part / _PARTS:,.10g}") for part in range(_PARTS + 1))
    return DrawnChart(WIDTH, HEIGHT, _LEFT, WIDTH - _RIGHT, HEIGHT - _BOTTOM, across, up, tuple(lines))


def _is_alone(places: Sequence[tuple[float, float] | None], at: int) -> bool:
    """Whether both neighbours of a place are gaps: a line through it alone would not be seen."""
    return not any(places[max(0, at - 1) : at]) and not any(places[at + 1 : at + 2])


def _pieces(places: Sequence[tuple[float, float] | None]) -> list[str]:
    """The runs of places without a gap, as SVG has points."""
    found: list[list[str]] = [[]]
    for place in places:
        if place is None:
            found.append([])
        else:
            found[-1].append(f"{place[0]},{place[1]}")
    return [" ".join(each) for each in found if each]


def _round_top(most: float) -> float:
    """A round number at or above *most*, at least 1."""
    size = 1.0
    while size * 10 < most:
        size *= 10
    return next(size * step for step in _STEPS if size * step >= most or step == _STEPS[-1])
