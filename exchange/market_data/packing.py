"""Numbers and texts as compact files have them: exchange/README.md has the layout. Pure."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from typing import Final

_HASH: Final = 32


class Unreadable(ValueError):
    """The file is of another kind, cut short, or altered."""


def sealed(out: bytearray) -> bytes:
    """What was written, and its SHA-256."""
    return bytes(out) + sha256(out).digest()


def unsealed(data: bytes, magic: bytes, what: str) -> Iterator[int]:
    """The bytes between *magic* and the SHA-256, one by one. Raises `Unreadable`."""
    if data[: len(magic)] != magic:
        raise Unreadable(f"this is no file of {what}: it does not begin with {magic.decode()}")
    body, digest = data[:-_HASH], data[-_HASH:]
    if sha256(body).digest() != digest:
        raise Unreadable("the file is cut short or was altered: its SHA-256 does not match")
    return iter(body[len(magic) :])


def put(out: bytearray, value: int) -> None:
    """Seven bits a byte, the low ones first; the high bit says that more follow."""
    while value > 0x7F:  # noqa: PLR2004 - seven bits
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def put_text(out: bytearray, text: str) -> None:
    """Its length, and its letters in ASCII."""
    put(out, len(text))
    out += text.encode("ascii")


def take_text(left: Iterator[int]) -> str:
    """The next text. Raises `Unreadable` where there is none."""
    size = take(left)
    found = bytes(islice(left, size))
    if len(found) < size:
        raise Unreadable("the file ends within a name")
    return found.decode("ascii")


def take(left: Iterator[int]) -> int:
    """The next number. Raises `Unreadable` where there is none."""
    value = shift = 0
    for byte in left:
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last one
            return value
        shift += 7
    raise Unreadable("the file ends within a number")


def zigzag(value: int) -> int:
    """A number that may be below zero, as one that is not."""
    return value << 1 if value >= 0 else (-value << 1) - 1


def unzigzag(value: int) -> int:
    """The same, back."""
    return value >> 1 if not value & 1 else -((value + 1) >> 1)
