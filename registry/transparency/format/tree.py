"""RFC 6962 Merkle trees: hashes, roots and the verification of proofs. Building proofs from tiles is in `prove`."""

from collections.abc import Iterable, Sequence
from hashlib import sha256

EMPTY_ROOT = sha256(b"").digest()
PROOF_LIMIT = 63
"""A tree has fewer than 2^63 leaves, so no path is longer."""


class ProofMismatch(ValueError):
    """A Merkle proof does not lead to the root that was stated."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry), RFC 6962 section 2.1."""
    return sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), RFC 6962 section 2.1."""
    return sha256(b"\x01" + left + right).digest()


def root_of(hashes: Sequence[bytes]) -> bytes:
    """
    The Merkle tree hash over *hashes* as leaves (already hashed).

    Joining neighbours row by row and carrying an odd last one upwards gives RFC 6962's split at the largest power of
    two. *hashes* may also be roots of equal perfect subtrees, the last one of a smaller tree: the shape is the same.
    """
    if not hashes:
        return EMPTY_ROOT
    row = list(hashes)
    while len(row) > 1:
        joined = [sha256(b"\x01" + row[i] + row[i + 1]).digest() for i in range(0, len(row) - 1, 2)]
        if len(row) % 2:
            joined.append(row[-1])
        row = joined
    return row[0]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Iterable[bytes]) -> bytes:
    """
    The root that *proof* gives for the leaf hash *leaf* at *index* (RFC 9162 section 2.1.3.2).

    Raises `ProofMismatch` when the proof is too long or too short for that place.
    """
    if not 0 <= index < size:
        raise ProofMismatch(f"index {index} is not in a tree of size {size}")
    place, last, acc = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofMismatch("the inclusion proof is too long")
        if place & 1 or place == last:
            acc = node_hash(sibling, acc)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            acc = node_hash(acc, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofMismatch("the inclusion proof is too short")
    return acc


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Iterable[bytes], root: bytes) -> None:
    """Check that the leaf hash *leaf* is at *index* in the tree of *size* and *root*. Raises `ProofMismatch`."""
    if root_from_inclusion(leaf, index, size, proof) != root:
        raise ProofMismatch(f"the inclusion proof does not lead from leaf {index} to the root")


def verify_consistency(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """
    Check that the tree of size *new* begins with the whole tree of size *old* (RFC 9162 section 2.1.4.2).

    From size zero, and between equal sizes, the proof is empty. Raises `ProofMismatch`.
    """
    if not 0 <= old <= new:
        raise ProofMismatch(f"a tree of size {new} does not continue one of size {old}")
    if old in (0, new):
        _require_trivial(old, new, old_root, new_root, proof)
        return
    if not proof:
        raise ProofMismatch("the consistency proof is empty")
    first, *path = proof if old & (old - 1) else (old_root, *proof)
    if _climb(old - 1, new - 1, first, path) != (old_root, new_root):
        raise ProofMismatch(f"the consistency proof from {old} to {new} does not join the two roots")


def _require_trivial(old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    if proof:
        raise ProofMismatch("a consistency proof from size zero, or to the same size, is empty")
    if old == 0 and old_root != EMPTY_ROOT:
        raise ProofMismatch("the root of the empty tree is wrong")
    if old == new and old_root != new_root:
        raise ProofMismatch(f"two different roots for size {new}")


def _climb(place: int, last: int, first: bytes, path: Sequence[bytes]) -> tuple[bytes, bytes]:
    while place & 1:
        place, last = place >> 1, last >> 1
    old_acc = new_acc = first
    for sibling in path:
        if last == 0:
            raise ProofMismatch("the consistency proof is too long")
        if place & 1 or place == last:
            old_acc, new_acc = node_hash(sibling, old_acc), node_hash(sibling, new_acc)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new_acc = node_hash(new_acc, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise ProofMismatch("the consistency proof is too short")
    return old_acc, new_acc
