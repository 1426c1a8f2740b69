"""
Which files may be uploaded, and whether one is what its Content-Type says. Pure.

Nothing here opens, unpacks or runs a file: it is given back as a download, byte for byte. What is kept out is what no
project needs as evidence (programs, pages, scripts, archives, macros), and a file under a wrong name.
"""

from typing import Final

import msgspec

from registry.kit.problems import DomainError, Kind

_STARTS: Final = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/tiff": (b"II*\x00", b"MM\x00*"),
}
_OFFICE: Final = {
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": b"xl/workbook.xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": b"word/document.xml",
}
_TEXTS: Final = frozenset({"text/plain", "text/csv"})
_JSON: Final = frozenset({"application/json", "application/geo+json"})
TYPES: Final = (*_STARTS, *_OFFICE, *sorted(_TEXTS), *sorted(_JSON))
"""Every media type that is taken."""
_NO_TEXT: Final = bytes(set(range(0x20)) - set(b"\t\n\f\r")) + b"\x7f"
"""Bytes that no text has, in UTF-8 or GBK."""
_MACROS: Final = b"vbaProject.bin"


class FileTypeRefused(DomainError):
    """The file is of a type that is not taken, or not of the type that was named."""

    kind, slug, title = Kind.UNPROCESSABLE, "file-type", "Not such a file"


def check_type(media_type: str, content: bytes) -> None:
    """Raise `FileTypeRefused` unless *content* is what *media_type* says, and that is one of `TYPES`."""
    named = media_type.partition(";")[0].strip().lower()
    if named not in TYPES:
        raise FileTypeRefused(
            f"Files of the type {named or '(none)'} are not taken. Send one of these with its Content-Type: "
            f"{', '.join(TYPES)}."
        )
    if not _fits(named, content):
        raise FileTypeRefused(f"The file is not what its Content-Type says ({named}), or has macros.")


def _fits(named: str, content: bytes) -> bool:
    if named in _STARTS:
        return content.startswith(_STARTS[named])
    if named in _OFFICE:
        return content.startswith(b"PK\x03\x04") and _OFFICE[named] in content and _MACROS not in content
    if content.translate(None, _NO_TEXT) != content:
        return False
    return named in _TEXTS or _is_json(content)


def _is_json(content: bytes) -> bool:
    try:
        msgspec.json.decode(content, type=msgspec.Raw)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
