"""`kilnwood calendar`: years of working days, added to a database that may be in use."""

import asyncpg

from deploy.postgres.programs import PostgresUnavailable
from deploy.processes.borrowed import borrowed
from deploy.settings import Settings
from registry.methodologies import service as methodologies


class CannotAdd(Exception):
    """Nothing was added; the text says why, and what to do."""


async def add(settings: Settings, text: str) -> tuple[int, ...]:
    """
    Add the years of a data file to the database of these settings, as the owner of its tables.

    The embedded one is started for it where it does not run. Raises `CannotAdd`, `CalendarFileWrong`.
    """
    try:
        async with borrowed(settings) as found:
            owner = await asyncpg.connect(found.owner, timeout=10)
            try:
                async with owner.transaction():
                    return await methodologies.add_calendar_in(owner, text)
            finally:
                await owner.close()
    except asyncpg.PostgresError as error:
        raise CannotAdd(
            f"The tables cannot be written: {error}. Run 'kilnwood migrate' first, and use the login that owns the "
            "tables (DATABASE_OWNER_URL)."
        ) from error
    except (PostgresUnavailable, OSError) as error:
        raise CannotAdd(str(error) or type(error).__name__) from error
