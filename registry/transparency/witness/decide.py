"""Whether to cosign: the checks of tlog-witness in its order, without I/O or clock; and what a refusal gives away."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus

from registry.transparency.format.checkpoint import Checkpoint, verify_checkpoint
from registry.transparency.format.note import Note, VerifierKey, known_lines
from registry.transparency.format.text import BadSignature
from registry.transparency.format.tree import EMPTY_ROOT, ProofMismatch, verify_consistency
from registry.transparency.witness.request import AddCheckpoint

KnownLogs = Mapping[str, Sequence[VerifierKey]]
"""The keys that may sign checkpoints, by origin. Any one of them will do, as tlog-witness says."""


class CheckpointRefused(Exception):
    """The witness does not cosign; *size* is stated with a 409: the tree size that it cosigned last."""

    def __init__(self, status: HTTPStatus, reason: str, *, size: int | None = None) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.size = size


def require_signed(asked: AddCheckpoint, logs: KnownLogs) -> Note:
    """
    The checkpoint with the log's signatures only, one by each of its keys, all verified.

    404 for an origin that is not watched; 403 without a valid signature of one of its keys, and for a signature of one
    that does not verify. Raises `CheckpointRefused`.
    """
    keys = logs.get(asked.checkpoint.origin)
    if keys is None:
        raise CheckpointRefused(HTTPStatus.NOT_FOUND, "this witness does not watch a log of that origin")
    try:
        verify_checkpoint(asked.note, keys)
    except BadSignature as error:
        raise CheckpointRefused(HTTPStatus.FORBIDDEN, str(error)) from error
    lines = {key: line for line, key in known_lines(asked.note, keys)}
    if not lines:
        raise CheckpointRefused(HTTPStatus.FORBIDDEN, "no signature by a key that this witness trusts for the origin")
    return Note(asked.note.text, tuple(lines.values()))


def require_continuation(asked: AddCheckpoint, latest: Checkpoint | None) -> None:
    """
    The checkpoint continues *latest*, the last one cosigned (None: never any).

    400 when the old size exceeds the new one; 409 when it is not the size cosigned last; 422 when the same size
    has another root or the proof does not hold. Raises `CheckpointRefused`.
    """
    new = asked.checkpoint
    seen_size, seen_root = (latest.size, latest.root) if latest else (0, EMPTY_ROOT)
    if asked.old_size > new.size:
        raise CheckpointRefused(HTTPStatus.BAD_REQUEST, "the old size is larger than the checkpoint")
    if asked.old_size != seen_size:
        raise CheckpointRefused(HTTPStatus.CONFLICT, "the old size is not the one cosigned last", size=seen_size)
    if new.size == seen_size and new.root != seen_root:
        raise CheckpointRefused(
            HTTPStatus.UNPROCESSABLE_ENTITY, "another root for the size cosigned last: the log has forked"
        )
    try:
        verify_consistency(seen_size, new.size, seen_root, new.root, asked.proof)
    except ProofMismatch as error:
        raise CheckpointRefused(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error


def is_fork(shown: Checkpoint, latest: Checkpoint) -> bool:
    """Whether two checkpoints of a log cannot both be true: one size, two roots."""
    return shown.size == latest.size and shown.root != latest.root


def is_unproven(shown: Checkpoint, latest: Checkpoint, refusal: CheckpointRefused) -> bool:
    """
    Whether *shown* was said to continue *latest* with a proof that does not hold.

    It may be another history, or an honest checkpoint that somebody sent with a wrong proof: anybody can.
    """
    return refusal.status == HTTPStatus.UNPROCESSABLE_ENTITY and shown.size > latest.size
