"""The database of a data folder, for a command that runs beside the service or without it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.postgres import server
from deploy.postgres.programs import PostgresUnavailable
from deploy.processes.locks import DatabaseUsers


@asynccontextmanager
async def borrowed(data_dir: Path, database_url: str) -> AsyncIterator[str]:
    """
    Where the database is: at *database_url*, or the embedded one, started for the time being if it does not run.

    None is ever made. Raises `PostgresUnavailable`.
    """
    if database_url:
        yield database_url
        return
    folder = data_dir / "postgres"
    if not folder.exists():
        raise PostgresUnavailable(f"There is no registry in {data_dir}. Set KILNWOOD_DATA_DIR, or DATABASE_URL.")
    with contextlib.closing(DatabaseUsers(data_dir)) as users:
        running = server.runs(folder)
        dsn = (await asyncio.to_thread(server.start, folder, create=False)).dsn
        try:
            yield dsn
        finally:
            if not running and users.is_last():  # a service that began meanwhile keeps it
                await asyncio.to_thread(server.stop, folder)
