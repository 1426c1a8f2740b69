"""
Working days of mainland China and the end of a public notice, from `data/calendar-cn.toml`.

Dates are civil dates in Asia/Shanghai, which has kept UTC+8 without summer time since 1991: a fixed offset, so that no
zone file is needed.
"""

import tomllib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from importlib import resources
from typing import Annotated, Final

from msgspec import Meta, Struct, ValidationError, convert
from msgspec.structs import replace

from registry.kit.period import SHANGHAI
from registry.kit.problems import DomainError, Kind
from schemas.calendars import CalendarCoverage, CoveredYear
from schemas.scalars import FIRST_YEAR, LAST_YEAR

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

    @property
    def last_day(self) -> date:
        """The last day up to which no year is missing."""
        number = min(self.covered)
        while number + 1 in self.covered:
            number += 1
        return date(number, 12, 31)

    def with_years(self, added: Iterable[CalendarYear]) -> "Calendar":
        """This calendar with *added*, which count instead of years that are here already."""
        years = {each.year: each for each in (*self.years, *added)}
        return replace(self, years=tuple(years[number] for number in sorted(years)))

    def year(self, number: int, *, assume: bool = False) -> CalendarYear:
        """
        Return one year, or raise `CalendarNotCovered` naming those that are there.

        A simulated region may *assume* a year that nobody has arranged yet (see `assumed_year`).
        """
        for each in self.years:
            if each.year == number:
                return each
        if assume:
            return assumed_year(number)
        covered = ", ".join(map(str, self.covered))
        raise CalendarNotCovered(
            f"{self.name} version {self.version} covers {covered}, not {number}; an operator adds the State Council "
            "notice for it with 'kilnwood calendar add FILE'",
            year=number,
            covered=list(self.covered),
        )

    def is_working_day(self, day: date, *, assume: bool = False) -> bool:
        """Tell whether *day* is worked: make-up days first, then holidays, then weekends. `CalendarNotCovered`."""
        year = self.year(day.year, assume=assume)
        if day in year.makeup:
            return True
        if any(holiday.first <= day <= holiday.last for holiday in year.holidays):
            return False
        return day.weekday() < _SATURDAY


def assumed_year(number: int) -> CalendarYear:
    """
    A year as a simulated region assumes it: the statutory days with a fixed date, and no make-up days.

    A region that plays the year 2035 must not wait for the notice of 2034. No real region counts with it.
    """
    fixed = (("元旦", (1, 1), (1, 1)), ("劳动节", (5, 1), (5, 2)), ("国庆节", (10, 1), (10, 3)))
    return CalendarYear(
        year=number,
        source="assumed by a simulated region: no notice of the State Council",
        holidays=tuple(
            Holiday(name=name, first=date(number, *first), last=date(number, *last)) for name, first, last in fixed
        ),
        makeup=frozenset(),
    )


class CalendarFileWrong(DomainError):
    """A data file of a calendar that cannot be taken."""

    kind, slug, title = Kind.UNPROCESSABLE, "calendar-file-wrong", "Not a calendar"


def read_years(text: str) -> tuple[CalendarYear, ...]:
    """The years of a data file such as `data/calendar-cn.toml`. Raises `CalendarFileWrong`, saying what is wrong."""
    try:
        found = convert(tomllib.loads(text), CalendarFile)
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise CalendarFileWrong(f"The file is no calendar: {error}.") from error
    for number, times in Counter(each.year for each in found.years).items():
        if times > 1:
            raise CalendarFileWrong(f"{number} stands in the file {times} times: give each year once.")
    for each in found.years:
        _check_year(each)
    return found.years


def _check_year(year: CalendarYear) -> None:
    if not FIRST_YEAR <= year.year <= LAST_YEAR:
        raise CalendarFileWrong(f"The registry counts from {FIRST_YEAR} to {LAST_YEAR}; {year.year} is not among them.")
    days = [day for holiday in year.holidays for day in (holiday.first, holiday.last)] + list(year.makeup)
    if outside := sorted(day for day in days if day.year != year.year):
        raise CalendarFileWrong(f"{outside[0]} stands in the year {year.year}: give each day in its own year.")
    if backwards := [each for each in year.holidays if each.last < each.first]:
        raise CalendarFileWrong(f"{backwards[0].name} of {year.year} ends before it begins.")
    if not year.holidays:
        raise CalendarFileWrong(f"{year.year} has no holiday; every year that the State Council arranged has some.")
    if weekdays := sorted(day for day in year.makeup if day.weekday() < _SATURDAY):
        raise CalendarFileWrong(f"{weekdays[0]} is given as a make-up day, but is not on a weekend.")


class CalendarFile(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A data file: some years, and what it is called."""

    years: Annotated[tuple[CalendarYear, ...], Meta(min_length=1, max_length=50)]
    name: str = ""
    version: int = 1


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


def end_of_public_notice(
    opened: date, working_days: int = NOTICE_WORKING_DAYS, *, working: Calendar | None = None, assume: bool = False
) -> date:
    """
    Return the last day of a notice opened on *opened*: its *working_days*-th working day after that date.

    The opening day itself does not count. Opened on Friday 2023-12-01, seven days count from Monday the 4th and end on
    the 12th; the notice is over at `end_of_day` of that date. *working* is the calendar, else the installed one;
    *assume* is for simulated regions. Raises `CalendarNotCovered`, and `ValueError` below one working day.
    """
    if working_days < 1:
        raise ValueError(f"a notice lasts at least one working day, not {working_days}")
    working = working or calendar()
    working.year(opened.year, assume=assume)
    day, left = opened, working_days
    while left:
        day += _DAY
        left -= working.is_working_day(day, assume=assume)
    return day


WARNED_AHEAD: Final = timedelta(days=365)
"""How long before the last covered day the registry begins to warn."""


def coverage(working: Calendar, today: date) -> CalendarCoverage:
    """How far the calendar reaches, with a warning from a year before its end."""
    left = (working.last_day - today).days
    warning = None
    if working.last_day - today <= WARNED_AHEAD:
        when = f"ends in {left} days" if left >= 0 else f"ended {-left} days ago"
        warning = (
            f"The calendar {when}, on {working.last_day}: no public notice can run beyond it in a real region. "
            f"Add {working.last_day.year + 1} with 'kilnwood calendar add FILE'."
        )
    years = tuple(CoveredYear(year=each.year, source=each.source) for each in working.years)
    return CalendarCoverage(name=working.name, last_day=working.last_day, days_left=left, years=years, warning=warning)
