"""
Running a witness: `kilnwood witness`.

Somebody other than the registry should run it, on another machine: it is the party that would notice two histories.
"""

import asyncio
import signal
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from deploy.processes.http import Limits, require_free, serve_until
from registry.transparency.format.note import COSIGNATURE_ML_DSA_44, ED25519, VerifierKey, parse_vkey
from registry.transparency.format.text import Malformed
from registry.transparency.keys import WITNESS_FILE, KeyTrouble, create_witness_key, load_witness_key
from registry.transparency.witness.app import witness_app
from registry.transparency.witness.decide import KnownLogs
from registry.transparency.witness.folder import WitnessFolder
from schemas import texts

STOP_TIMEOUT_S = 1.0


def prepare_witness(folder: Path, name: str) -> VerifierKey:
    """
    Make the folder and the key of a witness called *name*, or read them when they are there.

    Returns the public key: its `text()` goes into the policy of `trust.json`. Raises `KeyTrouble`.
    """
    if (folder / WITNESS_FILE).exists():
        return load_witness_key(folder).key
    if fault := texts.fault(name):
        raise KeyTrouble(f"the name {name!r} cannot be used: {fault}")
    return create_witness_key(folder, name).key


def known_logs(vkeys: Sequence[str]) -> KnownLogs:
    """Sort the vkeys of logs by origin, which is their name. Raises `Malformed` for a key that signs no checkpoints."""
    logs: dict[str, list[VerifierKey]] = {}
    for key in map(parse_vkey, vkeys):
        if key.kind not in (ED25519, COSIGNATURE_ML_DSA_44):
            raise Malformed(f"the key of {key.name} has type {key.kind:#04x}; a log's has 0x01 or 0x06")
        logs.setdefault(key.name, []).append(key)
    return logs


async def serve_witness(
    folder: Path,
    host: str,
    port: int,
    log_vkeys: Sequence[str],
    *,
    limits: Limits | None = None,
    ready: asyncio.Event | None = None,
) -> None:
    """
    Serve until SIGTERM or SIGINT, then stop within a second.

    *ready* is set when the port answers. Raises `FolderTrouble`, `KeyTrouble`, `Malformed`, and `OSError` when the port
    is taken: two granian servers would share it silently.
    """
    logs = known_logs(log_vkeys)
    require_free(host, port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with WitnessFolder(folder) as opened, ExitStack() as handlers:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
            handlers.callback(loop.remove_signal_handler, number)
        app = witness_app(opened, logs, clock=lambda: int(time.time()))
        await serve_until(stop, app, host, port, timeout_s=STOP_TIMEOUT_S, limits=limits, ready=ready)
