"""The body of `add-checkpoint`: old size, consistency proof, checkpoint."""

from collections.abc import Sequence
from typing import NamedTuple

from registry.transparency.format.checkpoint import Checkpoint, parse_checkpoint_text
from registry.transparency.format.note import NOTE_LIMIT_BYTES, Note, parse_note
from registry.transparency.format.text import Malformed, b64encode, parse_hash, parse_size
from registry.transparency.format.tree import PROOF_LIMIT

REQUEST_LIMIT_BYTES = NOTE_LIMIT_BYTES + 4096
"""64 lines of at most 45 bytes, and the note."""


class AddCheckpoint(NamedTuple):
    """What a log asks: cosign *checkpoint*, which continues the tree of *old_size* as *proof* shows."""

    old_size: int
    proof: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


def parse_add_checkpoint(body: bytes) -> AddCheckpoint:
    """Read a request. Raises `Malformed`."""
    head, divider, checkpoint = body.partition(b"\n\n")
    if not divider:
        raise Malformed("the proof lines and the checkpoint are divided by an empty line")
    try:
        first, *lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError as error:
        raise Malformed("the old size and the proof are ASCII") from error
    if not first.startswith("old "):
        raise Malformed("the first line is: old, space, size")
    if len(lines) > PROOF_LIMIT:
        raise Malformed(f"{len(lines)} proof lines; the limit is {PROOF_LIMIT}")
    note = parse_note(checkpoint)
    proof = tuple(parse_hash(line) for line in lines)
    return AddCheckpoint(parse_size(first.removeprefix("old ")), proof, note, parse_checkpoint_text(note.text))


def format_add_checkpoint(old_size: int, proof: Sequence[bytes], checkpoint_note: str) -> bytes:
    """Write a request; *checkpoint_note* stands in it verbatim."""
    lines = "".join(f"{b64encode(each)}\n" for each in proof)
    return f"old {old_size}\n{lines}\n{checkpoint_note}".encode()
