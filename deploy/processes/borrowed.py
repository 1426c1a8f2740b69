"""The database of a data folder, for a command that runs beside the service or without it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.postgres import server
from deploy.postgres.programs import PostgresUnavailable
from deploy.processes import addresses
from deploy.processes.addresses import Addresses
from deploy.processes.locks import DatabaseUsers
from deploy.settings import Settings
from registry.kit.private import TooOpen


@asynccontextmanager
async def borrowed(settings: Settings) -> AsyncIterator[Addresses]:
    """
    Where the database is: at DATABASE_URL, or the embedded one, started for the time being if it does not run.

    None is ever made. Raises `PostgresUnavailable`.
    """
    if settings.database_url:
        yield addresses.named(settings)
        return
    folder = settings.data_dir / "postgres"
    if not folder.exists():
        raise PostgresUnavailable(
            f"There is no registry in {settings.data_dir}. Set KILNWOOD_DATA_DIR, or DATABASE_URL."
        )
    with contextlib.closing(_user_of(settings.data_dir)) as users:
        running = server.runs(folder)
        started = await asyncio.to_thread(server.start, folder, create=False)
        try:
            yield addresses.embedded(started)
        finally:
            if not running and users.is_last():  # a service that began meanwhile keeps it
                await asyncio.to_thread(server.stop, folder)


def _user_of(data_dir: Path) -> DatabaseUsers:
    try:
        return DatabaseUsers(data_dir)
    except TooOpen as error:
        raise PostgresUnavailable(f"{error}.") from error
