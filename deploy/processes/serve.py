"""
`kilnwood serve`: the roles of a region together in this process, or one of them alone.

The process that answers HTTP never sees a signing key: beside it the sequencer is a child process, which ends when this
one does, however that happens. The embedded PostgreSQL, unless DATABASE_URL names another, is adopted if a killed
process left it behind, and started again if it dies under us.
"""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Protocol

import structlog

from deploy.processes import locks, snapshots
from deploy.processes import sequencer as sequencing
from deploy.processes.api import ApiRole, require_ports
from deploy.processes.children import ChildProcess, ChildRole
from deploy.processes.database import RegionDatabase
from deploy.processes.engine import EngineRole
from deploy.processes.engine_elsewhere import EngineElsewhere
from deploy.processes.first_start import CannotServe, keyring_made_elsewhere, prepare_region, region_made_elsewhere
from deploy.processes.garbage import as_served
from deploy.processes.housekeeping import HousekeepingRole
from deploy.processes.inner import WatchedPart
from deploy.processes.locks import Role
from deploy.processes.notifying import NotifyingRole, mails_of, sender_of
from deploy.processes.sequencer import SequencerRole
from deploy.processes.tasks import cancelled
from deploy.settings import Settings
from exchange.journal.forwarding import SocketPathTooLong
from registry.kit.private import TooOpen

log = structlog.get_logger()

SOCKET: Final = "engine.sock"
"""Where in the data folder an engine that runs alone takes the commands of the api."""
REPORT_S: Final = 1.0


class RoleObject(Protocol):
    """What every role is: started once, stopped once, and in one line what does not work."""

    @property
    def trouble(self) -> str:
        """Why something does not work; empty when everything does."""

    async def start(self) -> None:
        """Begin; returns when it runs."""

    async def stop(self) -> None:
        """End, and wait for what is under way."""


async def serve(settings: Settings, only: Role | None = None, *, ready: Callable[[], None] = lambda: None) -> None:
    """
    Serve until SIGTERM or SIGINT, then stop: four seconds, and PostgreSQL's own end. Raises `CannotServe`.

    *ready* is called once everything that was asked for has started.

    With *only*, one role runs here; without it all do.
    """
    with _held(settings, only):
        if only in (None, "api"):
            require_ports(settings)
        stop = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
        async with contextlib.AsyncExitStack() as stack:
            starting = asyncio.create_task(_start(stack, settings, only, stop))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
                ready()
                with as_served():
                    await stopping
            await cancelled(starting)
            await cancelled(stopping)
        log.info("stopped")


@contextlib.contextmanager
def _held(settings: Settings, only: Role | None) -> Iterator[None]:
    folder = settings.data_dir
    try:
        with locks.roles_held(folder, (only,) if only else locks.ROLES):
            yield
    except locks.RoleTaken as error:
        what = f"The {error.role} of {folder} runs already, as" if only else f"The data folder {folder} is in use by"
        raise CannotServe(f"{what} process {error.pid or '?'}. Stop it with: kilnwood stop") from error
    except TooOpen as error:
        raise CannotServe(f"{error}.") from error
    except OSError as error:
        raise CannotServe(f"The data folder {folder} cannot be used: {error.strerror}.") from error


async def _start(
    stack: contextlib.AsyncExitStack, settings: Settings, only: Role | None, failed: asyncio.Event
) -> None:
    """Start the database and the roles in order; *stack* stops them in the opposite one."""
    database = RegionDatabase(settings)
    stack.push_async_callback(database.stop)
    await database.start()
    roles = await (_alone(settings, only, database, failed) if only else _together(settings, database, failed))
    for role in roles:
        try:
            await role.start()
        except SocketPathTooLong as error:
            raise CannotServe(f"The engine's socket cannot be made: {error}.") from error
        stack.push_async_callback(role.stop)
    if only in (None, "api"):
        inner = f"http://{settings.inner_host}:{settings.inner_port}"
        log.info("serving", url=f"http://{settings.host}:{settings.port}", inner=inner, region=settings.region)
    else:
        reporting = asyncio.create_task(_report(only, roles))
        stack.push_async_callback(cancelled, reporting)


async def _together(settings: Settings, database: RegionDatabase, failed: asyncio.Event) -> Sequence[RoleObject]:
    """Every role, in the order in which they start."""
    region, keyring = await prepare_region(settings, database.db)
    sequencer = _child(sequencing.CHILD, database, lambda: database.at.sequencer)
    housekeeping = HousekeepingRole(database.db)
    notifying = NotifyingRole(database.db, mails_of(settings, region), webhooks=sender_of(settings, keyring))
    child = _child(snapshots.CHILD, database, lambda: database.at.api)
    engine = EngineRole(lambda: database.at.api, database.db, region, snapshots=child)
    api = ApiRole(
        settings,
        database,
        region=region,
        keyring=keyring,
        exchange=engine.exchange,
        parts=(
            WatchedPart("sequencer", lambda: sequencer.trouble),
            WatchedPart("housekeeping", lambda: housekeeping.trouble),
            WatchedPart("notifications", lambda: notifying.trouble),
            WatchedPart("snapshots", lambda: engine.snapshots_trouble),
        ),
        failed=failed,
    )
    return sequencer, housekeeping, notifying, engine, api


async def _alone(
    settings: Settings, only: Role, database: RegionDatabase, failed: asyncio.Event
) -> Sequence[RoleObject]:
    """One role, with what it needs of the others."""
    socket = settings.data_dir / SOCKET
    if only == "api":
        region, keyring = await prepare_region(settings, database.db)
        elsewhere = EngineElsewhere(database.db, socket)
        api = ApiRole(
            settings,
            database,
            region=region,
            keyring=keyring,
            exchange=elsewhere.exchange,
            parts=(),
            failed=failed,
        )
        return elsewhere, api
    region = await region_made_elsewhere(settings, database.db)
    match only:
        case "engine":
            child = _child(snapshots.CHILD, database, lambda: database.at.api)
            return (EngineRole(lambda: database.at.api, database.db, region, socket=socket, snapshots=child),)
        case "sequencer":
            return (SequencerRole(settings, lambda: database.at.sequencer, failed),)
        case "housekeeping":
            sender = sender_of(settings, keyring_made_elsewhere(settings))
            return (
                HousekeepingRole(database.db),
                NotifyingRole(database.db, mails_of(settings, region), webhooks=sender),
            )


def _child(role: ChildRole, database: RegionDatabase, dsn: Callable[[], str]) -> ChildProcess:
    """A child process that is restarted where the database runs at a new address."""
    child = ChildProcess(role, dsn)
    database.moved.append(child.restart)
    return child


async def _report(only: Role, roles: Sequence[RoleObject]) -> None:
    """A role without HTTP says in its log when it is ready, when it is not, and why."""
    reported: str | None = None
    while True:
        trouble = next((each.trouble for each in roles if each.trouble), "")
        if trouble != reported:
            reported = trouble
            if trouble:
                log.warning("not_ready", role=only, reason=trouble)
            else:
                log.info("ready", role=only)
        await asyncio.sleep(REPORT_S)
