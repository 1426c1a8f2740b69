"""
`kilnwood serve`: the service with its database, its sequencer and its housekeeping.

What runs: this process answers HTTP and never sees a signing key; a child process sequences and signs (it ends when
this one does, however that happens: it watches a pipe); the embedded PostgreSQL, unless DATABASE_URL names another, is
adopted if a killed service left it behind, and started again if it dies under us.
"""

import asyncio
import contextlib
import fcntl
import functools
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import msgspec
import structlog
from granian.constants import Interfaces
from granian.server.embed import Server

from deploy import postgres, secrets
from deploy.app import Parts, connect_pool, create_app, move_pool
from deploy.settings import Settings
from registry.access.rules import Keyring
from registry.credits import service as ledger
from registry.kit import idempotency
from registry.kit.database import Database
from registry.kit.migrate import MigrationRefused, migrate
from registry.kit.problems import DomainError, Unavailable
from registry.parties import service as parties
from schemas.identifiers import Identifier
from schemas.parties import Region, RegionProfile

log = structlog.get_logger()

STOP_TIMEOUT_S = 2.5
CUT_TIMEOUT_S = 0.5
SEQUENCER_STOP_TIMEOUT_S = 1.0
"""How long a stop waits for requests in flight, for those it cuts off, and for the sequencer: under 5 s in all."""
TICK_S = 1.0
TICKS_PER_CLEANING = 600
REGULATORS = ("First regulator", "Second regulator")
REFUSED_EXIT = 3
"""Exit code of a sequencer that refuses to sign; it is not started again."""


class CannotServe(Exception):
    """The service cannot start; the text is one line that says why and what to do."""


@contextlib.contextmanager
def data_folder(data_dir: Path) -> Iterator[None]:
    """Hold the data folder: one service at a time. The lock goes with the process, however it ends."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        file = (data_dir / "serve.lock").open("a+")
    except OSError as error:
        raise CannotServe(f"The data folder {data_dir} cannot be used: {error.strerror}.") from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.seek(0)
            pid = file.read().strip() or "?"
            raise CannotServe(
                f"The data folder {data_dir} is in use by process {pid}. Stop it with: kilnwood stop"
            ) from error
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def require_free_port(host: str, port: int) -> None:
    """Two servers would share one port silently: bind it exclusively once. Raises `CannotServe`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CannotServe(
                f"Cannot listen on {host}:{port}: {error.strerror}. Set KILNWOOD_PORT to a free port."
            ) from error


async def prepare_database(settings: Settings) -> str:
    """Start or adopt the embedded server where no other is named, migrate, and answer the address to serve with."""
    if settings.database_url:
        dsn = settings.database_url
    else:
        try:
            dsn = (await asyncio.to_thread(postgres.start, settings.data_dir / "postgres")).dsn
        except postgres.PostgresUnavailable as error:
            raise CannotServe(str(error)) from error
    try:
        owner = await asyncpg.connect(settings.owner_url or dsn, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise CannotServe(f"The database cannot be reached: {str(error) or type(error).__name__}.") from error
    try:
        if owner.get_server_version().major < 15:  # noqa: PLR2004 - the oldest that is tested
            raise CannotServe(f"PostgreSQL {owner.get_server_version().major} is too old: version 15 is the oldest.")
        for name in await migrate(owner):
            log.info("migration_applied", name=name)
    except MigrationRefused as error:
        raise CannotServe(str(error)) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise CannotServe(f"Migrations need the owner of the tables (DATABASE_OWNER_URL): {error}.") from error
    finally:
        await owner.close()
    return dsn


async def prepare_region(settings: Settings, db: Database, keyring: Keyring) -> RegionProfile:
    """The region, created at the first start with two regulator people whose keys are put into the data folder."""
    first = parties.FirstStart(
        region=Region(
            id=settings.region,
            name=settings.region_name,
            serial_region=settings.serial_region,
            programme=settings.programme,
            simulated=settings.simulated,
            log_origin=settings.log_origin,
            business_time=settings.business_time or datetime.now(UTC),
        ),
        authority=settings.authority,
        authority_id=Identifier(scheme="uscc", value=settings.authority_uscc),
        regulators=REGULATORS,
    )
    folder = settings.data_dir / "secrets"

    def keep(number: int, fresh: str) -> str:
        return secrets.kept(folder / f"regulator-{number}.key", fresh)

    region = await parties.create_region_once(first, db=db, keyring=keyring, keep=keep)
    if (region.id, region.log_origin) != (settings.region, settings.log_origin):
        raise CannotServe(
            f"This database is of region {region.id} with log {region.log_origin}; the settings say {settings.region} "
            f"with {settings.log_origin}. Use its settings, or another data folder."
        )
    return msgspec.convert(region, RegionProfile, from_attributes=True)


class SequencerProcess:
    """The child that signs. It is started again when it crashes, not when it refuses."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._process: subprocess.Popen[bytes] | None = None
        self.trouble = ""

    def start(self) -> None:
        """Start the child; it ends by itself when our end of the pipe closes."""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "deploy", "sequencer"],
            stdin=subprocess.PIPE,
            env={**os.environ, "KILNWOOD_SEQUENCER_DSN": self.dsn},
        )

    def watch(self) -> None:
        """Look after the child once."""
        code = self._process.poll() if self._process else None
        if code is None:
            return
        if code == REFUSED_EXIT:
            if not self.trouble:
                log.error("sequencer_refused", exit_code=code)
            self.trouble = "The sequencer refuses to sign; its last line in the log says why (deploy/RUNNING.md)."
            return
        log.error("sequencer_died", exit_code=code)
        self.start()

    def stop(self) -> None:
        """Close the pipe and wait for the child to finish what it is doing."""
        if self._process is None:
            return
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(SEQUENCER_STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


Revive = Callable[[], Awaitable[None]]


async def housekeeping(db: Database, sequencer: SequencerProcess, revive: Revive | None = None) -> None:
    """
    Every second: end expired offers, look after the sequencer; every ten minutes: forget keys, join blocks.

    *revive* is for a database of our own: what cannot be reached is started again.
    """
    ticks = 0
    while True:
        await asyncio.sleep(TICK_S)
        sequencer.watch()
        ticks += 1
        try:
            await ledger.expire_due(db=db)
            if ticks % TICKS_PER_CLEANING == 0:
                await ledger.compact(db=db)
                await idempotency.forget_old(db)
        except DomainError as error:  # the database is away; the next tick tries again
            log.warning("housekeeping_postponed", reason=error.slug)
            if revive and isinstance(error, Unavailable):
                await revive()
        except asyncpg.PostgresError:
            log.exception("housekeeping_failed")


async def revive_database(data_dir: Path, pool: "asyncpg.Pool[asyncpg.Record]", sequencer: SequencerProcess) -> None:
    """Start the embedded server again, or find that it runs; a new address is told to all who connect."""
    try:
        dsn = (await asyncio.to_thread(postgres.start, data_dir / "postgres")).dsn
    except postgres.PostgresUnavailable as error:
        log.error("database_does_not_start", reason=str(error))  # noqa: TRY400 - the reason says all
        return
    if dsn == sequencer.dsn:
        return
    log.warning("database_restarted")
    move_pool(pool, dsn)
    await asyncio.to_thread(sequencer.stop)
    sequencer.dsn = dsn
    sequencer.start()


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[Parts, Callable[[], None]]]:
    """
    Everything around the HTTP server, started in order and ended in the opposite one.

    With it comes what cuts requests off from the database: they answer 503, and nothing of them is kept.
    """
    word = "sim" if settings.simulated else "live"
    try:
        keyring = Keyring(secrets.pepper(settings.data_dir), word)
    except secrets.SecretTrouble as error:
        raise CannotServe(f"{error}.") from error
    dsn = await prepare_database(settings)
    async with contextlib.AsyncExitStack() as stack:
        if not settings.database_url:
            stack.callback(postgres.stop, settings.data_dir / "postgres")
        pool = await connect_pool(dsn, size=settings.pool)
        stack.callback(pool.terminate)
        db = Database(pool)
        try:
            region = await prepare_region(settings, db, keyring)
        except DomainError as error:
            raise CannotServe(error.detail) from error
        sequencer = SequencerProcess(dsn)
        sequencer.start()
        stack.callback(sequencer.stop)
        own = None if settings.database_url else functools.partial(revive_database, settings.data_dir, pool, sequencer)
        keeper = asyncio.create_task(housekeeping(db, sequencer, own))
        stack.callback(keeper.cancel)
        yield Parts(db=db, keyring=keyring, region=region, trouble=lambda: sequencer.trouble), pool.terminate


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then stop within five seconds. Raises `CannotServe`."""
    with data_folder(settings.data_dir):
        require_free_port(settings.host, settings.port)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with running(settings) as (parts, cut_off):
            server = Server(
                create_app(parts),
                address=settings.host,
                port=settings.port,
                interface=Interfaces.ASGINL,
                websockets=False,
                log_enabled=False,
            )
            serving = asyncio.create_task(server.serve())
            log.info("serving", url=f"http://{settings.host}:{settings.port}", region=settings.region)
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((serving, stopping), return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if not serving.done():
                server.stop()  # type: ignore[no-untyped-call]  # granian leaves it unannotated
            if not await _ended(serving, STOP_TIMEOUT_S):
                log.warning("requests_cut_off", timeout_s=STOP_TIMEOUT_S)
                cut_off()
                await _ended(serving, CUT_TIMEOUT_S)
        log.info("stopped")


async def _ended(serving: "asyncio.Task[None]", timeout_s: float) -> bool:
    """Wait for the HTTP server, and raise what ended it."""
    done, _ = await asyncio.wait((serving,), timeout=timeout_s)
    for each in done:
        each.result()
    return bool(done)
