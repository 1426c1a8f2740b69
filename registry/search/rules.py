"""What a text can be that names one thing: each kind of code has its own form. Pure."""

import re
from typing import Final, Literal, NamedTuple

from schemas.serials import InstrumentCode, IssuanceCode, ProjectCode, Serial

CodeKind = Literal[
    "serial",
    "issuance",
    "instrument",
    "project",
    "retirement",
    "cancellation",
    "claim",
    "statement",
    "receipt",
    "number",
]
_RECEIPT: Final = re.compile(r"([A-Za-z])-([A-Za-z2-7]{26})")
_ORDERS: Final[dict[str, CodeKind]] = {"R": "retirement", "X": "cancellation", "C": "claim"}
_PAPER: Final = re.compile(r"[A-Za-z2-7]{32}")
_HASH: Final = re.compile(r"[0-9a-fA-F]{64}")
_NUMBER: Final = re.compile(r"#?([1-9][0-9]{0,14})")
_ONE_KG: Final = re.compile(r"([^:]+):([0-9]{1,16})KG")
"""A serial as it is shown when it is of one kilogram."""
_SPACES: Final = re.compile(r"\s+")


class Code(NamedTuple):
    """A text that names one thing of a *kind*, in its one spelling."""

    kind: CodeKind
    text: str


def words_of(text: str) -> str:
    """What was typed, without spaces around it and with single ones in it."""
    return _SPACES.sub(" ", text).strip()


def code_of(words: str) -> Code | None:
    """The code that *words* are, or None if they are words. Copied from a page or paper, it may be in small letters."""
    given = words.replace(" ", "")
    if found := _RECEIPT.fullmatch(given):
        kind = _ORDERS.get(found[1].upper())
        return Code(kind, given.upper()) if kind else None
    if _HASH.fullmatch(given):
        return Code("statement", given.lower())
    if _PAPER.fullmatch(given):
        return Code("receipt", given.upper())
    if found := _NUMBER.fullmatch(given):
        return Code("number", found[1])
    return _code_of_credits(given.upper())


def _code_of_credits(given: str) -> Code | None:
    serial = _ONE_KG.sub(r"\1:\2-\2KG", given).removesuffix("KG") + "kg" if ":" in given else given
    forms: tuple[tuple[CodeKind, type[Serial | IssuanceCode | InstrumentCode | ProjectCode], str], ...] = (
        ("serial", Serial, serial),
        ("issuance", IssuanceCode, given),
        ("instrument", InstrumentCode, given),
        ("project", ProjectCode, given),
    )
    for kind, form, text in forms:
        try:
            form.parse(text)
        except ValueError:
            continue
        return Code(kind, text)
    return None
