"""
The letters that certificates are printed with, and whether a text can be written with them.

typst draws nothing for a character that no font has, so what is going to stand on a certificate is checked against the
fonts' own tables: where it is typed in, and once more where it is typeset.
"""

import struct
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Final

from registry.kit.problems import DomainError, Kind

FONTS: Final = Path(__file__).parent / "fonts"
_FORMAT_4: Final = 4
_NAMED: Final = 10
"""Characters that a refusal names."""


class NoGlyph(DomainError):
    """A text has a character that the certificate's fonts cannot draw."""

    kind, slug, title = Kind.UNPROCESSABLE, "no-glyph", "A character cannot be printed"


def one_line(text: str) -> str:
    """A text in one line, composed (NFC): a letter and its accent are one sign where there is one."""
    return " ".join(unicodedata.normalize("NFC", text).split())


def require_drawn(texts: Iterable[str | None]) -> None:
    """Raise `NoGlyph` if one of the *texts* has characters that no font here can draw, naming them."""
    known = characters()
    missing = sorted({char for text in texts if text for char in one_line(text) if ord(char) not in known})
    if missing:
        named = ", ".join(
            f"{char} (U+{ord(char):04X})" if char.isprintable() else f"U+{ord(char):04X}" for char in missing[:_NAMED]
        )
        raise NoGlyph(
            f"The certificate's fonts have no sign for {named}. They have GBK, Latin, Greek and Cyrillic letters with "
            "their accents, Arabic with Uyghur, and Tibetan. Write it without. Where it stands in the log already, the "
            "receipt has the text as it was written, and needs no font.",
            characters="".join(missing[:_NAMED]),
        )


@cache
def characters() -> frozenset[int]:
    """Every character that one of the fonts draws, read from the fonts' `cmap` tables."""
    found: set[int] = set()
    for path in sorted(FONTS.glob("*.[ot]tf")):
        found |= set(_mapped(path.read_bytes()))
    return frozenset(found)


def _mapped(font: bytes) -> Iterator[int]:
    """The character codes that a font's `cmap` gives a glyph (OpenType, subtable of format 4: the Basic Plane)."""
    (tables,) = struct.unpack_from(">H", font, 4)
    records = (struct.unpack_from(">4sIII", font, 12 + 16 * at) for at in range(tables))
    cmap = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    (offset,) = struct.unpack_from(">I", font, cmap + 8)
    start = cmap + offset
    form, _, _, doubled = struct.unpack_from(">4H", font, start)
    assert form == _FORMAT_4, "the fonts here have one table of characters, of format 4"
    ends, count = start + 14, doubled // 2
    for at in range(count):
        last, first, delta, jump = (
            struct.unpack_from(">H", font, ends + 2 * (at + pad) + doubled * nth)[0]
            for nth, pad in enumerate((0, 1, 1, 1))
        )
        here = ends + 2 + 3 * doubled + 2 * at
        for code in range(first, min(last, 0xFFFE) + 1):
            glyph = code + delta if not jump else struct.unpack_from(">H", font, here + jump + 2 * (code - first))[0]
            if glyph % 0x10000:
                yield code
