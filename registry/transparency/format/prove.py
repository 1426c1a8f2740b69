"""
Building inclusion and consistency proofs from tiles, without I/O.

First ask which tiles a proof needs, load them in one query, then build. A proof is a list of ranges of leaves whose
Merkle tree hashes are wanted (RFC 6962 sections 2.1.1 and 2.1.2); a range splits into perfect subtrees, and each of
those is the root of a run of hashes inside one tile.
"""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from registry.transparency.format.grow import Tiles
from registry.transparency.format.text import HASH_BYTES, Malformed
from registry.transparency.format.tile import HEIGHT, TileKey
from registry.transparency.format.tree import root_of

_Range = tuple[int, int]
"""Half-open: leaves [low, high), where low is a multiple of the smallest power of two that is at least high - low."""


class _Run(NamedTuple):
    """A perfect subtree as *width* hashes of one tile, from *first*."""

    key: TileKey
    first: int
    width: int


def tiles_for_inclusion(index: int, size: int) -> frozenset[TileKey]:
    """The tiles that `inclusion_proof` reads. Raises `ValueError` when *index* is not below *size*."""
    return _keys(_inclusion_ranges(index, size))


def inclusion_proof(index: int, size: int, tiles: Tiles) -> tuple[bytes, ...]:
    """The audit path of leaf *index* in the tree of *size*, leaf's sibling first. Raises `Malformed` without a tile."""
    return tuple(_range_hash(each, tiles) for each in _inclusion_ranges(index, size))


def tiles_for_consistency(old: int, new: int) -> frozenset[TileKey]:
    """The tiles that `consistency_proof` reads. Raises `ValueError` unless 0 <= old <= new."""
    return _keys(_consistency_ranges(old, new))


def consistency_proof(old: int, new: int, tiles: Tiles) -> tuple[bytes, ...]:
    """The proof from size *old* to *new*; empty from zero and to the same size. Raises `Malformed` without a tile."""
    return tuple(_range_hash(each, tiles) for each in _consistency_ranges(old, new))


def _split(size: int) -> int:
    """The largest power of two below *size* (at least 2)."""
    return 1 << (size - 1).bit_length() - 1


def _inclusion_ranges(index: int, size: int) -> list[_Range]:
    if not 0 <= index < size:
        raise ValueError(f"index {index} is not in a tree of size {size}")
    ranges: list[_Range] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    return ranges[::-1]


def _consistency_ranges(old: int, new: int) -> list[_Range]:
    if not 0 <= old <= new:
        raise ValueError(f"a tree of size {new} does not continue one of size {old}")
    if old in (0, new):
        return []
    ranges: list[_Range] = []
    low, high = 0, new
    while high != old:
        middle = low + _split(high - low)
        if old <= middle:
            ranges.append((middle, high))
            high = middle
        else:
            ranges.append((low, middle))
            low = middle
    if low:  # otherwise the old tree is this subtree and the verifier knows its root
        ranges.append((low, high))
    return ranges[::-1]


def _runs(low: int, high: int) -> Iterator[_Run]:
    while low < high:
        height = (high - low).bit_length() - 1
        level, inner = divmod(height, HEIGHT)
        number, first = divmod(low >> HEIGHT * level, 1 << HEIGHT)
        yield _Run(TileKey(level, number), first, 1 << inner)
        low += 1 << height


def _keys(ranges: Iterable[_Range]) -> frozenset[TileKey]:
    return frozenset(run.key for each in ranges for run in _runs(*each))


def _range_hash(span: _Range, tiles: Tiles) -> bytes:
    peaks = [_run_hash(run, tiles) for run in _runs(*span)]
    joined = peaks.pop()
    while peaks:
        joined = root_of([peaks.pop(), joined])
    return joined


def _run_hash(run: _Run, tiles: Tiles) -> bytes:
    stored = tiles.get(run.key, b"")
    begin, end = run.first * HASH_BYTES, (run.first + run.width) * HASH_BYTES
    if len(stored) < end:
        raise Malformed(f"tile {run.key.number} of level {run.key.level} is missing or too narrow")
    return root_of([stored[at : at + HASH_BYTES] for at in range(begin, end, HASH_BYTES)])
