"""How far the calendar of working days reaches."""

from datetime import date
from typing import Annotated

from msgspec import Meta, Struct


class CoveredYear(Struct, frozen=True, kw_only=True):
    """A year whose working days are known, and by which notice."""

    year: int
    source: str


class CalendarCoverage(Struct, frozen=True, kw_only=True):
    """The calendar by which public notices are counted. *warning* is there from a year before its last day."""

    name: str
    last_day: Annotated[date, Meta(description="The last day up to which no year is missing")]
    days_left: int
    years: tuple[CoveredYear, ...]
    warning: str | None
