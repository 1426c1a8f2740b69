"""How a statement becomes the text of a leaf, and which sections it names by digest only. Pure."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

from registry.kit.problems import DomainError, Kind
from registry.transparency.format import statement as form
from registry.transparency.format import strict_json
from registry.transparency.format.statement_rules import check_statement
from registry.transparency.format.text import Malformed
from schemas.statements import Statement

RANGE_LIMIT = 200
"""Ranges in one statement; work with more is split (registry/transparency/FORMAT.md)."""


class StatementTooLarge(DomainError):
    """A statement would not fit into a leaf."""

    kind, slug, title = Kind.UNPROCESSABLE, "statement-too-large", "Too large for the public log"


class StatementContradicts(DomainError):
    """A statement would contradict itself or the one that it names; a verifier would refuse it for ever."""

    kind, slug, title = Kind.UNPROCESSABLE, "statement-contradicts", "The statement contradicts itself"


class NotInTheLog(DomainError):
    """The path names no tile of the log as it is now."""

    kind, slug, title = Kind.UNKNOWN, "not-in-the-log", "Not in the log"


class NotYetWitnessed(DomainError):
    """The statement is committed, but no witnessed checkpoint covers it yet."""

    kind, slug, title = Kind.PENDING, "not-yet-witnessed", "Not yet witnessed"


@dataclass(frozen=True, slots=True)
class SealedSection:
    """A section that a statement only names by digest: *text* is JCS; *salt* makes the digest unguessable."""

    label: str
    salt: bytes
    text: str

    @property
    def digest(self) -> str:
        """SHA-256(label || 0x00 || salt || JCS) in hexadecimal."""
        return form.section_digest(self.label, self.salt, self.text)


def seal(label: str, value: object) -> SealedSection:
    """Seal *value* with a fresh salt."""
    return SealedSection(label, secrets.token_bytes(form.SALT_BYTES), strict_json.encode(value).decode())


def sections(openings: tuple[SealedSection, ...]) -> dict[str, str]:
    """The digests as a statement carries them."""
    return {each.label: each.digest for each in openings}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as it is appended: its text, its hash, and the sections that it only names by digest."""

    type: str
    text: str
    sha256: bytes
    sections: tuple[SealedSection, ...] = ()


def prepare(origin: str, statement: Statement, sections: tuple[SealedSection, ...] = ()) -> Prepared:
    """
    Make the text and the hash of a statement, after the rules that every verifier applies to it.

    Raises `StatementContradicts` and `StatementTooLarge`.
    """
    require_sense(partial(check_statement, statement), statement)
    text = note_text(origin, statement)
    return Prepared(statement.TYPE, text, bytes.fromhex(form.statement_hash(text)), sections)


def require_sense(check: Callable[[], None], statement: Statement) -> None:
    """Run a check of the formats' rules before *statement* is appended. Raises `StatementContradicts`."""
    try:
        check()
    except Malformed as error:
        raise StatementContradicts(f"The {statement.TYPE} statement would not be valid: {error}.") from error


class StatementColumns(NamedTuple):
    """Statements and their sections as the database function `append_statements` takes them."""

    types: list[str]
    texts: list[str]
    hashes: list[bytes]
    section_of: list[int]
    labels: list[str]
    salts: list[bytes]
    sealed: list[str]


def statement_columns(prepared: Sequence[Prepared]) -> StatementColumns:
    """Turn statements into columns; a section names its statement by number, from 1."""
    sections = [(number, section) for number, each in enumerate(prepared, 1) for section in each.sections]
    return StatementColumns(
        types=[each.type for each in prepared],
        texts=[each.text for each in prepared],
        hashes=[each.sha256 for each in prepared],
        section_of=[number for number, _ in sections],
        labels=[section.label for _, section in sections],
        salts=[section.salt for _, section in sections],
        sealed=[section.text for _, section in sections],
    )


def note_text(origin: str, statement: Statement) -> str:
    """Type line, JSON under RFC 8785, newline. Raises `StatementTooLarge`."""
    try:
        return form.statement_text(origin, statement)
    except Malformed as error:
        raise StatementTooLarge(f"The {statement.TYPE} statement does not fit into the log: {error}.") from error
