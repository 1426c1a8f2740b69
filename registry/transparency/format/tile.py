"""C2SP tlog-tiles: the paths under which tiles and entry bundles are served, and the bytes in them."""

import re
from collections.abc import Iterable
from typing import NamedTuple

from registry.transparency.format.text import HASH_BYTES, Malformed

HEIGHT = 8
WIDTH = 1 << HEIGHT
LEVEL_LIMIT = 63
ENTRY_LIMIT_BYTES = (1 << 16) - 1

_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/){0,6}[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


class TileKey(NamedTuple):
    """Names a tile without its width: *level* 0 holds leaf hashes. A wider tile begins with every narrower one."""

    level: int
    number: int


class TilePath(NamedTuple):
    """What a path asks for: *level* is None for an entry bundle; *width* 1 to 256, 256 is a full one."""

    level: int | None
    number: int
    width: int = WIDTH


def format_path(level: int | None, number: int, width: int = WIDTH) -> str:
    """`tile/<L>/<N>[.p/<W>]`, or `tile/entries/<N>[.p/<W>]` when *level* is None; no leading slash."""
    rest, last = divmod(number, 1000)
    groups = [f"{last:03d}"]
    while rest:
        rest, group = divmod(rest, 1000)
        groups.insert(0, f"x{group:03d}")
    suffix = "" if width == WIDTH else f".p/{width}"
    return f"tile/{'entries' if level is None else level}/{'/'.join(groups)}{suffix}"


def parse_path(path: str) -> TilePath:
    """Read what `format_path` writes, refusing any second spelling of a path. Raises `Malformed`."""
    match = _PATH.fullmatch(path)
    if match is None:
        raise Malformed(f"{path!r} is not the path of a tile")
    kind, digits, width = match.groups()
    level = None if kind == "entries" else int(kind)
    found = TilePath(level, int(digits.replace("/x", "").replace("x", "").replace("/", "")), int(width or WIDTH))
    if (level or 0) > LEVEL_LIMIT or format_path(*found) != path:
        raise Malformed(f"{path!r} is not the path of a tile")
    return found


def width_at(level: int, number: int, size: int) -> int:
    """How many hashes tile *number* of *level* holds in a tree of *size* leaves: 0 (no such tile) to 256."""
    return max(0, min(WIDTH, (size >> (HEIGHT * level)) - number * WIDTH))


def split_hashes(tile: bytes) -> list[bytes]:
    """The hashes of one tile, 1 to 256. Raises `Malformed`."""
    if not tile or len(tile) % HASH_BYTES or len(tile) > WIDTH * HASH_BYTES:
        raise Malformed(f"a tile of {len(tile)} bytes")
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def format_entries(entries: Iterable[bytes]) -> bytes:
    """An entry bundle: each entry after its length as a big-endian uint16. Raises `Malformed` above 65,535 bytes."""
    parts = bytearray()
    for entry in entries:
        if len(entry) > ENTRY_LIMIT_BYTES:
            raise Malformed(f"an entry of {len(entry)} bytes; the limit is {ENTRY_LIMIT_BYTES}")
        parts += len(entry).to_bytes(2) + entry
    return bytes(parts)


def parse_entries(bundle: bytes) -> tuple[bytes, ...]:
    """Take an entry bundle apart, 1 to 256 entries. Raises `Malformed`."""
    entries: list[bytes] = []
    at = 0
    while at < len(bundle):
        begin = at + 2
        at = begin + int.from_bytes(bundle[at:begin])
        if begin > len(bundle) or at > len(bundle):
            raise Malformed("an entry bundle that ends inside an entry")
        entries.append(bundle[begin:at])
    if not 1 <= len(entries) <= WIDTH:
        raise Malformed(f"an entry bundle with {len(entries)} entries")
    return tuple(entries)
