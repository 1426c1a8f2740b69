"""
Appending to a tree that is kept as tiles.

The state is one run of bytes per tile, `(level, number) -> hashes`; a tile only ever grows at its end until it is full.
To append, the caller loads `right_edge(size)`, a handful of rows, calls `append`, and stores what comes back.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from registry.transparency.format.text import HASH_BYTES, Malformed
from registry.transparency.format.tile import HEIGHT, WIDTH, TileKey, split_hashes, width_at
from registry.transparency.format.tree import EMPTY_ROOT, root_of

Tiles = Mapping[TileKey, bytes]


class Grown(NamedTuple):
    """The tree after an append: *tiles* are the new contents of exactly the tiles that changed, full or partial."""

    size: int
    root: bytes
    tiles: dict[TileKey, bytes]


def right_edge(size: int) -> tuple[TileKey, ...]:
    """The partial tiles of a tree of *size* leaves, lowest level first: all that `append` and `root_of_tiles` read."""
    levels = range((size.bit_length() + HEIGHT - 1) // HEIGHT)
    return tuple(TileKey(level, size >> HEIGHT * (level + 1)) for level in levels if (size >> HEIGHT * level) % WIDTH)


def root_of_tiles(size: int, tiles: Tiles) -> bytes:
    """The root of a tree of *size* leaves from its right edge. Raises `Malformed` when a tile is missing or short."""
    lower: list[bytes] = []  # the root of what lies to the right of the tile at hand, if anything does
    for key in right_edge(size):
        lower = [root_of([*_load(key, size, tiles), *lower])]
    return lower[0] if lower else EMPTY_ROOT


def append(size: int, leaves: Sequence[bytes], tiles: Tiles) -> Grown:
    """
    Append leaf hashes to a tree of *size* leaves, given at least its right edge.

    Pure: a caller whose transaction fails drops the result. Raises `Malformed` when an edge tile is missing or short.
    """
    new_size = size + len(leaves)
    changed: dict[TileKey, bytes] = {}
    level, row = 0, list(leaves)
    while row:
        number, held = divmod(size >> HEIGHT * level, WIDTH)
        hashes = (_load(TileKey(level, number), size, tiles) if held else []) + row
        row = []
        for at in range(0, len(hashes), WIDTH):
            tile = hashes[at : at + WIDTH]
            changed[TileKey(level, number + at // WIDTH)] = b"".join(tile)
            if len(tile) == WIDTH:
                row.append(root_of(tile))
        level += 1
    return Grown(new_size, root_of_tiles(new_size, {**tiles, **changed}), changed)


def _load(key: TileKey, size: int, tiles: Tiles) -> list[bytes]:
    """The hashes of a tile as they were at *size*; the row may have grown since."""
    width = width_at(key.level, key.number, size)
    stored = tiles.get(key, b"")
    if len(stored) < width * HASH_BYTES:
        raise Malformed(f"tile {key.number} of level {key.level} has {len(stored) // HASH_BYTES} of {width} hashes")
    return split_hashes(stored)[:width]
