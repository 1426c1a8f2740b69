"""The role that sequences and signs the public log: the only one that reads the log's private keys."""

import asyncio
import os
from collections.abc import Callable
from typing import Final

import asyncpg
import structlog

from deploy.log_keys import keys_folder, policy_text
from deploy.processes.children import DSN_VARIABLE, REFUSED_EXIT, ChildRole, until_parent_ends
from deploy.processes.first_start import CannotServe
from deploy.settings import Settings
from registry.kit.supervise import Supervisor
from registry.transparency.agreement import Witness
from registry.transparency.continuity import keys_for
from registry.transparency.format.policy import parse_policy
from registry.transparency.head import SignedHead, SigningRefused
from registry.transparency.keys import HEAD_FILE, KeyTrouble, RegistryKeys
from registry.transparency.sequencer import Sequencer

log = structlog.get_logger()

CHILD: Final = ChildRole("sequencer", "sequencer", "refuses to sign")
RECONNECT_S = 0.5
STOP_TIMEOUT_S = 1.0


class SequencerRole:
    """The sequencer in this process, where it runs alone. A refusal to sign ends the process."""

    def __init__(self, settings: Settings, dsn: Callable[[], str], failed: asyncio.Event) -> None:
        self._settings = settings
        self._dsn = dsn
        self._failed = failed
        self._stopping = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.trouble = ""

    async def start(self) -> None:
        """Sequence from now on."""
        self._task = asyncio.create_task(self._sequence())

    async def stop(self) -> None:
        """Finish the batch under way. Raises `CannotServe` where it refused to sign."""
        self._stopping.set()
        if self._task is None:
            return
        await asyncio.wait((self._task,), timeout=STOP_TIMEOUT_S)
        self._task.cancel()
        await asyncio.wait((self._task,))
        if self.trouble:
            raise CannotServe(self.trouble)

    async def _sequence(self) -> None:
        try:
            await sequence(self._settings, self._dsn, self._stopping)
        except (SigningRefused, KeyTrouble) as error:
            self.trouble = f"Nothing is signed: {error} (deploy/README.md)"
            self._failed.set()


async def run_as_child(settings: Settings) -> int:
    """Sequence and sign until the parent ends; returns the exit code."""
    stop = asyncio.Event()
    until_parent_ends(stop)
    try:
        await sequence(settings, lambda: os.environ[DSN_VARIABLE], stop)
    except (SigningRefused, KeyTrouble) as error:
        log.error("signing_refused", reason=str(error))  # noqa: TRY400 - the reason says all; a trace adds nothing
        return REFUSED_EXIT
    return 0


async def sequence(settings: Settings, dsn: Callable[[], str], stop: asyncio.Event) -> None:
    """Sequence and sign until *stop*, reconnecting as needed. Raises `SigningRefused`, `KeyTrouble`."""
    supervisor = Supervisor(
        "sequencer",
        "Nothing is signed",
        retry_s=RECONNECT_S,
        expected=(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
        fatal=(SigningRefused, KeyTrouble),
        stopped=stop,
    )
    await supervisor.run(lambda: _run_connected(settings, dsn(), stop, well=supervisor.well))


async def _run_connected(settings: Settings, dsn: str, stop: asyncio.Event, *, well: Callable[[], None]) -> None:
    connection = await asyncpg.connect(
        dsn,
        timeout=5,
        server_settings={"role": "kilnwood_sequencer", "application_name": "kilnwood-sequencer"},
    )
    try:
        keys = await keys_for(connection, keys_folder(settings.data_dir), settings.log_origin)
        await _run(settings, connection, keys, stop, well=well)
    finally:
        connection.terminate()


async def _run(
    settings: Settings,
    connection: "asyncpg.Connection[asyncpg.Record]",
    keys: RegistryKeys,
    stop: asyncio.Event,
    *,
    well: Callable[[], None],
) -> None:
    sequencer = Sequencer(
        connection,
        keys=keys,
        head=SignedHead(keys_folder(settings.data_dir) / HEAD_FILE),
        witnesses=[Witness(url, keys) for url, keys in settings.witnesses],
        policy=parse_policy(policy_text(settings)),
    )
    try:
        starting = asyncio.create_task(sequencer.start())
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait((starting, stopping), return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not starting.done():
            starting.cancel()
            return
        starting.result()
        well()
        await sequencer.run(stop, interval_s=settings.publish_interval_s)
    finally:
        await sequencer.close()
