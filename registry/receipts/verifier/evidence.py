"""
What the log signed in a file, whatever else is wrong with the file.

Two checkpoints that cannot both be of one append-only tree prove a fork, and a forger's best hope is that the file with
one of them is set aside for another fault. So this asks for nothing but the log's own signatures, of both types, by
keys that count at that size: a key that was stolen and is void there proves nothing against the log.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from registry.receipts.verifier.leaf import Leaf
from registry.receipts.verifier.trust import LOG_KINDS, LoadedTrust
from registry.transparency.format.checkpoint import Checkpoint, seals_that_hold
from registry.transparency.format.note import Note, parse_note
from registry.transparency.format.proof import parse_proof
from registry.transparency.format.strict_json import decode_any
from registry.transparency.format.text import Malformed
from registry.transparency.format.tree import ProofMismatch, leaf_hash, verify_inclusion


class LeafPlace(NamedTuple):
    """A leaf that an audit path puts into a tree: its index and its leaf hash."""

    leaf_index: int
    sha256: bytes


class Shown(NamedTuple):
    """A checkpoint that the log signed, the note that carries it, and the leaf that is proved under it, if any."""

    checkpoint: Checkpoint
    note: Note
    place: LeafPlace | None


def shown_by(leaf: Leaf) -> Shown:
    """The same of a leaf that passed every check."""
    return Shown(leaf.head.checkpoint, leaf.head.note, LeafPlace(leaf.leaf_index, leaf.sha256))


def shown_in(raw: bytes, trust: LoadedTrust) -> tuple[Shown, ...]:
    """
    Search a file of whatever form: its own proof, its claim's, its status's, those of what came later.

    Never raises for what is in *raw*.

    The statement may be damaged, by another issuer, or missing: then the checkpoint counts alone.
    """
    found = (_shown(note, proof, trust) for note, proof in _proofs(raw))
    return tuple(each for each in found if each is not None)


def _proofs(raw: bytes) -> Iterator[tuple[Any, str]]:
    """Each proof with the note beside it, which may be anything."""
    try:
        document = decode_any(raw)
    except Malformed:
        return
    inner = [document.get(name) for name in ("claim", "status")] if isinstance(document, dict) else []
    later = document.get("later") if isinstance(document, dict) else None
    inner += later if isinstance(later, list) else []
    for part in (document, *inner):
        if isinstance(part, dict) and isinstance(part.get("proof"), str):
            yield part.get("note"), part["proof"]


def _shown(note: object, proof: str, trust: LoadedTrust) -> Shown | None:
    try:
        head = parse_note(proof.partition("\n\n")[2])
        checkpoint, seals = seals_that_hold(head, [each.key for each in trust.logs])
    except Malformed:
        return None
    signed = {seal.key for seal in seals}
    kinds = {each.key.kind for each in trust.logs if each.key in signed and each.counts_at(checkpoint.size - 1)}
    if checkpoint.origin != trust.origin or kinds != set(LOG_KINDS):
        return None
    return Shown(checkpoint, head, _place(note, proof, checkpoint))


def _place(note: object, proof: str, checkpoint: Checkpoint) -> LeafPlace | None:
    if not isinstance(note, str):
        return None
    try:
        read = parse_proof(proof)
        leaf = leaf_hash(note.encode())
        verify_inclusion(leaf, read.leaf_index, checkpoint.size, read.hashes, checkpoint.root)
    except (Malformed, ProofMismatch):
        return None
    return LeafPlace(read.leaf_index, leaf)
