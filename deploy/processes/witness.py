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

import structlog

from deploy.processes.http import Limits, require_free, serve_until
from registry.transparency.format.note import (
    COSIGNATURE_ED25519,
    COSIGNATURE_ML_DSA_44,
    ED25519,
    VerifierKey,
    parse_vkey,
)
from registry.transparency.format.text import Malformed
from registry.transparency.keys import KeyTrouble, create_witness_key, load_witness_keys, witness_kinds
from registry.transparency.witness.app import witness_app
from registry.transparency.witness.decide import KnownLogs
from registry.transparency.witness.folder import WitnessFolder
from schemas import texts

log = structlog.get_logger()

STOP_TIMEOUT_S = 1.0


KEY_KINDS = {"ed25519": COSIGNATURE_ED25519, "ml-dsa-44": COSIGNATURE_ML_DSA_44}
"""The keys that a witness may have, by the name of their algorithm."""


def prepare_witness(folder: Path, name: str, algorithms: Sequence[str] = ()) -> tuple[VerifierKey, ...]:
    """
    Make the folder and the keys of a witness called *name*, or read them when they are there.

    Keys of *algorithms* (`KEY_KINDS`) that are missing are made, under the name of a key that is there; with none
    given, an Ed25519 key where there is no key at all. Returns the public keys, whose `text()` goes into the policy of
    `trust.json`. Raises `KeyTrouble`.
    """
    there = witness_kinds(folder)
    if there:
        name = load_witness_keys(folder)[0].key.name
    elif fault := texts.fault(name):
        raise KeyTrouble(f"the name {name!r} cannot be used: {fault}")
    for kind in [KEY_KINDS[each] for each in algorithms] or there or [COSIGNATURE_ED25519]:
        if kind not in there:
            create_witness_key(folder, name, kind)
    return tuple(each.key for each in load_witness_keys(folder))


def known_logs(vkeys: Sequence[str], named: Sequence[tuple[str, str]] = ()) -> KnownLogs:
    """
    Sort the vkeys of logs by origin, which is their name, or of those *named* beside their vkey.

    Raises `Malformed` for a key that signs no checkpoints.
    """
    logs: dict[str, list[VerifierKey]] = {}
    for origin, vkey in (*(("", vkey) for vkey in vkeys), *named):
        key = parse_vkey(vkey)
        if key.kind not in (ED25519, COSIGNATURE_ML_DSA_44):
            raise Malformed(f"the key of {key.name} has type {key.kind:#04x}; a log's has 0x01 or 0x06")
        logs.setdefault(origin or key.name, []).append(key)
    return logs


async def serve_witness(
    folder: Path,
    host: str,
    port: int,
    logs: KnownLogs,
    *,
    limits: Limits | None = None,
    ready: asyncio.Event | None = None,
) -> None:
    """
    Serve until SIGTERM or SIGINT, then stop within a second.

    *ready* is set when the port answers. Raises `FolderTrouble`, `KeyTrouble`, and `OSError` when the port is taken:
    two granian servers would share it silently.
    """
    require_free(host, port)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    with WitnessFolder(folder) as opened, ExitStack() as handlers:
        if opened.conflicts.forks:
            log.warning("forks_kept", forks=opened.conflicts.forks, shown_by="kilnwood witness --show-conflicts")
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
            handlers.callback(loop.remove_signal_handler, number)
        app = witness_app(opened, logs, clock=lambda: int(time.time()))
        await serve_until(stop, app, host, port, timeout_s=STOP_TIMEOUT_S, limits=limits, ready=ready)
