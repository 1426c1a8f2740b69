"""
What the log asks of its witnesses at a start, before it signs anything.

Each witness is shown the newest checkpoint that *was* signed (the empty tree, where none was), which cannot make a
fork. One that cosigns it agrees. One that says it has seen more, or another tree, is asked for the checkpoint that it
cosigned last: with a valid signature of our own on it, that is a fact about this log, and if the database does not have
that tree, nothing is signed. Without one it is only a claim: the witness is named and does not count.

Of n witnesses of which k must cosign, n - k + 1 have to agree: whatever was published was cosigned by k, so by one of
these at least. Fewer delay the log, and each that is missing is named with its reason. While it waits on a claim that
nobody proved, writes are refused too: if the claim is true, they would never be in the log.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import httpx
import structlog

from registry.kit.database import Tx
from registry.transparency import continuity, store, witness_client
from registry.transparency.format import prove
from registry.transparency.format.checkpoint import verify_checkpoint
from registry.transparency.format.note import SignatureLine, VerifierKey, parse_note
from registry.transparency.format.text import BadSignature, Malformed
from registry.transparency.head import SignedHead, SigningRefused

log = structlog.get_logger()

ASK_AGAIN_S = 0.5
"""The interval at which a witness that did not agree is asked again."""
ROUNDS = 3
"""How often a witness may name another size before it counts as one that contradicts itself."""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its address (submission and monitoring prefix), and the keys that verify its cosignatures."""

    url: str
    keys: tuple[VerifierKey, ...]


class Doubt(NamedTuple):
    """Why a witness does not count; *claim*: it says something about the log that it does not prove."""

    reason: str
    claim: bool = False


async def show(
    witness: Witness, old: int, size: int, note: str, *, tx: Tx, client: httpx.AsyncClient
) -> Sequence[SignatureLine]:
    """Ask for cosignatures of a checkpoint of *size* that continues *old*. Raises what `witness_client.cosign` does."""
    proof = prove.consistency_proof(old, size, await store.tiles(tx, prove.tiles_for_consistency(old, size)))
    return await witness_client.cosign(witness.url, old, proof, note, keys=witness.keys, client=client)


@dataclass(frozen=True, slots=True)
class Start:
    """A start of the log *origin*: *keys* are its own public ones; *empty* is its checkpoint of the empty tree."""

    tx: Tx
    client: httpx.AsyncClient
    origin: str
    keys: Sequence[VerifierKey]
    head: SignedHead
    empty: store.StoredCheckpoint

    async def require_agreement(self, witnesses: Sequence[Witness], *, spare: int) -> None:
        """Return when all of *witnesses* but *spare* agree; every one is asked. Raises `SigningRefused`."""
        named: dict[str, Doubt] = {}
        left = await self._left(witnesses, named)
        while len(left) > spare:
            if claims := [each.url for each in left if named[each.url].claim]:
                await store.refuse(self.tx, f"The witness {claims[0]} {named[claims[0]].reason}. Nothing is signed.")
            await asyncio.sleep(ASK_AGAIN_S)
            left = await self._left(left, named)
        if left:
            log.warning("signing_without_witnesses", urls=[each.url for each in left])

    async def _left(self, witnesses: Sequence[Witness], named: dict[str, Doubt]) -> list[Witness]:
        """Those that do not agree; each is named, once for each reason."""
        left = []
        for each in witnesses:
            doubt = await self._doubt(each)
            if doubt is None:
                continue
            left.append(each)
            if named.get(each.url) != doubt:
                event = "witness_unproven" if doubt.claim else "witness_unreachable"
                log.warning(event, url=each.url, reason=doubt.reason, asked="at the start")
            named[each.url] = doubt
        return left

    async def _doubt(self, witness: Witness) -> Doubt | None:
        """Why the witness does not count, or None: it has seen this log as far as it was signed, and nothing else."""
        shown = await self._shown()
        old = shown.size
        for _ in range(ROUNDS):
            try:
                await show(witness, old, shown.size, shown.note or "", tx=self.tx, client=self.client)
            except witness_client.WitnessAhead as ahead:
                if ahead.size == self.head.read()[0]:
                    return None  # signed, and its note lost, as after a fail-over that lost no statement
                if ahead.size > shown.size:
                    return await self._judge(witness, f"says that it saw {ahead.size} statements", shown.size)
                old = ahead.size
            except (witness_client.WitnessDisagrees, witness_client.ProofRefused) as error:
                return await self._judge(witness, f"disagrees: {error}", shown.size)
            except witness_client.WitnessUnreachable as error:
                return Doubt(str(error))
            else:
                return None
        return Doubt(f"named another size {ROUNDS} times", claim=True)

    async def _shown(self) -> store.StoredCheckpoint:
        """The newest checkpoint that was signed, which must bear our own signatures. Raises `SigningRefused`."""
        stored = await store.newest_signed(self.tx)
        if stored is None:
            return self.empty
        try:
            sealed = verify_checkpoint(parse_note(stored.note or ""), self.keys)
            ours = {seal.key for seal in sealed.seals} == set(self.keys)
            whole = ours and sealed.checkpoint == (self.origin, stored.size, stored.root, ())
        except (Malformed, BadSignature):
            whole = False
        if not whole:
            raise SigningRefused(
                f"The stored checkpoint of size {stored.size} is not one that this log's keys signed. "
                f"Nothing was signed. {continuity.REMEDY}"
            )
        return stored

    async def _judge(self, witness: Witness, claim: str, shown_size: int) -> Doubt:
        """
        Ask for the checkpoint that the witness cosigned last: with our own signature it decides; without, nothing does.

        Raises `SigningRefused` if the log signed what this database does not have.
        """
        try:
            seen = await witness_client.last_cosigned(witness.url, self.origin, keys=self.keys, client=self.client)
        except witness_client.WitnessUnreachable as error:
            return Doubt(f"{claim}, and proves it with no checkpoint of this log ({error})", claim=True)
        if seen is None:
            return Doubt(f"{claim}, and proves it with no checkpoint of this log", claim=True)
        reached, _ = await store.head(self.tx)
        if seen.size > reached:
            raise SigningRefused(continuity.behind(reached, seen.size, f"the witness {witness.url} saw"))
        if seen.root != await continuity.root_at(self.tx, seen.size):
            raise SigningRefused(
                f"The witness {witness.url} has a checkpoint of size {seen.size} that this log signed, with another "
                f"root than this database has: the log has forked. Nothing was signed. {continuity.REMEDY}"
            )
        if seen.size > max(shown_size, self.head.read()[0]):
            raise SigningRefused(
                f"The witness {witness.url} saw a tree of size {seen.size}, which this database has never signed: the "
                f"log has forked. Nothing was signed. {continuity.REMEDY}"
            )
        return Doubt(f"{claim}, and serves a checkpoint of size {seen.size} that is of this very log", claim=True)
