"""
The grammar of serials and of the codes they are made of; nowhere else is one parsed or printed.

`SC-CDCER-0007-2024-01:1-3619000kg` is region, programme, project, vintage, sequence, then the first and the last
kilogram of the issuance, inclusive, from 1. Its beginnings are codes of their own: a project
(`SC-CDCER-0007`), an instrument, which is a project and a vintage (`SC-CDCER-0007-2024`), and an issuance
(`SC-CDCER-0007-2024-01`). Each has one spelling: what is printed is parsed, and what is parsed is printed again
character for character. Inside, a span is half-open on the number line; it never leaves the database, and the functions
at the end of this module are the way across.
"""

import re
from collections.abc import Iterable
from typing import Annotated, Final, Self, TypeVar

from msgspec import Meta, Struct

from schemas.scalars import MAX_INT

KG_PER_T: Final = 1000
"""Kilograms in a tonne: credits are issued and traded in whole tonnes, moved and retired by the kilogram."""
MAX_POSITION_KG: Final = MAX_INT
"""The last position: statements are JSON whose integers stay below 2^53 (registry/transparency/FORMAT.md)."""
MAX_PROJECT: Final = 999_999_999
MAX_SEQUENCE: Final = 999_999
FIRST_VINTAGE, LAST_VINTAGE = 2000, 2100

REGION: Final = r"[A-Z]{2}"
PROGRAMME: Final = r"[A-Z][A-Z0-9]{1,11}"
"""The first two parts, which a region chooses before its first start; the settings and the tables refuse others."""

_PROJECT: Final = f"{REGION}-{PROGRAMME}-[0-9]{{4,9}}"
_INSTRUMENT: Final = f"{_PROJECT}-[0-9]{{4}}"
_ISSUANCE: Final = f"{_INSTRUMENT}-[0-9]{{2,6}}"
_PARTS: Final = re.compile(f"({REGION})-({PROGRAMME})-([0-9]{{4,9}})(?:-([0-9]{{4}})(?:-([0-9]{{2,6}}))?)?")
_RANGE_PARTS: Final = re.compile(r"([0-9]{1,16})-([0-9]{1,16})kg")
_REGION: Final = re.compile(REGION)
_PROGRAMME: Final = re.compile(PROGRAMME)

# The lookahead refuses a final newline, which `$` alone lets pass in Python; ECMA reads it the same way.
"""A project code as it stands in a body; `ProjectCode.parse` checks the rest."""
_BASKET = "BASKET-[A-Z0-9][A-Z0-9-]{0,30}"
BasketCodeText = Annotated[
    str, Meta(pattern=f"^{_BASKET}$(?!\\n)", max_length=40, examples=["BASKET-LOCAL-2024"], description="A basket")
]
"""A code that no project and vintage has: a region has two letters."""
InstrumentCodeText = Annotated[
    str,
    Meta(
        pattern=f"^(?:{_INSTRUMENT}|{_BASKET})$(?!\\n)",
        max_length=40,
        examples=["SC-CDCER-0001-2024"],
        description="Region, programme, project, vintage: an issuance's code without its sequence; or a basket's code",
    ),
]
"""An instrument code as it stands in a body; `InstrumentCode.parse` checks the rest."""
IssuanceCodeText = Annotated[
    str, Meta(pattern=f"^{_ISSUANCE}$(?!\\n)", max_length=40, examples=["SC-CDCER-0007-2024-01"])
]
"""An issuance code as it stands in a body; `IssuanceCode.parse` checks the rest."""
SerialText = Annotated[
    str,
    Meta(pattern=f"^{_ISSUANCE}:[0-9]{{1,16}}-[0-9]{{1,16}}kg$(?!\\n)", examples=["SC-CDCER-0007-2024-01:1-3619000kg"]),
]
"""A serial as it stands in a body; `Serial.parse` checks the rest."""

_Printed = TypeVar("_Printed")

Range = tuple[int, int]
"""First and last kilogram of one issuance, both included, from 1."""


class ProjectCode(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, order=True):
    """Names one *project* of a *region*'s *programme*."""

    region: str
    programme: str
    project: int

    def __post_init__(self) -> None:
        """Raise `ValueError` for a part outside the grammar."""
        if not _REGION.fullmatch(self.region):
            raise ValueError(f"region {self.region!r} is not two capital letters")
        if not _PROGRAMME.fullmatch(self.programme):
            raise ValueError(f"programme {self.programme!r} is not 2 to 12 capital letters and digits, a letter first")
        _within("project", self.project, 1, MAX_PROJECT)

    def __str__(self) -> str:
        """Print the one spelling: the project with at least four digits."""
        return f"{self.region}-{self.programme}-{self.project:04d}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` prints; `ValueError` for anything else, such as one leading zero too many."""
        region, programme, project, vintage, _ = _split(text, "a project code such as SC-CDCER-0007")
        if vintage is not None:
            raise ValueError(f"{text!r} is not a project code such as SC-CDCER-0007")
        return _same_spelling(cls(region=region, programme=programme, project=int(project)), text)

    def issuance(self, vintage: int, sequence: int) -> "IssuanceCode":
        """The code of one issuance of this project."""
        return IssuanceCode(
            region=self.region, programme=self.programme, project=self.project, vintage=vintage, sequence=sequence
        )


class InstrumentCode(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, order=True):
    """Names what the exchange trades as one: a *vintage* year of a project, whatever its issuance."""

    region: str
    programme: str
    project: int
    vintage: int

    def __post_init__(self) -> None:
        """Raise `ValueError` for a part outside the grammar."""
        ProjectCode(region=self.region, programme=self.programme, project=self.project)
        _within("vintage", self.vintage, FIRST_VINTAGE, LAST_VINTAGE)

    def __str__(self) -> str:
        """Print the one spelling."""
        return f"{ProjectCode(region=self.region, programme=self.programme, project=self.project)}-{self.vintage}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` prints; `ValueError` for anything else."""
        region, programme, project, vintage, sequence = _split(text, "an instrument code such as SC-CDCER-0007-2024")
        if vintage is None or sequence is not None:
            raise ValueError(f"{text!r} is not an instrument code such as SC-CDCER-0007-2024")
        code = cls(region=region, programme=programme, project=int(project), vintage=int(vintage))
        return _same_spelling(code, text)


class IssuanceCode(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, order=True):
    """Names one issuance: the n-th (*sequence*) of a *vintage* year of one *project* of a *region*'s *programme*."""

    region: str
    programme: str
    project: int
    vintage: int
    sequence: int

    def __post_init__(self) -> None:
        """Raise `ValueError` for a part outside the grammar."""
        InstrumentCode(region=self.region, programme=self.programme, project=self.project, vintage=self.vintage)
        _within("sequence", self.sequence, 1, MAX_SEQUENCE)

    def __str__(self) -> str:
        """Print the one spelling: the sequence with at least two digits."""
        return f"{self.instrument_code}-{self.sequence:02d}"

    @property
    def project_code(self) -> ProjectCode:
        """The project that reduced."""
        return ProjectCode(region=self.region, programme=self.programme, project=self.project)

    @property
    def instrument_code(self) -> InstrumentCode:
        """What its tonnes are traded as."""
        return InstrumentCode(region=self.region, programme=self.programme, project=self.project, vintage=self.vintage)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` prints; `ValueError` for anything else, such as one leading zero too many."""
        region, programme, project, vintage, sequence = _split(text, "an issuance code such as SC-CDCER-0007-2024-01")
        if vintage is None or sequence is None:
            raise ValueError(f"{text!r} is not an issuance code such as SC-CDCER-0007-2024-01")
        code = cls(
            region=region, programme=programme, project=int(project), vintage=int(vintage), sequence=int(sequence)
        )
        return _same_spelling(code, text)


class Serial(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, order=True):
    """The kilograms *first* to *last* of *issuance*, both included, from 1."""

    issuance: IssuanceCode
    first: int
    last: int

    def __post_init__(self) -> None:
        """Raise `ValueError` unless 1 <= first <= last < 2^53."""
        _within("the first kilogram", self.first, 1, MAX_POSITION_KG)
        _within("the last kilogram", self.last, 1, MAX_POSITION_KG)
        if self.first > self.last:
            raise ValueError(f"the first kilogram {self.first} comes after the last {self.last}")

    def __str__(self) -> str:
        """Print the one spelling, positions without leading zeros."""
        return f"{self.issuance}:{self.first}-{self.last}kg"

    @property
    def size_kg(self) -> int:
        """How many kilograms it names."""
        return self.last - self.first + 1

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `str` prints; `ValueError` for anything else."""
        code, colon, rest = text.partition(":")
        parts = _RANGE_PARTS.fullmatch(rest)
        if not colon or parts is None:
            raise ValueError(f"{text!r} is not a serial such as SC-CDCER-0007-2024-01:1-3619000kg")
        serial = cls(issuance=IssuanceCode.parse(code), first=int(parts[1]), last=int(parts[2]))
        return _same_spelling(serial, text)


def positions(issuance_lower: int, span_lower: int, span_upper: int) -> Range:
    """
    Turn [*span_lower*, *span_upper*) of the number line into positions of the issuance that starts at *issuance_lower*.

    Raises `ValueError` for an empty span and for one that starts before its issuance.
    """
    if not issuance_lower <= span_lower < span_upper:
        raise ValueError(f"[{span_lower}, {span_upper}) is no span of an issuance that starts at {issuance_lower}")
    return span_lower - issuance_lower + 1, span_upper - issuance_lower


def span(issuance_lower: int, first: int, last: int) -> tuple[int, int]:
    """Turn inclusive positions back into the half-open span of the number line; the inverse of `positions`."""
    if not 1 <= first <= last:
        raise ValueError(f"{first}-{last} are no positions: 1 <= first <= last is wanted")
    return issuance_lower + first - 1, issuance_lower + last


def merge_ranges(ranges: Iterable[Range]) -> tuple[Range, ...]:
    """
    Sort inclusive *ranges* of one issuance and join those that touch.

    Raises `ValueError` when two overlap: the same kilogram would be counted twice.
    """
    merged: list[Range] = []
    for first, last in sorted(ranges):
        if not 1 <= first <= last:
            raise ValueError(f"{first}-{last} are no positions: 1 <= first <= last is wanted")
        if merged and first <= merged[-1][1]:
            raise ValueError(f"{first}-{last} overlaps {merged[-1][0]}-{merged[-1][1]}")
        if merged and first == merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def _split(text: str, wanted: str) -> tuple[str, str, str, str | None, str | None]:
    """The parts of a code of any length: region, programme, project, vintage, sequence."""
    parts = _PARTS.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is not {wanted}")
    return parts[1], parts[2], parts[3], parts[4], parts[5]


def _within(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{what} is {value}, outside {low} to {high}")


def _same_spelling(value: _Printed, text: str) -> _Printed:
    if str(value) != text:
        raise ValueError(f"{text!r} is written {value}")
    return value
