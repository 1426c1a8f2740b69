"""
`kilnwood serve`: the roles of a region in one process, or one of them alone.

The process that answers HTTP never sees a signing key: beside it the sequencer is a child process (it ends when this
one does, however that happens). The embedded PostgreSQL, unless DATABASE_URL names another, is adopted if a killed
process left it behind, and started again if it dies under us.
"""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Iterator
from typing import Protocol

import structlog

from deploy.processes import locks
from deploy.processes.api import ApiRole, require_port
from deploy.processes.children import ChildProcess
from deploy.processes.database import RegionDatabase
from deploy.processes.engine import EngineRole
from deploy.processes.first_start import CannotServe, prepare_region
from deploy.processes.garbage import as_served
from deploy.processes.housekeeping import HousekeepingRole
from deploy.processes.sequencer import CHILD
from deploy.settings import Settings

log = structlog.get_logger()


class RoleObject(Protocol):
    """What every role is: started once, stopped once, and in one line what does not work."""

    @property
    def trouble(self) -> str:
        """Why something does not work; empty when everything does."""

    async def start(self) -> None:
        """Begin; returns when it runs."""

    async def stop(self) -> None:
        """End, and wait for what is under way."""


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then stop: four seconds, and PostgreSQL's own end. Raises `CannotServe`."""
    with _held(settings, locks.ROLES):
        require_port(settings)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with running(settings, stop):
            with as_served():
                await stop.wait()
        log.info("stopped")


@contextlib.contextmanager
def _held(settings: Settings, roles: tuple[locks.Role, ...]) -> Iterator[None]:
    folder = settings.data_dir
    try:
        with locks.roles_held(folder, roles):
            yield
    except locks.RoleTaken as error:
        pid = error.pid or "?"
        raise CannotServe(
            f"The data folder {folder} is in use by process {pid}. Stop it with: kilnwood stop"
        ) from error
    except OSError as error:
        raise CannotServe(f"The data folder {folder} cannot be used: {error.strerror}.") from error


@contextlib.asynccontextmanager
async def running(settings: Settings, failed: asyncio.Event) -> AsyncIterator[None]:
    """Every role of a region in this process, started in order and stopped in the opposite one."""
    async with contextlib.AsyncExitStack() as stack:

        async def started(role: RoleObject) -> None:
            await role.start()
            stack.push_async_callback(role.stop)

        database = RegionDatabase(settings)
        stack.push_async_callback(database.stop)
        await database.start()
        region, keyring = await prepare_region(settings, database.db)
        sequencer = ChildProcess(CHILD, lambda: database.dsn)
        database.moved.append(sequencer.restart)
        await started(sequencer)
        await started(HousekeepingRole(database.db))
        engine = EngineRole(lambda: database.dsn, database.db, region)
        await started(engine)
        await started(
            ApiRole(
                settings,
                database,
                region=region,
                keyring=keyring,
                exchange=engine.exchange,
                troubles=(lambda: sequencer.trouble,),
                failed=failed,
            )
        )
        yield
