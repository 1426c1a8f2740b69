"""
Typesetting: facts in, PDF/A-3 out. The same facts give the same bytes, in whatever process.

Whatever people wrote goes in as data, so typst never reads it as markup. Fonts are those beside this file and no
others: a machine's own would make other bytes. typst draws nothing for a character that no font has, so texts are
checked against the fonts' own tables first.
"""

import struct
from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import typst

from registry.kit.problems import DomainError, Kind
from registry.receipts.verifier.attachment import Attached

FONTS: Final = Path(__file__).parent / "fonts"
TEMPLATE: Final = Path(__file__).parent / "certificate.typ"
STANDARD: Final = "a-3b"
_FORMAT_4: Final = 4


class NoGlyph(DomainError):
    """A text has a character that the certificate's fonts cannot draw."""

    kind, slug, title = Kind.UNPROCESSABLE, "no-glyph", "A character cannot be printed"


def typeset(sheet: msgspec.Struct, receipts: Sequence[Attached], *, at: datetime) -> bytes:
    """
    One sheet as PDF/A-3 with *receipts* attached; *at* is the moment that the PDF states as its own.

    Slow (tens of milliseconds of processor time) and without the interpreter's lock: call it in a thread. Raises
    `NoGlyph`.
    """
    require_drawn(_texts(msgspec.to_builtins(sheet)))
    attached = [{"name": each.name, "text": each.content.decode()} for each in receipts]
    pdf = typst.compile(
        str(TEMPLATE),
        root=str(TEMPLATE.parent),
        font_paths=fonts(),
        sys_inputs={
            "certificate": msgspec.json.encode(sheet).decode(),
            "receipts": msgspec.json.encode(attached).decode(),
        },
        format="pdf",
        pdf_standards=STANDARD,
        timestamp=int(at.timestamp()),
    )
    assert isinstance(pdf, bytes)
    return pdf


def require_drawn(texts: Iterator[str]) -> None:
    """Raise `NoGlyph` for the first texts that no font here can draw, naming the characters."""
    known = characters()
    missing = sorted({char for text in texts for char in text if ord(char) not in known and char != "\n"})
    if missing:
        named = ", ".join(
            f"{char} (U+{ord(char):04X})" if char.isprintable() else f"U+{ord(char):04X}" for char in missing[:10]
        )
        raise NoGlyph(
            f"The certificate's fonts have no sign for {named}. They have GBK, and Latin, Greek and Cyrillic letters "
            "with their accents. The receipt itself has the text as it was written, and needs no font."
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


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


@cache
def fonts() -> typst.Fonts:
    """The fonts of this folder, read once."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
