"""`kilnwood calendar`: years of working days, added to a database that may be in use."""

import asyncio

import asyncpg

from deploy.postgres import server as postgres
from deploy.processes.first_start import prepare_database
from deploy.settings import Settings
from registry.methodologies import service as methodologies


async def add(settings: Settings, text: str) -> tuple[int, ...]:
    """
    Add the years of a data file to the database of these settings, as the owner of its tables.

    The embedded one is started for it where it does not run. Raises `CannotServe`, `CalendarFileWrong`.
    """
    folder = settings.data_dir / "postgres"
    idle = not settings.database_url and not (folder.exists() and postgres.runs(folder))
    dsn = await prepare_database(settings)
    try:
        owner = await asyncpg.connect(settings.owner_url or dsn, timeout=10)
        try:
            async with owner.transaction():
                return await methodologies.add_calendar_in(owner, text)
        finally:
            await owner.close()
    finally:
        if idle:
            await asyncio.to_thread(postgres.stop, folder)
