"""The region's database as one process reaches it, and the embedded server, started again when it dies."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

import structlog

from deploy.pool import connect_lanes, move_lanes, terminate_lanes
from deploy.postgres import server as postgres
from deploy.postgres.programs import PostgresUnavailable
from deploy.processes.addresses import Addresses, embedded
from deploy.processes.first_start import prepare_database, require_roles
from deploy.processes.locks import DatabaseUsers
from deploy.processes.tasks import cancelled
from deploy.settings import Settings
from registry.kit.database import Database, Lanes
from registry.kit.problems import Unavailable
from registry.kit.supervise import Supervisor

log = structlog.get_logger()

TICK_S = 1.0


class RegionDatabase:
    """
    The addresses and the connections of a region's database, which the roles of a process share.

    An embedded server that cannot be reached is started again; a new address is given to them and to every function
    in *moved*. The last process of a data folder that uses the server stops it.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder: Path | None = None if settings.database_url else settings.data_dir / "postgres"
        self._users: DatabaseUsers | None = None
        self._watching: asyncio.Task[None] | None = None
        self._lanes: Lanes | None = None
        self._db: Database | None = None
        self.at = Addresses("", "", "")
        self.moved: list[Callable[[], None]] = []

    @property
    def db(self) -> Database:
        """Transactions over the pool; `start` comes first."""
        assert self._db is not None, "start comes first"
        return self._db

    async def start(self) -> None:
        """Start or adopt the server, migrate, and connect. Raises `CannotServe`."""
        if self._folder:
            self._users = await asyncio.to_thread(DatabaseUsers, self._settings.data_dir)
        self.at = await prepare_database(self._settings)
        await require_roles(self.at)
        self._lanes = await connect_lanes(self.at.api, size=self._settings.pool)
        self._db = Database(self._lanes)
        if self._folder:
            self._watching = asyncio.create_task(self._watch(self._folder))

    async def stop(self) -> None:
        """Cut every connection, and stop the embedded server if no other process uses it; also after half a start."""
        if self._watching:
            await cancelled(self._watching)
        self.cut_off()
        if self._users and self._folder:
            if self._users.is_last():
                await asyncio.to_thread(_stop_server, self._folder)
            self._users.close()

    def cut_off(self) -> None:
        """Cut every connection: requests that wait for the database answer 503, and nothing is kept."""
        if self._lanes is not None:
            terminate_lanes(self._lanes)

    async def _watch(self, folder: Path) -> None:
        """Look every second whether the embedded server answers."""
        supervisor = Supervisor("database", "The embedded database does not answer", retry_s=TICK_S)

        async def step() -> None:
            await supervisor.pause(TICK_S)
            await self.look(folder)

        await supervisor.run(step)

    async def look(self, folder: Path) -> None:
        """See whether the server of *folder* answers, and start it again if it does not."""
        try:
            async with self.db.reading() as tx:
                await tx.fetchval("select 1")
        except Unavailable as error:
            log.warning("database_away", reason=error.slug)
            await self._revive(folder)

    async def _revive(self, folder: Path) -> None:
        """Start the embedded server again, or find that it runs."""
        try:
            at = embedded(await asyncio.to_thread(postgres.start, folder, create=False))
        except PostgresUnavailable as error:
            log.error("database_does_not_start", reason=str(error))  # noqa: TRY400 - the reason says all
            return
        if at == self.at:
            return
        log.warning("database_restarted")
        self.at = at
        assert self._lanes is not None, "it is watched from the start on"
        move_lanes(self._lanes, at.api)
        for tell in self.moved:
            with contextlib.suppress(OSError):  # a child that does not start is started by the next look after it
                await asyncio.to_thread(tell)


def _stop_server(folder: Path) -> None:
    try:
        postgres.stop(folder)
    except PostgresUnavailable as error:
        log.error("database_does_not_stop", reason=str(error))  # noqa: TRY400 - the reason says all
