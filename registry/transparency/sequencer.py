"""
The one process that holds the log's private keys: it gives statements their place, signs, and publishes.

What each crash leaves behind:

1. before the sequencing transaction commits: nothing; the statements stay unsequenced and are taken up again;
2. after it, before `Head` is written: a stored root that nobody has seen signed; the next start signs that same root;
3. after `Head` is written, before the checkpoint's note is: as 2, and the next start finds `Head` equal to the root;
4. after the witness has cosigned, before its line is stored: the witness is ahead of `witnessed_size` by a root that is
   stored, says so with 409, and is asked again from there.

In no order can a root be signed that is not committed, or two roots of one size.
"""

import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import httpx
import structlog

from registry.kit.database import Tx
from registry.transparency import store, witness_client
from registry.transparency.format import grow, prove
from registry.transparency.format.checkpoint import (
    Checkpoint,
    checkpoint_text,
    cosign,
    sign_checkpoint,
    verify_checkpoint,
)
from registry.transparency.format.note import Note, SignatureLine, VerifierKey, format_note
from registry.transparency.format.policy import Policy, is_satisfied
from registry.transparency.format.signer import Signer
from registry.transparency.format.statement import sign_statement
from registry.transparency.format.tree import leaf_hash
from registry.transparency.keys import RegistryKeys, fsync_folder

log = structlog.get_logger()

BATCH = 2_000
POLL_S = 0.05


class SigningRefused(Exception):
    """The database does not continue what was published or witnessed; signing would fork the log."""


@dataclass(frozen=True, slots=True)
class Witness:
    """Where a witness listens, and the key by which its cosignatures are known."""

    url: str
    key: VerifierKey


class Head:
    """The largest tree that was ever signed, in a file beside the keys: it survives a restored database."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[int, bytes]:
        """Size and root; zero before the first signature."""
        if not self._path.exists():
            return 0, b""
        stored = json.loads(self._path.read_text("utf-8"))
        return int(stored["size"]), bytes.fromhex(stored["root"])

    def write(self, size: int, root: bytes) -> None:
        """Replace the file durably: a crash leaves the old or the new one."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("w", encoding="utf-8") as file:
            json.dump({"size": size, "root": root.hex()}, file)
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._path)
        fsync_folder(self._path.parent)


async def sequence_once(tx: Tx, keys: RegistryKeys, *, limit: int = BATCH) -> int:
    """Give every waiting statement its place, in one transaction; answer how many. Signs nothing about the tree."""
    async with tx.transaction():
        size, _ = await store.head(tx, lock=True)
        waiting = await store.unsequenced(tx, limit)
        if not waiting:
            return 0
        leaves = [_signed(row_id, size + at, text, keys.issuer) for at, (row_id, text) in enumerate(waiting)]
        edge = await store.tiles(tx, grow.right_edge(size))
        grown = grow.append(size, [leaf.leaf_hash for leaf in leaves], edge)
        await store.sequence(tx, leaves)
        await store.grow(tx, grown.size, grown.root, grown.tiles)
    return len(leaves)


def _signed(row_id: int, index: int, text: str, issuer: Signer) -> store.Signed:
    note = sign_statement(text, issuer)
    return store.Signed(row_id, index, note, leaf_hash(note.encode()))


class Sequencer:
    """Sequences, signs, asks the witnesses and publishes; one for each log."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        *,
        keys: RegistryKeys,
        head: Head,
        witnesses: Sequence[Witness],
        policy: Policy,
    ) -> None:
        self._connection = connection
        self._keys = keys
        self._head = head
        self._witnesses = witnesses
        self._policy = policy
        self._http = httpx.AsyncClient(trust_env=False)
        self._origin = ""

    async def start(self) -> None:
        """Wait for the previous sequencer to be gone, then check that the database continues what was signed."""
        while not await store.lone_sequencer(self._connection):  # noqa: ASYNC110 - another process ends; no event
            await asyncio.sleep(POLL_S)
        while (origin := await store.origin(self._connection)) is None:  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(POLL_S)
        self._origin = origin
        signed_size, signed_root = self._head.read()
        size, _ = await store.head(self._connection)
        if size < signed_size:
            raise SigningRefused(_behind(size, signed_size, "this sequencer signed"))
        if signed_size:
            edge = await store.tiles(self._connection, grow.right_edge(signed_size))
            if grow.root_of_tiles(signed_size, edge) != signed_root:
                raise SigningRefused(
                    f"The database has another tree of size {signed_size} than the one that was signed. " + _REMEDY
                )

    async def close(self) -> None:
        """Give up the connections to the witnesses."""
        await self._http.aclose()

    async def run(self, stop: asyncio.Event, *, interval_s: float = 1.0) -> None:
        """Work until *stop*: sequence at once, publish at most once in *interval_s*, never when idle."""
        next_s = 0.0
        while not stop.is_set():
            waiting = await store.anything_waits(self._connection)
            count = await sequence_once(self._connection, self._keys) if waiting else 0
            if time.monotonic() >= next_s and await self.publish_once():
                next_s = time.monotonic() + interval_s
            if not count:
                await _wait(stop, POLL_S)

    async def publish_once(self) -> bool:
        """Sign and publish the newest stored root unless that is done; True where there was something to do."""
        newest = await store.newest_checkpoint(self._connection)
        if newest is None or newest.witnessed:
            return False
        checkpoint = Checkpoint(self._origin, newest.size, newest.root)
        self._head.write(newest.size, newest.root)
        note = self._sign(checkpoint)
        lines = [line for each in self._witnesses for line in await self._ask(each, checkpoint, note)]
        whole = Note(note.text, (*note.signatures, *lines))
        seals = verify_checkpoint(whole, [each.key for each in self._witnesses]).seals
        witnessed = is_satisfied(self._policy, [seal.key for seal in seals])
        await store.publish(self._connection, checkpoint, format_note(*whole), witnessed=witnessed)
        log.info("checkpoint_published", size=newest.size, witnessed=witnessed)
        return True

    def _sign(self, checkpoint: Checkpoint) -> Note:
        """Both signatures on a root that is stored and committed."""
        now = int(time.time())
        lines = (
            sign_checkpoint(checkpoint, self._keys.log_ed25519),
            cosign(checkpoint, self._keys.log_ml_dsa_44, timestamp=now),
        )
        return Note(checkpoint_text(checkpoint), lines)

    async def _ask(self, witness: Witness, checkpoint: Checkpoint, note: Note) -> Sequence[SignatureLine]:
        """The witness's cosignature, or nothing while it cannot be reached. Raises `SigningRefused`."""
        old = await store.witnessed_size(self._connection)
        for _ in range(2):
            tiles = await store.tiles(self._connection, prove.tiles_for_consistency(old, checkpoint.size))
            proof = prove.consistency_proof(old, checkpoint.size, tiles)
            try:
                return await witness_client.cosign(
                    witness.url, old, proof, format_note(*note), keys=[witness.key], client=self._http
                )
            except witness_client.WitnessAhead as ahead:
                if ahead.size > checkpoint.size:
                    raise SigningRefused(_behind(checkpoint.size, ahead.size, "the witness saw")) from ahead
                old = ahead.size
            except witness_client.WitnessDisagrees as error:
                raise SigningRefused(f"{witness.url}: {error}: the log has forked. {_REMEDY}") from error
            except witness_client.ProofRefused as error:
                raise SigningRefused(f"{witness.url}: {error}: the log has forked. {_REMEDY}") from error
            except witness_client.WitnessUnreachable as error:
                log.warning("witness_unreachable", url=witness.url, reason=str(error))
                return ()
        return ()


_REMEDY = (
    "Nothing was signed. Restore the newer database, or fail over to the server that has those statements; "
    "deploy/RUNNING.md says how."
)


def _behind(size: int, seen: int, who: str) -> str:
    return f"The database has {size} statements in the log, {who} {seen}: it was restored or lost writes. {_REMEDY}"


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
