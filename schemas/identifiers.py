"""
Identifiers of organisations, checked to their last character.

Two schemes: the unified social credit code of mainland China (统一社会信用代码, GB 32100-2015) and the Legal Entity
Identifier (ISO 17442). Statements carry them as structured ids, not as spellings of a name
(registry/transparency/FORMAT.md).
"""

from typing import Final, Literal

from msgspec import Struct

USCC_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The 31 characters of GB 32100-2015, in order of their value: no I, O, S, V, Z."""
USCC_LENGTH: Final = 18
LEI_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
"""The 36 characters of ISO 17442; ISO 7064 gives them the values 0 to 35."""
LEI_LENGTH: Final = 20
LEI_CHECK_LENGTH: Final = 2


def uscc_check_character(first_17: str) -> str:
    """
    Return the 18th character of a USCC from the first 17.

    GB 32100-2015: C18 = 31 - (sum of value(Ci) * 3^(i-1) mod 31), with 31 read as 0. Raises `ValueError` for a wrong
    length or character.
    """
    _require("USCC without its check character", first_17, USCC_ALPHABET, USCC_LENGTH - 1)
    weighted = sum(USCC_ALPHABET.index(char) * pow(3, place, 31) for place, char in enumerate(first_17))
    return USCC_ALPHABET[-weighted % 31]


def check_uscc(text: str) -> None:
    """Raise `ValueError` unless *text* is a USCC with the right check character; the text says what is wrong."""
    _require("USCC", text, USCC_ALPHABET, USCC_LENGTH)
    expected = uscc_check_character(text[:-1])
    if text[-1] != expected:
        raise ValueError(f"USCC {text}: the check character is {text[-1]}, expected {expected}")


def lei_check_digits(first_18: str) -> str:
    """
    Return the two check digits of an LEI from its first 18 characters.

    ISO 7064 mod 97-10: letters become 10 to 35, then 98 - (number * 100 mod 97). Raises `ValueError` for a wrong length
    or character.
    """
    _require("LEI without its check digits", first_18, LEI_ALPHABET, LEI_LENGTH - LEI_CHECK_LENGTH)
    number = int("".join(str(LEI_ALPHABET.index(char)) for char in first_18))
    return f"{98 - number * 100 % 97:02d}"


def check_lei(text: str) -> None:
    """
    Raise `ValueError` unless *text* is an LEI with the right check digits; the text says what is wrong.

    Stricter than "mod 97 gives 1": the digits 00, 01 and 99 pass that test too, and no LEI is issued with them.
    """
    _require("LEI", text, LEI_ALPHABET, LEI_LENGTH)
    body, given = text[:-LEI_CHECK_LENGTH], text[-LEI_CHECK_LENGTH:]
    expected = lei_check_digits(body)
    if given != expected:
        raise ValueError(f"LEI {text}: the check digits are {given}, expected {expected}")


class Identifier(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One organisation under one scheme. Raises `ValueError` (decoding: `ValidationError`) when the checks fail."""

    scheme: Literal["uscc", "lei"]
    value: str

    def __post_init__(self) -> None:
        """Verify length, alphabet and check characters."""
        match self.scheme:
            case "uscc":
                check_uscc(self.value)
            case "lei":
                check_lei(self.value)


def _require(what: str, text: str, alphabet: str, length: int) -> None:
    if len(text) != length:
        raise ValueError(f"{what}: {length} characters expected, {len(text)} given")
    for position, char in enumerate(text, start=1):
        if char not in alphabet:
            raise ValueError(f"{what}: character {char!r} at position {position} is not one of {alphabet}")
