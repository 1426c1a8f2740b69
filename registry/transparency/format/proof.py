"""The proof file of c2sp.org/tlog-proof: index, audit path and checkpoint in one text."""

from typing import NamedTuple

from registry.transparency.format.checkpoint import parse_checkpoint_text
from registry.transparency.format.note import Note, format_note, parse_note
from registry.transparency.format.text import Malformed, b64decode, b64encode, parse_hash, parse_size
from registry.transparency.format.tree import PROOF_LIMIT

HEADER = "c2sp.org/tlog-proof@v1"


class LogProof(NamedTuple):
    """Leaf *leaf_index* is under *checkpoint* by the audit path *hashes*; *extra* is opaque and proves nothing."""

    leaf_index: int
    hashes: tuple[bytes, ...]
    checkpoint: Note
    extra: bytes | None = None


def format_proof(proof: LogProof) -> str:
    """Write the text form; the checkpoint stands in it verbatim. Raises `Malformed`."""
    extra = "" if proof.extra is None else f"extra {b64encode(proof.extra)}\n"
    path = "".join(f"{b64encode(each)}\n" for each in proof.hashes)
    return f"{HEADER}\n{extra}index {proof.leaf_index}\n{path}\n{format_note(*proof.checkpoint)}"


def parse_proof(text: str) -> LogProof:
    """Read the text form; one proof has one spelling. Raises `Malformed`."""
    head, divider, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not divider or lines.pop(0) != HEADER:
        raise Malformed(f"a proof begins with the line {HEADER}")
    extra = b64decode(lines.pop(0).removeprefix("extra ")) if lines and lines[0].startswith("extra ") else None
    if not lines or not lines[0].startswith("index "):
        raise Malformed("a proof states the index of its leaf")
    index = parse_size(lines.pop(0).removeprefix("index "))
    if len(lines) > PROOF_LIMIT:
        raise Malformed(f"an audit path of {len(lines)} hashes; the limit is {PROOF_LIMIT}")
    note = parse_note(checkpoint)
    parse_checkpoint_text(note.text)
    return LogProof(index, tuple(parse_hash(line) for line in lines), note, extra)
