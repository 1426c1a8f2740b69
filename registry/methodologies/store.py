"""Calendar years that an operator added, in PostgreSQL."""

import msgspec

from registry.kit import sql
from registry.kit.database import Tx
from registry.methodologies.calendars import CalendarYear

_sql = sql.load(__package__)


async def calendar_years(tx: Tx) -> list[CalendarYear]:
    """The years that were added; of each the newest."""
    rows = await tx.fetch(_sql.calendar_years)
    return [msgspec.json.decode(row["arranged"], type=CalendarYear) for row in rows]


async def add_calendar_year(tx: Tx, year: CalendarYear) -> None:
    """Add a year, or arrange one anew. Only the owner of the tables may."""
    await tx.execute(_sql.add_calendar_year, year.year, msgspec.json.encode(year).decode())
