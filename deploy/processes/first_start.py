"""What a start needs before anything runs: a database with its tables and roles, and a region with its first keys."""

import asyncio
from datetime import UTC, datetime

import asyncpg
import msgspec
import structlog

from deploy import secrets
from deploy.migrations import every_migration
from deploy.postgres import server as postgres
from deploy.postgres.logins import API, SERVING
from deploy.postgres.programs import PostgresUnavailable
from deploy.processes import addresses
from deploy.processes.addresses import Addresses
from deploy.settings import Settings
from registry.access.keys.rules import Keyring
from registry.kit import private
from registry.kit.database import Database
from registry.kit.migrate import MigrationRefused, migrate
from registry.kit.private import TooOpen
from registry.kit.problems import DomainError
from registry.parties import service as parties
from schemas.identifiers import Identifier
from schemas.parties import Region, RegionProfile

log = structlog.get_logger()

REGULATORS = ("First regulator", "Second regulator")
REGION_POLL_S = 0.5


class CannotServe(Exception):
    """The service cannot start; the text is one line that says why and what to do."""


async def prepare_database(settings: Settings) -> Addresses:
    """Start or adopt the embedded server if no other is named, migrate, and return where to connect."""
    found = addresses.named(settings) if settings.database_url else await _embedded(settings)
    owner = await _connected(found.owner)
    try:
        version = owner.get_server_version()
        if version.major < 15:  # noqa: PLR2004 - the oldest that is tested
            raise CannotServe(f"PostgreSQL {version.major} is too old: version 15 is the oldest.")
        log.info("database_version", version=f"{version.major}.{version.micro}", embedded=not settings.database_url)
        for name in await migrate(owner, every_migration()):
            log.info("migration_applied", name=name)
    except MigrationRefused as error:
        raise CannotServe(str(error)) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise CannotServe(
            f"Migrations need the owner of the tables (DATABASE_OWNER_URL): {error}. Where that owner may create no "
            f"roles, run first as a superuser: {' '.join(f'CREATE ROLE {role} NOLOGIN;' for role in SERVING)}"
        ) from error
    finally:
        await owner.close()
    return found


async def _embedded(settings: Settings) -> Addresses:
    try:
        private.make_passed_folder(settings.data_dir)
        server = await asyncio.to_thread(postgres.start, settings.data_dir / "postgres")
    except (PostgresUnavailable, TooOpen) as error:
        raise CannotServe(str(error)) from error
    if server.newest != server.version:
        log.warning(
            "database_served_by_newer",
            newest=server.newest,
            version=server.version,
            reason="It can be read, and what the newer one put right may go wrong again: install that one.",
        )
    return addresses.embedded(server)


async def _connected(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    try:
        return await asyncpg.connect(dsn, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise CannotServe(f"The database cannot be reached: {str(error) or type(error).__name__}.") from error


async def require_roles(found: Addresses) -> None:
    """
    Require that the logins may act as the roles of the service, which own nothing. Raises `CannotServe`.

    The text says what to run. A superuser works, and is warned of: it may read the server's files and run programs.
    """
    for role, dsn in zip(SERVING, (found.api, found.sequencer), strict=True):
        login = await _connected(dsn)
        name = ""
        try:
            name = await login.fetchval("select quote_ident(session_user)")
            if role == API and await login.fetchval("select rolsuper from pg_roles where rolname = session_user"):
                log.warning("served_by_superuser", login=name, reason="Name another login in DATABASE_URL.")
            await login.execute(f"set role {role}")
        except asyncpg.PostgresError as error:
            grants = " ".join(f"GRANT {each} TO {name};" for each in SERVING)
            raise CannotServe(
                f"The login {name} may not act as the roles of the service ({error}). Run as a superuser: {grants}"
            ) from error
        finally:
            await login.close()


async def prepare_region(settings: Settings, db: Database) -> tuple[RegionProfile, Keyring]:
    """
    The region and the keyring that hashes its API keys.

    Both are made at the first start, with two regulator people whose keys are put into the data folder. A region that
    exists is never given another pepper. Raises `CannotServe`.
    """
    try:
        found = await parties.find_region(db=db)
        if found:
            require_ours(settings, found)
        secrets.require_private(settings.data_dir)
        pepper = secrets.pepper(settings.data_dir, create=found is None)
        keyring = Keyring(pepper, "sim" if settings.simulated else "live")
        region = found or await _create_region(settings, db, keyring)
    except secrets.SecretTrouble as error:
        raise CannotServe(f"{error}.") from error
    except DomainError as error:
        raise CannotServe(error.detail) from error
    require_ours(settings, region)  # another starter may have been first
    return _profile(region), keyring


async def region_made_elsewhere(settings: Settings, db: Database) -> RegionProfile:
    """
    The region, once the api has made it.

    Raises `CannotServe` where the database is another region's.
    """
    reported = False
    while True:
        try:
            if region := await parties.find_region(db=db):
                require_ours(settings, region)
                return _profile(region)
        except DomainError as error:
            log.warning("region_unreachable", reason=error.slug)
        if not reported:
            reported = True
            log.info("waiting_for_region", made_by="kilnwood serve --only api")
        await asyncio.sleep(REGION_POLL_S)


def keyring_made_elsewhere(settings: Settings) -> Keyring:
    """The keyring of a region that is there: webhooks are signed with secrets that it seals. Raises `CannotServe`."""
    try:
        secrets.require_private(settings.data_dir)
        return Keyring(secrets.pepper(settings.data_dir), "sim" if settings.simulated else "live")
    except secrets.SecretTrouble as error:
        raise CannotServe(f"{error}.") from error


def _profile(region: Region) -> RegionProfile:
    return msgspec.convert(region, RegionProfile, from_attributes=True)


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


def require_ours(settings: Settings, region: Region) -> None:
    """Raise `CannotServe` if the database is another region's than these settings say."""
    if (region.id, region.log_origin) != (settings.region, settings.log_origin):
        raise CannotServe(
            f"This database is of region {region.id} with log {region.log_origin}; the settings say {settings.region} "
            f"with {settings.log_origin}. Use its settings (KILNWOOD_REGION, KILNWOOD_SIMULATED, KILNWOOD_LOG_HOST), "
            "or another data folder."
        )
    if region.name != settings.region_name:  # a trust.json made with it would refuse every statement
        raise CannotServe(
            f"This registry is called {region.name!r} for ever, and so says every statement in its log; the settings "
            f"say {settings.region_name!r}. Set KILNWOOD_REGION_NAME to its name."
        )
