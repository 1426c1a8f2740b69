"""The calendar of this region: the installed years, and those that an operator added."""

from collections.abc import Callable
from datetime import date
from functools import partial

from registry.kit import clock
from registry.kit.database import Database, Tx
from registry.methodologies import calendars, store
from registry.methodologies.calendars import Calendar
from schemas.calendars import CalendarCoverage


async def calendar_in(tx: Tx) -> Calendar:
    """The calendar in force."""
    return calendars.calendar().with_years(await store.calendar_years(tx))


async def working_days_in(tx: Tx) -> Callable[[date], bool]:
    """Tell of any day whether it is worked; years that no notice covers are assumed to have the fixed holidays."""
    return partial((await calendar_in(tx)).is_working_day, assume=True)


async def calendar_coverage(*, db: Database) -> CalendarCoverage:
    """How far the calendar reaches, at business time."""
    async with db.reading() as tx:
        return calendars.coverage(await calendar_in(tx), calendars.shanghai_date(await clock.now_in(tx)))


async def add_calendar_in(tx: Tx, text: str) -> tuple[int, ...]:
    """Add the years of a data file; one that is there already counts as the file has it. Raises `CalendarFileWrong`."""
    years = calendars.read_years(text)
    for each in years:
        await store.add_calendar_year(tx, each)
    return tuple(each.year for each in years)
