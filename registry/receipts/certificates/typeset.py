"""
Typesetting: facts in, PDF/A-3 out. The same facts give the same bytes, in whatever process.

Whatever people wrote goes in as data, so typst never reads it as markup. Fonts are those of `registry/kit/fonts` and no
others: a machine's own would make other bytes. Texts are checked against them first (`registry/kit/lettering.py`).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Final

import msgspec
import typst

from registry.kit.lettering import FONTS, require_drawn
from registry.receipts.verifier.attachment import Attached

TEMPLATE: Final = Path(__file__).parent / "certificate.typ"
STANDARD: Final = "a-3b"


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
    """The fonts of the repository, read once."""
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(FONTS)])
