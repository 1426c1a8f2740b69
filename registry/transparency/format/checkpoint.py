"""
Checkpoints (c2sp.org/tlog-checkpoint) and the three signatures they carry here.

The log signs the note text with Ed25519 (type 0x01) and the tree head with ML-DSA-44 (type 0x06, a `subtree/v1`
cosignature, which does not cover extension lines: so our log writes none). Witnesses cosign with type 0x04 or 0x06.
"""

from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from registry.transparency.format.note import (
    COSIGNATURE_ED25519,
    COSIGNATURE_ML_DSA_44,
    ED25519,
    Note,
    SignatureLine,
    VerifierKey,
    known_lines,
    sign_note,
    verify_ed25519,
    verify_plain,
)
from registry.transparency.format.signer import Signer
from registry.transparency.format.text import SIZE_LIMIT, BadSignature, Malformed, b64encode, parse_hash, parse_size

_LABEL = b"subtree/v1\n\x00"
_NAME_LIMIT_BYTES = 255
_STAMP_BYTES = 8


class Checkpoint(NamedTuple):
    """
    The head of the tree: *size* leaves under *root* (32 bytes), stated by the log *origin*.

    *extensions* are further lines, opaque and never empty, which say nothing that anybody here relies on.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


class Seal(NamedTuple):
    """One verified signature on a checkpoint; *timestamp* in POSIX seconds, 0 where the signature has none."""

    key: VerifierKey
    timestamp: int


class SealedCheckpoint(NamedTuple):
    """A checkpoint and those of the asked keys that signed it, all verified."""

    checkpoint: Checkpoint
    seals: tuple[Seal, ...]


def checkpoint_text(checkpoint: Checkpoint) -> str:
    """The note text: origin, size, root, extensions, one line each. Raises `Malformed` for what cannot be read back."""
    lines = (checkpoint.origin, str(checkpoint.size), b64encode(checkpoint.root), *checkpoint.extensions)
    text = "".join(f"{line}\n" for line in lines)
    if parse_checkpoint_text(text) != checkpoint:
        raise Malformed(f"{checkpoint.origin!r} cannot be an origin")
    return text


@lru_cache(maxsize=4)  # one receipt reads the text up to four times: in its proof and its claim's, then to verify it
def parse_checkpoint_text(text: str) -> Checkpoint:
    """Read a note text: origin, size, root, and any extension lines, none of them empty. Raises `Malformed`."""
    *lines, rest = text.split("\n")
    if rest or len(lines) < 3 or not all(lines):  # noqa: PLR2004 - origin, size, root
        raise Malformed("a checkpoint has the lines origin, size, root and any extensions, and none is empty")
    origin, size, root, *extensions = lines
    return Checkpoint(origin, parse_size(size), parse_hash(root), tuple(extensions))


def sign_checkpoint(checkpoint: Checkpoint, signer: Signer) -> SignatureLine:
    """The log's Ed25519 signature, type 0x01, over the note text."""
    return sign_note(checkpoint_text(checkpoint), signer)


def cosign(checkpoint: Checkpoint, signer: Signer, *, timestamp: int) -> SignatureLine:
    """
    Sign a checkpoint as a `timestamped_signature`, type 0x04 or 0x06 by the signer's key.

    *timestamp* in POSIX seconds: a witness states when it saw this as the largest tree; zero, permitted for 0x06 only,
    makes no such statement. Raises `Malformed`.
    """
    message = _cosigned_message(checkpoint, checkpoint_text(checkpoint), signer.key, timestamp)
    return SignatureLine(signer.key.name, signer.key.key_id, timestamp.to_bytes(_STAMP_BYTES) + signer.sign(message))


def subtree_message(name: str, timestamp: int, checkpoint: Checkpoint) -> bytes:
    """The `cosigned_message` struct of tlog-cosignature for a whole tree: start 0, end its size."""
    return b"".join(
        (
            _LABEL,
            _short(name),
            timestamp.to_bytes(_STAMP_BYTES),
            _short(checkpoint.origin),
            bytes(8),
            checkpoint.size.to_bytes(8),
            checkpoint.root,
        )
    )


def verify_checkpoint(note: Note, keys: Iterable[VerifierKey]) -> SealedCheckpoint:
    """
    Read a checkpoint and verify every signature on it that one of *keys* claims to have made.

    Lines by other keys are ignored, as signed-note demands. Which keys must be among the seals is for the caller to
    say. Raises `Malformed`, and `BadSignature` when a line by a known key does not verify.
    """
    checkpoint = parse_checkpoint_text(note.text)
    seals = (Seal(key, _verify_line(key, line, note.text, checkpoint)) for line, key in known_lines(note, keys))
    return SealedCheckpoint(checkpoint, tuple(seals))


def seals_that_hold(note: Note, keys: Iterable[VerifierKey]) -> SealedCheckpoint:
    """
    Like `verify_checkpoint`, but a line that does not verify is passed over.

    For evidence only: what one key signed stays signed, whatever somebody wrote beside it. Raises `Malformed`.
    """
    checkpoint = parse_checkpoint_text(note.text)
    seals = []
    for line, key in known_lines(note, keys):
        with suppress(BadSignature):
            seals.append(Seal(key, _verify_line(key, line, note.text, checkpoint)))
    return SealedCheckpoint(checkpoint, tuple(seals))


def _verify_line(key: VerifierKey, line: SignatureLine, text: str, checkpoint: Checkpoint) -> int:
    if key.kind == ED25519:
        verify_plain(key, line, text)
        return 0
    timestamp = int.from_bytes(line.signature[:_STAMP_BYTES])
    try:
        message = _cosigned_message(checkpoint, text, key, timestamp)
    except Malformed as error:
        raise BadSignature(str(error)) from error
    signature = line.signature[_STAMP_BYTES:]
    if key.kind == COSIGNATURE_ED25519:
        verify_ed25519(key, signature, message)
    else:
        _verify_ml_dsa(key, signature, message)
    return timestamp


def _cosigned_message(checkpoint: Checkpoint, text: str, key: VerifierKey, timestamp: int) -> bytes:
    if not 0 <= timestamp < SIZE_LIMIT:
        raise Malformed(f"timestamp {timestamp} of a cosignature is not below 2^63")
    if key.kind == COSIGNATURE_ML_DSA_44:
        return subtree_message(key.name, timestamp, checkpoint)
    if key.kind == COSIGNATURE_ED25519:
        return f"cosignature/v1\ntime {timestamp}\n{text}".encode()
    raise Malformed(f"key type {key.kind:#04x} makes no cosignatures")


def _verify_ml_dsa(key: VerifierKey, signature: bytes, message: bytes) -> None:
    try:
        MLDSA44PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature as error:
        raise BadSignature(f"the ML-DSA-44 signature of {key.name} does not verify") from error


def _short(text: str) -> bytes:
    """`opaque <1..2^8-1>`: one length byte, then the text in UTF-8."""
    data = text.encode()
    if not 1 <= len(data) <= _NAME_LIMIT_BYTES:
        raise Malformed(f"a name of {len(data)} bytes; a cosignature takes 1 to {_NAME_LIMIT_BYTES}")
    return bytes([len(data)]) + data
