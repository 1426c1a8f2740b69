"""
The one process that holds the log's private keys: it gives statements their place, signs, and publishes.

At a start, and whenever the database was lost from sight, nothing is sequenced or signed until the keys are known to
be the log's own, the database is known to hold what they signed, and enough witnesses agree (`agreement`).

What each crash leaves behind:

1. before the sequencing transaction commits: nothing; the statements stay unsequenced and are taken up again;
2. after it, before `SignedHead` is written: a stored root that nobody has seen signed; the next start signs that root;
3. after `SignedHead` is written, before the note is stored: as 2, for the signature never left this process; the next
   start finds `SignedHead` equal to the root;
4. after the note is stored, before a witness has it: the next start shows them that note;
5. after the witness has cosigned, before its line is stored: the witness is ahead of `witnessed_size` by a root whose
   note is stored, says so with 409, and is asked again from there.

In no order can a root be signed that is not committed, or two roots of one size.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg
import httpx
import structlog

from registry.kit.database import Tx
from registry.parties import service as parties
from registry.transparency import continuity, store, witness_client
from registry.transparency.agreement import ROUNDS, Start, Witness, show
from registry.transparency.format import grow
from registry.transparency.format.checkpoint import (
    Checkpoint,
    checkpoint_text,
    cosign,
    sign_checkpoint,
    verify_checkpoint,
)
from registry.transparency.format.note import Note, SignatureLine, VerifierKey, format_note
from registry.transparency.format.policy import Policy, is_satisfied, least_cosigners
from registry.transparency.format.signer import Signer
from registry.transparency.format.statement import sign_statement
from registry.transparency.format.tree import EMPTY_ROOT, leaf_hash
from registry.transparency.head import SignedHead, SigningRefused
from registry.transparency.keys import RegistryKeys

log = structlog.get_logger()

BATCH = 2_000
POLL_S = 0.05


async def sequence_once(tx: Tx, keys: RegistryKeys, *, limit: int = BATCH) -> int:
    """Give every waiting statement its place, in one transaction; return how many. Signs nothing about the tree."""
    async with tx.transaction():
        size, _ = await store.head(tx, lock=True)
        waiting = await store.unsequenced(tx, limit)
        if not waiting:
            return 0
        leaves = [_signed(row_id, size + at, text, keys.issuer) for at, (row_id, text) in enumerate(waiting)]
        edge = await store.tiles(tx, grow.right_edge(size))
        grown = grow.append(size, [leaf.leaf_hash for leaf in leaves], edge)
        await store.sequence(tx, leaves)
        await store.grow(tx, size, grown.size, grown.root, grown.tiles)
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
        head: SignedHead,
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
        """
        Wait for the previous sequencer to be gone; return when it is known that signing continues what was signed.

        Every witness is asked; one that proves another history is enough to refuse. Waits while too few agree. Raises
        `SigningRefused`.
        """
        while not await store.lone_sequencer(self._connection):  # noqa: ASYNC110 - another process ends; no event
            await asyncio.sleep(POLL_S)
        while (origin := await parties.log_origin_in(self._connection)) is None:  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(POLL_S)
        self._origin = origin
        async with self._refusing_writes():
            await self._require_agreement()
            await store.allow(self._connection)

    async def _require_agreement(self) -> None:
        """The keys, the head file, the witnesses."""
        await continuity.require_known_keys(self._connection, self._keys)
        await continuity.require_continued(self._connection, self._head)
        start = Start(self._connection, self._http, self._origin, self._log_keys(), self._head, self._empty())
        await start.require_agreement(self._witnesses, spare=max(least_cosigners(self._policy) - 1, 0))

    def _log_keys(self) -> tuple[VerifierKey, ...]:
        return self._keys.log_ed25519.key, self._keys.log_ml_dsa_44.key

    async def close(self) -> None:
        """Give up the connections to the witnesses."""
        await self._http.aclose()

    async def run(self, stop: asyncio.Event, *, interval_s: float = 1.0) -> None:
        """Work until *stop*: sequence at once, publish at most once in *interval_s*, never when idle."""
        next_s = 0.0
        async with self._refusing_writes():
            while not stop.is_set():
                waiting = await store.anything_waits(self._connection)
                count = await sequence_once(self._connection, self._keys) if waiting else 0
                if time.monotonic() >= next_s and await self.publish_once():
                    next_s = time.monotonic() + interval_s
                if not count:
                    await _wait(stop, POLL_S)

    @asynccontextmanager
    async def _refusing_writes(self) -> AsyncIterator[None]:
        """
        When the log refuses, writes refuse: what is committed now would never be in the log that others saw.

        A crash before the row is written leaves writes open until the next start, which refuses again.
        """
        try:
            yield
        except SigningRefused as error:
            await store.refuse(self._connection, str(error))
            raise

    async def publish_once(self) -> bool:
        """Sign and publish the newest stored root unless that is done; returns True if there was something to do."""
        newest = await store.newest_checkpoint(self._connection)
        if newest is None or newest.witnessed:
            return False
        checkpoint = Checkpoint(self._origin, newest.size, newest.root)
        self._head.write(newest.size, newest.root)
        note = self._sign(checkpoint)
        if newest.note is None:
            await store.publish(self._connection, checkpoint, format_note(*note), witnessed=False)
        lines = [line for each in self._witnesses for line in await self._ask(each, checkpoint, note)]
        whole = Note(note.text, (*note.signatures, *lines))
        seals = verify_checkpoint(whole, [key for each in self._witnesses for key in each.keys]).seals
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

    def _empty(self) -> store.StoredCheckpoint:
        """The empty tree, signed. It is the same in every history; the witness replies with the size that it knows."""
        note = self._sign(Checkpoint(self._origin, 0, EMPTY_ROOT))
        return store.StoredCheckpoint(0, EMPTY_ROOT, format_note(*note), witnessed_at=None)

    async def _ask(self, witness: Witness, checkpoint: Checkpoint, note: Note) -> Sequence[SignatureLine]:
        """The witness's cosignature, or None while it cannot be reached. Raises `SigningRefused`."""
        old = await store.witnessed_size(self._connection)
        for _ in range(ROUNDS):
            try:
                return await show(
                    witness, old, checkpoint.size, format_note(*note), tx=self._connection, client=self._http
                )
            except witness_client.WitnessAhead as ahead:
                if ahead.size > checkpoint.size:
                    reason = f"it saw {ahead.size} statements, there are {checkpoint.size}"
                    raise SigningRefused(f"{_forked(witness, reason)} {_STOPPED}") from ahead
                old = ahead.size
            except (witness_client.WitnessDisagrees, witness_client.ProofRefused) as error:
                raise SigningRefused(f"{_forked(witness, error)} {_STOPPED}") from error
            except witness_client.WitnessUnreachable as error:
                log.warning("witness_unreachable", url=witness.url, reason=str(error))
                return ()
        return ()


_STOPPED = f"Nothing more is signed. {continuity.REMEDY}"


def _forked(witness: Witness, reason: object) -> str:
    return f"The witness {witness.url} disagrees: {reason}; the log has forked."


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return
