"""
Facts: published numbers that a run is held against, each with its date, source and licence.

A file of facts (TOML) names moments of `exchange.simulation.calibration.moments`. A number stands in it, or is computed
from a published series in a CSV file beside it. A row without date, source and licence is refused, with the line.
"""

import csv
import math
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple, TypeAlias

from msgspec import Meta, Struct, ValidationError, convert

from exchange.simulation.files import ScenarioWrong
from exchange.simulation.lines import line_of, pointed_at, syntax_line
from exchange.simulation.parameters import Source
from exchange.simulation.plans import PlanName

Figure: TypeAlias = Annotated[float, Meta(ge=-(10.0**12), le=10.0**12)]
Lag: TypeAlias = Annotated[int, Meta(ge=1, le=250)]
Moment: TypeAlias = Literal[
    "return_deviation",
    "return_kurtosis",
    "return_clustering",
    "stale_share",
    "idle_share",
    "weekly_range",
    "share_between",
    "peak_week_share",
    "peak_over_quiet",
    "mean_price",
    "discount",
]
MOST_FACTS: Final = 100


class DataWrong(ScenarioWrong):
    """A file of facts or a series that cannot be used: *line* of the file, and why."""


class Fact(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    One published number: the *moment* that it is of, its *value*, and where it is from.

    A distance is counted in *tolerance*, which *because* explains. *series* names rows of the series file to compute
    the value from, in its place. *every* is working days between prices, *lag* such steps; *first*, *last* and *since*
    are days of the scenario's calendar; *mode* is compared with *against*.
    """

    name: PlanName
    moment: Moment
    value: Figure | None = None
    series: PlanName | None = None
    tolerance: Annotated[float, Meta(gt=0, le=10.0**6)]
    because: Source
    date: date
    source: Source
    licence: Source
    instrument: PlanName | None = None
    every: Lag = 1
    lag: Lag = 1
    first: date | None = None
    last: date | None = None
    since: date | None = None
    mode: str | None = None
    against: str | None = None


class Facts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A file of facts. *series_file* is the CSV file beside it, if a fact is computed from a series."""

    format: Literal[1]
    name: PlanName
    series_file: Annotated[str, Meta(pattern=r"^[\w-]+\.csv$(?!\n)")] | None = None
    fact: Annotated[tuple[Fact, ...], Meta(min_length=1, max_length=MOST_FACTS)]


class Quoted(NamedTuple):
    """A row of a series file: the figure of a period, which began on *date*."""

    line: int
    series: str
    date: date
    value: float
    unit: str
    source: str
    licence: str


_COLUMNS: Final = Quoted._fields[1:]
_NEEDS: Final[Mapping[str, tuple[str, ...]]] = {"share_between": ("first", "last"), "discount": ("mode", "against")}
"""What a moment cannot do without."""
COMPUTED: Final = ("return_deviation", "return_kurtosis", "return_clustering", "weekly_range", "discount")
"""Moments that can be computed from a series: of prices for the returns, the mean of the others."""
_LEAST_ROWS: Final = 3


def read_facts(text: str) -> Facts:
    """Read a file of facts. Raises `DataWrong` with the first thing that is wrong."""
    stored = parsed(text)
    try:
        found = convert(stored, Facts)
    except ValidationError as error:
        reason, path = pointed_at(str(error))
        raise DataWrong(line_of(text, path), f"{_named(stored, path)}: {reason}") from None
    for at, reason in _faults(found):
        raise DataWrong(line_of(text, ("fact", str(at))), reason)
    return found


def parsed(text: str) -> dict[str, Any]:
    """Read TOML. Raises `DataWrong` with the line where it is none."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataWrong(syntax_line(text, str(error)), f"this is no TOML: {error}") from None
    except RecursionError:
        raise DataWrong(1, "this is nested too deeply for TOML") from None


def _named(stored: Mapping[str, Any], path: tuple[str, ...]) -> str:
    """Say where, with a fact's own name in place of its number."""
    facts = stored.get("fact")
    if len(path) > 1 and path[0] == "fact" and isinstance(facts, list):
        name = facts[int(path[1])].get("name") if isinstance(facts[int(path[1])], dict) else None
        return ".".join((str(name or f"fact {int(path[1]) + 1}"), *path[2:]))
    return ".".join(path) or "the file"


def _faults(facts: Facts) -> Iterator[tuple[int, str]]:
    """What is wrong between the fields of a fact, with its number."""
    names: set[str] = set()
    for at, each in enumerate(facts.fact):
        lacks = [need for need in _NEEDS.get(each.moment, ()) if getattr(each, need) is None]
        checks = (
            (each.name in names, f"{each.name} stands here twice"),
            (
                (each.value is None) == (each.series is None),
                f"{each.name} has a value or names a series: one of both",
            ),
            (
                each.series is not None and facts.series_file is None,
                f"{each.name} is computed from a series, and there is no series_file",
            ),
            (
                each.series is not None and each.moment not in COMPUTED,
                f"{each.moment} cannot be computed from a series; {', '.join(COMPUTED)} can",
            ),
            (bool(lacks), f"{each.name} needs {' and '.join(lacks)}"),
            (
                each.first is not None and each.last is not None and each.first > each.last,
                f"{each.name} begins on {each.first} and ends before, on {each.last}",
            ),
        )
        names.add(each.name)
        yield from ((at, reason) for wrong, reason in checks if wrong)


def read_series(text: str) -> tuple[Quoted, ...]:
    """Read a series file: a header, then one documented figure a row. Raises `DataWrong`."""
    reader = csv.reader(text.splitlines())
    if tuple(next(reader, ())) != _COLUMNS:
        raise DataWrong(1, f"the first line must be {','.join(_COLUMNS)}")
    try:
        return tuple(_row(reader.line_num, cells) for cells in reader)
    except csv.Error as error:
        raise DataWrong(reader.line_num, f"this is no CSV: {error}") from None


def _row(line: int, cells: Sequence[str]) -> Quoted:
    if len(cells) != len(_COLUMNS):
        raise DataWrong(line, f"a row has {len(_COLUMNS)} cells, not {len(cells)}")
    row = dict(zip(_COLUMNS, (each.strip() for each in cells), strict=True))
    for name, cell in row.items():
        if not cell:
            raise DataWrong(line, f"the {name} is missing: a figure is only used with its date, source and licence")
    try:
        day = date.fromisoformat(row["date"])
    except ValueError:
        raise DataWrong(line, f"{row['date']!r} is no date such as 2025-07-04") from None
    try:
        value = float(row["value"])
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise DataWrong(line, f"{row['value']!r} is no figure")
    return Quoted(line, row["series"], day, value, row["unit"], row["source"], row["licence"])


def series_of(rows: Sequence[Quoted], name: str) -> tuple[Quoted, ...]:
    """Return a series in the order of its dates. Raises `DataWrong` where it is none, mixed, or has a date twice."""
    found = sorted((each for each in rows if each.series == name), key=lambda each: each.date)
    if len(found) < _LEAST_ROWS:
        raise DataWrong(1, f"the series {name} has {len(found)} rows; a moment needs {_LEAST_ROWS}")
    for before, each in pairwise(found):
        if before.date == each.date:
            raise DataWrong(each.line, f"{name} has {each.date} twice")
        if before.unit != each.unit:
            raise DataWrong(each.line, f"{name} is in {before.unit}, and here in {each.unit}")
    return tuple(found)


class FactFile(NamedTuple):
    """The bytes of a file of facts and of its series, which decide what is fitted."""

    facts: Facts
    rows: tuple[Quoted, ...]
    bytes: bytes


def load(path: Path) -> FactFile:
    """Read a file of facts with the series beside it. Raises `DataWrong`, `OSError`."""
    stored = path.read_bytes()
    facts = read_facts(_text(stored))
    if facts.series_file is None:
        return FactFile(facts, (), stored)
    beside = path.with_name(facts.series_file).read_bytes()
    try:
        rows = read_series(_text(beside))
    except DataWrong as error:
        raise DataWrong(error.line, f"of {facts.series_file}: {error.reason}") from None
    return FactFile(facts, rows, stored + b"\0" + beside)


def _text(stored: bytes) -> str:
    try:
        return stored.decode()
    except UnicodeDecodeError as error:
        raise DataWrong(stored[: error.start].count(b"\n") + 1, "this is not UTF-8") from None


SHIPPED: Final = Path(__file__).with_name("data")
"""The facts that come with the simulator."""


def place_of(name: str) -> Path:
    """Return the file of facts that comes under a name, or the path that it is."""
    shipped = SHIPPED / f"{name}.toml"
    return shipped if "/" not in name and shipped.exists() else Path(name)


def shipped_facts() -> tuple[str, ...]:
    """Names of the files of facts that come with the simulator."""
    return tuple(sorted(each.stem for each in SHIPPED.glob("*.toml")))
