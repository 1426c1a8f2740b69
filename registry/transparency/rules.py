"""How a statement becomes the text of a leaf. Pure."""

import hashlib
import secrets
from dataclasses import dataclass

from registry.kit.problems import DomainError, Kind
from registry.transparency.format import strict_json
from schemas.statements import Statement

NOTE_LIMIT_BYTES = 60_000
"""C2SP allows a leaf 65,535 bytes; what is refused above leaves room for the signature."""
RANGE_LIMIT = 200
"""Ranges in one statement; work with more is split (RECEIPTS.md, "Encoding")."""
SALT_BYTES = 16


class StatementTooLarge(DomainError):
    """A statement would not fit into a leaf."""

    kind, slug, title = Kind.UNPROCESSABLE, "statement-too-large", "Too large for the public log"


class NotInTheLog(DomainError):
    """The path names no tile of the log as it is now."""

    kind, slug, title = Kind.UNKNOWN, "not-in-the-log", "Not in the log"


@dataclass(frozen=True, slots=True)
class Opening:
    """A section that a statement only names by digest: *text* is JSON; *salt* makes the digest unguessable."""

    label: str
    salt: bytes
    text: str

    @property
    def digest(self) -> str:
        """SHA-256(label || 0x00 || salt || JCS) in hexadecimal."""
        return hashlib.sha256(self.label.encode() + b"\x00" + self.salt + self.text.encode()).hexdigest()


def seal(label: str, value: object) -> Opening:
    """Put *value* behind a fresh salted digest."""
    return Opening(label, secrets.token_bytes(SALT_BYTES), strict_json.encode(value).decode())


def sections(openings: tuple[Opening, ...]) -> dict[str, str]:
    """The digests as a statement carries them."""
    return {each.label: each.digest for each in openings}


def note_text(origin: str, statement: Statement) -> str:
    """Type line, JSON under RFC 8785, newline. Raises `StatementTooLarge`."""
    text = f"{origin}/{statement.TYPE}\n{strict_json.encode(statement).decode()}\n"
    if len(text.encode()) > NOTE_LIMIT_BYTES:
        raise StatementTooLarge(
            f"The {statement.TYPE} statement has {len(text.encode())} bytes; {NOTE_LIMIT_BYTES} fit. Use shorter texts."
        )
    return text


def statement_hash(text: str) -> bytes:
    """SHA-256 of the note text: how statements refer to each other."""
    return hashlib.sha256(text.encode()).digest()
