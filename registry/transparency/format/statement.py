"""Statements as the log holds them: type line, JSON, newline; signed by the issuer; the signed note is the leaf."""

from hashlib import sha256

from registry.transparency.format.note import format_note, sign_note
from registry.transparency.format.signer import Signer
from registry.transparency.format.strict_json import encode
from registry.transparency.format.text import Malformed
from schemas.statements import Statement

LEAF_LIMIT_BYTES = 60_000
"""Refused above; tlog-tiles holds at most 65,535. Split work at 200 ranges a statement."""
SALT_BYTES = 32


def statement_text(origin: str, statement: Statement) -> str:
    """`<origin>/<type>`, the statement as JCS, each on its line. Raises `Malformed` when it is too long for a leaf."""
    text = f"{origin}/{statement.TYPE}\n{encode(statement).decode()}\n"
    require_fits(text)
    return text


def require_fits(text: str) -> None:
    """A note text has at most 60,000 bytes, for writers and readers. Raises `Malformed`."""
    size = len(text.encode())
    if size > LEAF_LIMIT_BYTES:
        raise Malformed(f"a statement of {size} bytes; the limit is {LEAF_LIMIT_BYTES}: split it")


def statement_hash(text: str) -> str:
    """SHA-256 of the note text in hexadecimal: how other statements name this one, known before it is signed."""
    return sha256(text.encode()).hexdigest()


def sign_statement(text: str, issuer: Signer) -> str:
    """The leaf: the whole signed note, by the issuer's Ed25519 key."""
    return format_note(text, [sign_note(text, issuer)])


def bundle_digest(note: str, proof: str) -> str:
    """SHA-256(note || 0x00 || proof) in hexadecimal: what a bundle says of its own bytes, against damage only."""
    return sha256(b"%s\x00%s" % (note.encode(), proof.encode())).hexdigest()


def section_digest(label: str, salt: bytes, text: str) -> str:
    """
    `SHA-256(label || 0x00 || salt || JCS)` in hexadecimal.

    *salt* has exactly 32 bytes, so that nothing can shift between it and the text. Raises `Malformed`.
    """
    if len(salt) != SALT_BYTES or "\x00" in label:
        raise Malformed(f"a section has a salt of {SALT_BYTES} bytes and a label without NUL")
    return sha256(b"%s\x00%s%s" % (label.encode(), salt, text.encode())).hexdigest()
