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
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import msgspec
import structlog
from prometheus_client import CollectorRegistry, Gauge

from deploy import postgres, secrets
from deploy.app import Parts, connect_pool, create_app
from deploy.collector import as_served
from deploy.exchanging import trading
from deploy.http_server import require_free, serve_until
from deploy.keeping import LogWatch, SequencerProcess, housekeeping, revive_database
from deploy.migrations import every_migration
from deploy.settings import Settings
from registry.access.authority import Authority
from registry.access.keys.rules import Keyring
from registry.kit.database import Database
from registry.kit.migrate import MigrationRefused, migrate
from registry.kit.problems import DomainError
from registry.parties import service as parties
from schemas.identifiers import Identifier
from schemas.parties import Region, RegionProfile

log = structlog.get_logger()

STOP_TIMEOUT_S = 2.5
"""How long a stop waits for requests in flight. With those it cuts off and the sequencer it is four in all."""
REGULATORS = ("First regulator", "Second regulator")
ROLES = ("kilnwood_api", "kilnwood_sequencer")


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
        for name in await migrate(owner, every_migration()):
            log.info("migration_applied", name=name)
    except MigrationRefused as error:
        raise CannotServe(str(error)) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise CannotServe(
            f"Migrations need the owner of the tables (DATABASE_OWNER_URL): {error}. Where that owner may create no "
            f"roles, run first as a superuser: {' '.join(f'CREATE ROLE {role} NOLOGIN;' for role in ROLES)}"
        ) from error
    finally:
        await owner.close()
    return dsn


async def require_roles(dsn: str) -> None:
    """Whoever serves may act as both roles, which own nothing. Raises `CannotServe` with what to run."""
    try:
        login = await asyncpg.connect(dsn, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise CannotServe(f"The database cannot be reached: {str(error) or type(error).__name__}.") from error
    name = ""
    try:
        name = await login.fetchval("select quote_ident(session_user)")
        for role in ROLES:
            await login.execute(f"set role {role}")
    except asyncpg.PostgresError as error:
        grants = " ".join(f"GRANT {role} TO {name};" for role in ROLES)
        raise CannotServe(
            f"The login {name} may not act as the roles of the service ({error}). Run as a superuser: {grants}"
        ) from error
    finally:
        await login.close()


async def prepare_region(settings: Settings, db: Database) -> tuple[RegionProfile, Keyring]:
    """
    The region and what hashes its API keys.

    Both are made at the first start, with two regulator people whose keys are put into the data folder. A region that
    exists is never given another pepper. Raises `CannotServe`, `SecretTrouble`.
    """
    found = await parties.find_region(db=db)
    if found:
        _require_ours(settings, found)
    secrets.require_private(settings.data_dir)
    pepper = secrets.pepper(settings.data_dir, create=found is None)
    keyring = Keyring(pepper, "sim" if settings.simulated else "live")
    region = found or await _create_region(settings, db, keyring)
    _require_ours(settings, region)  # another starter may have been first
    return msgspec.convert(region, RegionProfile, from_attributes=True), keyring


async def _create_region(settings: Settings, db: Database, keyring: Keyring) -> Region:
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
    folder = secrets.folder_of(settings.data_dir)

    def keep(number: int, fresh: str) -> str:
        return secrets.kept(folder / f"regulator-{number}.key", fresh)

    return await parties.create_region_once(first, db=db, keyring=keyring, keep=keep)


def _require_ours(settings: Settings, region: Region) -> None:
    if (region.id, region.log_origin) != (settings.region, settings.log_origin):
        raise CannotServe(
            f"This database is of region {region.id} with log {region.log_origin}; the settings say {settings.region} "
            f"with {settings.log_origin}. Use its settings (KILNWOOD_REGION, KILNWOOD_SIMULATED, KILNWOOD_LOG_HOST), "
            "or another data folder."
        )


@contextlib.asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[tuple[Parts, Callable[[], None]]]:
    """
    Everything around the HTTP server, started in order and ended in the opposite one.

    With it comes what cuts requests off from the database: they answer 503, and nothing of them is kept.
    """
    dsn = await prepare_database(settings)
    async with contextlib.AsyncExitStack() as stack:
        if not settings.database_url:
            stack.callback(postgres.stop, settings.data_dir / "postgres")
        await require_roles(dsn)
        pool = await connect_pool(dsn, size=settings.pool)
        stack.callback(pool.terminate)
        db = Database(pool)
        try:
            region, keyring = await prepare_region(settings, db)
        except secrets.SecretTrouble as error:
            raise CannotServe(f"{error}.") from error
        except DomainError as error:
            raise CannotServe(error.detail) from error
        metrics = CollectorRegistry()
        sequencer, watch = SequencerProcess(dsn), LogWatch(metrics)
        sequencer.start()
        stack.callback(sequencer.stop)
        own = None if settings.database_url else functools.partial(revive_database, settings.data_dir, pool, sequencer)
        keeper = asyncio.create_task(housekeeping(db, sequencer, watch, own))
        stack.callback(keeper.cancel)
        exchange = await stack.enter_async_context(trading(lambda: sequencer.dsn, db, region))

        for name, what, of in (
            ("kilnwood_exchange_committed", "Last command in the journal", lambda: exchange.projector.committed),
            ("kilnwood_exchange_projected", "Last command in the tables", lambda: exchange.projector.projected),
        ):
            Gauge(name, what, registry=metrics).set_function(of)

        def trouble() -> str:
            return sequencer.trouble or watch.trouble or exchange.trouble

        yield (
            Parts(
                db=db,
                keyring=keyring,
                authority=Authority(db, keyring, parties.dated_trader_in),
                region=region,
                exchange=exchange,
                trouble=trouble,
                metrics=metrics,
            ),
            pool.terminate,
        )


async def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then stop: four seconds, and PostgreSQL's own end. Raises `CannotServe`."""
    with data_folder(settings.data_dir):
        try:
            require_free(settings.host, settings.port)
        except OSError as error:
            raise CannotServe(
                f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}. Set KILNWOOD_PORT to a free port."
            ) from error
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with running(settings) as (parts, cut_off):
            log.info("serving", url=f"http://{settings.host}:{settings.port}", region=settings.region)
            app = create_app(parts)
            with as_served():
                await serve_until(stop, app, settings.host, settings.port, timeout_s=STOP_TIMEOUT_S, cut_off=cut_off)
        log.info("stopped")
