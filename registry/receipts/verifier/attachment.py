"""
The receipts inside a certificate: a PDF/A-3 as the registry writes it, and no other.

No PDF is interpreted. What is looked for is the exact form in which the certificates' typesetter writes an attached
file, within limits, so that a PDF can do nothing here but be read or be refused. A file that other software saved anew
has another form: its receipt can be taken out of it with any PDF reader and checked by itself.
"""

import re
import zlib
from collections.abc import Iterator
from typing import NamedTuple

from registry.transparency.format.strict_json import DOCUMENT_LIMIT_BYTES
from registry.transparency.format.text import Malformed

PDF_LIMIT_BYTES = 1 << 23
ATTACHED_LIMIT = 100
_START = b"%PDF-"
_NAMED = re.compile(
    rb"/Type/Filespec/F\(([A-Za-z0-9._-]{1,100})\)/UF\(\1\)/EF<</F ([1-9][0-9]{0,6}) 0 R/UF \2 0 R>>"
    rb"/AFRelationship/Source"
)
_HEAD = re.compile(
    rb"<</Length ([1-9][0-9]{0,6})/Type/EmbeddedFile(/Filter/FlateDecode)?/Subtype/application#2Fjson"
    rb"/Params<<[^<>]{0,200}>>>>\nstream\n"
)
_TAIL = b"\nendstream\nendobj\n"


class Attached(NamedTuple):
    """A receipt in a PDF, by the name under which it is attached."""

    name: str
    content: bytes


def is_pdf(raw: bytes) -> bool:
    """Whether a file begins as a PDF does."""
    return raw.startswith(_START)


def attached(raw: bytes) -> tuple[Attached, ...]:
    """Every receipt that is attached to the PDF *raw*; one at least. Raises `Malformed`."""
    if len(raw) > PDF_LIMIT_BYTES:
        raise Malformed(f"a PDF of more than {PDF_LIMIT_BYTES} bytes; no certificate is as long")
    found = tuple(_found(raw))
    if not found:
        raise Malformed(
            "a PDF without a receipt in it. If it was saved anew by other software, use the file as it was downloaded, "
            "or save the attached receipt and check that"
        )
    return found


def _found(raw: bytes) -> Iterator[Attached]:
    for count, named in enumerate(_NAMED.finditer(raw), start=1):
        if count > ATTACHED_LIMIT:
            raise Malformed(f"a PDF with more than {ATTACHED_LIMIT} receipts")
        name = named[1].decode()
        begins = raw.find(b"\n%b 0 obj\n" % named[2])
        head = _HEAD.match(raw, begins + len(named[2]) + len(b"\n 0 obj\n")) if begins >= 0 else None
        if head is None:
            raise Malformed(f"the attached {name} is damaged: its place in the PDF cannot be read")
        end = head.end() + int(head[1])
        if raw[end : end + len(_TAIL)] != _TAIL:
            raise Malformed(f"the attached {name} is damaged: it does not end where the PDF says")
        stored = raw[head.end() : end]
        yield Attached(name, _inflated(name, stored) if head[2] else stored)


def _inflated(name: str, stored: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(stored, DOCUMENT_LIMIT_BYTES + 1)
    except zlib.error as error:
        raise Malformed(f"the attached {name} is damaged: it cannot be unpacked") from error
    if not unpacking.eof or unpacking.unused_data:
        raise Malformed(f"the attached {name} is damaged, or longer than {DOCUMENT_LIMIT_BYTES} bytes")
    return content
