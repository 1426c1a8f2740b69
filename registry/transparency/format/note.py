"""Signed notes (c2sp.org/signed-note): texts with signature lines, verifier keys, Ed25519 of type 0x01."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from registry.transparency.format.curve import require_sound_point
from registry.transparency.format.text import BadSignature, Malformed, b64decode, b64encode, parse_hex

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from registry.transparency.format.signer import Signer

ED25519 = 0x01
COSIGNATURE_ED25519 = 0x04
COSIGNATURE_ML_DSA_44 = 0x06
KEY_BYTES = {ED25519: 32, COSIGNATURE_ED25519: 32, COSIGNATURE_ML_DSA_44: 1312}

NOTE_LIMIT_BYTES = 1 << 17  # 16 post-quantum signatures of nearly 5 kB are 80 kB and must be accepted
SIGNATURES_LIMIT = 32
KEY_ID_BYTES = 4
_CONTROLS = bytes({*range(0x20)} - {ord("\n")})
DASH = "\u2014 "


class VerifierKey(NamedTuple):
    """A public key with the name and the use it is trusted for. Make it with `verifier_key` or `parse_vkey`."""

    name: str
    kind: int
    public: bytes
    key_id: bytes

    def text(self) -> str:
        """`name+hash+base64(type || key)`, the form that trust and policy files use."""
        return f"{self.name}+{self.key_id.hex()}+{b64encode(bytes([self.kind]) + self.public)}"


class SignatureLine(NamedTuple):
    """One signature of a note; *signature* excludes the four bytes of the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def text(self) -> str:
        """The line as it stands in a note, with its newline."""
        return f"{DASH}{self.name} {b64encode(self.key_id + self.signature)}\n"


class Note(NamedTuple):
    """A note taken apart: *text* ends in a newline. Nothing in it is verified yet."""

    text: str
    signatures: tuple[SignatureLine, ...]


def key_id(name: str, kind: int, public: bytes) -> bytes:
    """SHA-256(name || 0x0A || type || key)[:4], as signed-note and tlog-cosignature define it."""
    return hashlib.sha256(b"%s\n%c%s" % (name.encode(), kind, public)).digest()[:KEY_ID_BYTES]


def verifier_key(name: str, kind: int, public: bytes) -> VerifierKey:
    """
    Make a key that may be trusted, with its id computed from its bytes.

    Raises `Malformed` for an unknown type, a wrong length, a bad name, and for Ed25519 points that are not
    canonical, not on the curve or of low order (such a key accepts signatures that nobody made). So it does for an
    ML-DSA-44 key where nothing is installed that verifies with it: it must not look as if a signature were wrong.
    """
    require_key_name(name)
    if KEY_BYTES.get(kind) != len(public):
        raise Malformed(f"key type {kind:#04x} with {len(public)} bytes is not one that Kilnwood knows")
    if kind in (ED25519, COSIGNATURE_ED25519):
        require_sound_point(public)
    else:
        _require_ml_dsa(name, public)
    return VerifierKey(name, kind, public, key_id(name, kind, public))


def _require_ml_dsa(name: str, public: bytes) -> None:
    try:
        MLDSA44PublicKey.from_public_bytes(public)
    except UnsupportedAlgorithm as error:
        raise Malformed(
            f"the key of {name} is of ML-DSA-44, which the cryptography package installed here cannot verify; nothing "
            "is judged without it. Install a wheel of cryptography 50 or newer"
        ) from error


def parse_vkey(text: str) -> VerifierKey:
    """Read `name+hash+base64(type || key)`; the hash must be what the bytes give. Raises `Malformed`."""
    parts = text.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - name, hash, key
        raise Malformed("a verifier key has the form name+hash+key")
    name, stated, encoded = parts
    data = b64decode(encoded)
    if not data:
        raise Malformed("a verifier key without bytes")
    key = verifier_key(name, data[0], data[1:])
    if parse_hex(stated, size=KEY_ID_BYTES) != key.key_id:
        raise Malformed(f"the key of {name} states id {stated}, its bytes give {key.key_id.hex()}")
    return key


def require_key_name(name: str) -> None:
    """Key names are non-empty and hold no Unicode space, control character or plus. Raises `Malformed`."""
    if name.split() != [name] or "+" in name or min(name) < " ":
        raise Malformed(f"{name!r} cannot name a key: it is empty or holds a space or a plus")


def parse_note(source: str | bytes) -> Note:
    """Take a signed note apart; the last empty line divides text and signatures. Raises `Malformed`."""
    whole = _checked_text(source)
    text, divider, tail = whole.rpartition("\n\n")
    lines = tail.split("\n")
    if not divider or not text or lines.pop() != "" or not lines:
        raise Malformed("a signed note is a text, an empty line, and signature lines that each end in a newline")
    if len(lines) > SIGNATURES_LIMIT:
        raise Malformed(f"{len(lines)} signatures on one note; the limit is {SIGNATURES_LIMIT}")
    return Note(text + "\n", tuple(_parse_line(line) for line in lines))


def parse_signature_lines(source: str) -> tuple[SignatureLine, ...]:
    """Read one or more signature lines as a witness returns them, each ending in a newline. Raises `Malformed`."""
    *lines, rest = source.split("\n")
    if rest or not lines or len(lines) > SIGNATURES_LIMIT:
        raise Malformed("expected signature lines that each end in a newline")
    return tuple(_parse_line(line) for line in lines)


def format_note(text: str, signatures: Iterable[SignatureLine]) -> str:
    """Write a signed note: text, empty line, signature lines in the order given. Raises `Malformed`."""
    lines = "".join(line.text() for line in signatures)
    whole = f"{text}\n{lines}"
    if not text.endswith("\n") or parse_note(whole).text != text:
        raise Malformed("a note text ends in exactly one newline")
    return whole


def sign_note(text: str, signer: Signer) -> SignatureLine:
    """Sign a note text with an Ed25519 key of type 0x01."""
    if signer.key.kind != ED25519:
        raise Malformed(f"key type {signer.key.kind:#04x} does not sign plain notes")
    return SignatureLine(signer.key.name, signer.key.key_id, signer.sign(text.encode()))


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> tuple[VerifierKey, ...]:
    """
    Which of *keys* (type 0x01) signed this note.

    Lines by other keys are ignored, as signed-note demands; a line by one of *keys* that does not verify rejects
    the whole note. Raises `BadSignature`, also when nobody in *keys* signed.
    """
    signed = tuple(key for line, key in known_lines(note, keys) if verify_plain(key, line, note.text))
    if not signed:
        raise BadSignature("no trusted key signed this note")
    return signed


def known_lines(note: Note, keys: Iterable[VerifierKey]) -> list[tuple[SignatureLine, VerifierKey]]:
    """Pair each signature line with the key of the same name *and* id; lines without such a key are left out."""
    known = {(key.name, key.key_id): key for key in keys}
    pairs = ((line, known.get((line.name, line.key_id))) for line in note.signatures)
    return [(line, key) for line, key in pairs if key is not None]


def verify_plain(key: VerifierKey, line: SignatureLine, text: str) -> bool:
    """Verify a type 0x01 signature over a note text; True, or raises `BadSignature`."""
    if key.kind != ED25519:
        raise BadSignature(f"key type {key.kind:#04x} does not sign plain notes")
    verify_ed25519(key, line.signature, text.encode())
    return True


def verify_ed25519(key: VerifierKey, signature: bytes, message: bytes) -> None:
    """Verify an Ed25519 signature of 64 bytes (RFC 8032). Raises `BadSignature`."""
    try:
        Ed25519PublicKey.from_public_bytes(key.public).verify(signature, message)
    except InvalidSignature as error:
        raise BadSignature(f"the Ed25519 signature of {key.name} does not verify") from error


def _checked_text(source: str | bytes) -> str:
    try:
        raw, text = (source, source.decode()) if isinstance(source, bytes) else (source.encode(), source)
    except UnicodeError as error:
        raise Malformed("a note is valid UTF-8") from error
    if len(raw) > NOTE_LIMIT_BYTES:
        raise Malformed(f"a note of {len(raw)} bytes; the limit is {NOTE_LIMIT_BYTES}")
    if raw.translate(None, _CONTROLS) != raw:  # in UTF-8 these bytes stand for nothing else
        raise Malformed("a note holds no control character but the newline")
    return text


def _parse_line(line: str) -> SignatureLine:
    name, space, encoded = line[len(DASH) :].partition(" ")
    if not line.startswith(DASH) or not space:
        raise Malformed("a signature line is: em dash, space, key name, space, base64")
    require_key_name(name)
    data = b64decode(encoded)
    if len(data) <= KEY_ID_BYTES:
        raise Malformed("a signature line without a signature")
    return SignatureLine(name, data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])
