"""
Working days of mainland China and the end of a public notice, from `data/calendar-cn.toml`.

Dates are civil dates in Asia/Shanghai, which has kept UTC+8 without summer time since 1991: a fixed offset, so that no
zone file is needed.
"""

import tomllib
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from importlib import resources
from typing import Final

from msgspec import Struct, convert

from registry.kit.problems import DomainError, Kind

SHANGHAI: Final = timezone(timedelta(hours=8), "Asia/Shanghai")
NOTICE_WORKING_DAYS: Final = 7
"""A registration is noticed for at least seven working days."""
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)


class CalendarNotCovered(DomainError):
    """A date lies in a year whose holidays are not arranged yet, or were never entered."""

    kind, slug, title = Kind.UNPROCESSABLE, "calendar-not-covered", "Calendar not covered"


class Holiday(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days off in a row, *first* to *last*, both included."""

    name: str
    first: date
    last: date


class CalendarYear(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One year as its State Council notice arranges it; *makeup* are weekend days that are worked (调休上班)."""

    year: int
    source: str
    holidays: tuple[Holiday, ...]
    makeup: frozenset[date]


class Calendar(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A named, versioned calendar. Results that depend on it may quote *name* and *version*."""

    name: str
    version: int
    years: tuple[CalendarYear, ...]

    @property
    def covered(self) -> tuple[int, ...]:
        """The years that can be asked for."""
        return tuple(each.year for each in self.years)

    def year(self, number: int) -> CalendarYear:
        """Return one year, or raise `CalendarNotCovered` naming those that are there."""
        for each in self.years:
            if each.year == number:
                return each
        covered = ", ".join(map(str, self.covered))
        raise CalendarNotCovered(
            f"{self.name} version {self.version} covers {covered}, not {number}; add the State Council notice for it",
            year=number,
            covered=list(self.covered),
        )

    def is_working_day(self, day: date) -> bool:
        """Tell whether *day* is worked: make-up days first, then holidays, then weekends. `CalendarNotCovered`."""
        year = self.year(day.year)
        if day in year.makeup:
            return True
        if any(holiday.first <= day <= holiday.last for holiday in year.holidays):
            return False
        return day.weekday() < _SATURDAY


@cache
def calendar() -> Calendar:
    """Return the calendar of the installed data file, read once."""
    text = resources.files(__package__).joinpath("data/calendar-cn.toml").read_text(encoding="utf-8")
    return convert(tomllib.loads(text), Calendar)


def shanghai_date(at: datetime) -> date:
    """Return the civil date in Shanghai at an aware instant; `ValueError` for a naive one."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no offset: instants are aware")
    return at.astimezone(SHANGHAI).date()


def end_of_day(day: date) -> datetime:
    """Return the instant, in UTC, at which *day* is over in Shanghai."""
    return datetime.combine(day + _DAY, time(), tzinfo=SHANGHAI).astimezone(UTC)


def end_of_public_notice(opened: date, working_days: int = NOTICE_WORKING_DAYS) -> date:
    """
    Return the last day of a notice opened on *opened*: its *working_days*-th working day after that date.

    The opening day itself does not count. Opened on Friday 2023-12-01, seven days count from Monday the 4th and end on
    the 12th; the notice is over at `end_of_day` of that date. Raises `CalendarNotCovered`, and `ValueError` below one
    working day.
    """
    if working_days < 1:
        raise ValueError(f"a notice lasts at least one working day, not {working_days}")
    working = calendar()
    working.year(opened.year)
    day, left = opened, working_days
    while left:
        day += _DAY
        left -= working.is_working_day(day)
    return day
