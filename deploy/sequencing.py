"""`kilnwood sequencer`: the process that signs, a child of `kilnwood serve`. The only one that reads the log's keys."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import structlog

from deploy.keeping import REFUSED_EXIT
from deploy.settings import Settings
from registry.receipts.bundle import trust_file, trusted, witness_policy
from registry.transparency.continuity import keys_for, make_keys
from registry.transparency.format.policy import parse_policy
from registry.transparency.head import Head, SigningRefused
from registry.transparency.keys import HEAD_FILE, KeyTrouble, RegistryKeys, has_keys, load_registry_keys
from registry.transparency.sequencer import Sequencer, Witness

log = structlog.get_logger()

RECONNECT_S = 0.5


def keys_folder(data_dir: Path) -> Path:
    """Where the log's private keys are."""
    return data_dir / "log-keys"


def ensure_keys(settings: Settings) -> RegistryKeys:
    """
    The registry's keys; made where the data folder has none at all. Raises `KeyTrouble`.

    For the first use, before there is a database. Keys made by mistake in another folder sign nothing: the sequencer
    compares its own with those that the database knows.
    """
    folder = keys_folder(settings.data_dir)
    if has_keys(folder):
        return load_registry_keys(folder, settings.log_origin)
    return make_keys(folder, settings.log_origin)


def policy_text(settings: Settings) -> str:
    """The tlog-policy of these settings: the witnesses and how many of them must cosign."""
    return witness_policy([key for _, key in settings.witnesses], quorum=settings.quorum)


def trust_bytes(settings: Settings, keys: RegistryKeys) -> bytes:
    """The trust.json that belongs to these keys and witnesses."""
    return trust_file(
        settings.log_origin,
        issuers=[trusted(keys.issuer.key)],
        logs=[trusted(keys.log_ed25519.key), trusted(keys.log_ml_dsa_44.key)],
        policy=policy_text(settings),
    )


async def sequence(settings: Settings) -> int:
    """Sequence and sign until standard input ends, reconnecting as needed; the exit code."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_reader(sys.stdin.fileno(), _until_closed, stop)
    try:
        while not stop.is_set():
            try:
                await _run_connected(settings, stop)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
                log.warning("sequencer_reconnects", reason=str(error) or type(error).__name__)
                await asyncio.sleep(RECONNECT_S)
    except (SigningRefused, KeyTrouble) as error:
        log.error("signing_refused", reason=str(error))  # noqa: TRY400 - the reason says all; a trace adds nothing
        return REFUSED_EXIT
    return 0


def _until_closed(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 1):
        asyncio.get_running_loop().remove_reader(sys.stdin.fileno())
        stop.set()


async def _run_connected(settings: Settings, stop: asyncio.Event) -> None:
    connection = await asyncpg.connect(
        os.environ["KILNWOOD_SEQUENCER_DSN"],
        timeout=5,
        server_settings={"role": "kilnwood_sequencer", "application_name": "kilnwood-sequencer"},
    )
    try:
        keys = await keys_for(connection, keys_folder(settings.data_dir), settings.log_origin)
        await _run(settings, connection, keys, stop)
    finally:
        connection.terminate()


async def _run(
    settings: Settings, connection: "asyncpg.Connection[asyncpg.Record]", keys: RegistryKeys, stop: asyncio.Event
) -> None:
    sequencer = Sequencer(
        connection,
        keys=keys,
        head=Head(keys_folder(settings.data_dir) / HEAD_FILE),
        witnesses=[Witness(url, key) for url, key in settings.witnesses],
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
        await sequencer.run(stop, interval_s=settings.publish_interval_s)
    finally:
        await sequencer.close()
