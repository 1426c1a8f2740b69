"""Tile paths and entry bundles of tlog-tiles."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.transparency.format import grow, tile
from registry.transparency.format.text import Malformed


@pytest.mark.parametrize(
    ("path", "parsed"),
    [
        ("tile/0/x001/x234/067", (0, 1234067, 256)),
        ("tile/0/x001/x234/067.p/8", (0, 1234067, 8)),
        ("tile/63/000", (63, 0, 256)),
        ("tile/entries/x001/000.p/255", (None, 1000, 255)),
    ],
)
def test_paths_of_the_specification(path, parsed):
    """The example of tlog-tiles and its neighbours, both ways."""
    assert parsed == tile.parse_path(path)
    assert path == tile.format_path(*parsed)


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/x000/000", "tile/0/001/000", "tile/0/x001/x000", "tile/0/1", "tile/00/000", "tile/64/000",
        "tile/-1/000",
        "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/", "/tile/0/000", "tile/0/000\n",
        "tile/٠/000",
        "tile/0/٠٠٠", "tile/data/000", "tile/0/", "",
    ],
)  # fmt: skip
def test_a_path_has_one_spelling(path):
    """Leading zeroes, wrong widths, other digits: refused, so that caches hold one copy."""
    with pytest.raises(Malformed):
        tile.parse_path(path)


@given(st.none() | st.integers(0, 63), st.integers(0, 2**55), st.integers(1, 256))
def test_paths_are_read_as_written(level, number, width):
    """Every tile has a path and every path its tile."""
    assert (level, number, width) == tile.parse_path(tile.format_path(level, number, width))


def test_the_tiles_of_a_tree_of_70000():
    """The example of tlog-tiles: 273 full tiles and widths 112, 17 and 1."""
    assert [256, 112, 0] == [tile.width_at(0, n, 70_000) for n in (272, 273, 274)]
    assert [256, 17, 1] == [tile.width_at(1, 0, 70_000), tile.width_at(1, 1, 70_000), tile.width_at(2, 0, 70_000)]
    assert [(0, 273), (1, 1), (2, 0)] == list(grow.right_edge(70_000))
    assert [(1, 0)] == list(grow.right_edge(256))


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_entry_bundles_are_read_as_written(entries):
    """uint16 lengths, big-endian; cut short anywhere, the bundle is refused or shorter."""
    bundle = tile.format_entries(entries)
    assert tuple(entries) == tile.parse_entries(bundle)
    assert bundle[:2] == len(entries[0]).to_bytes(2, "big")
    with pytest.raises(Malformed):
        tile.parse_entries(bundle + b"\x00")


def test_entry_bundles_have_limits():
    """One to 256 entries of at most 65,535 bytes."""
    with pytest.raises(Malformed):
        tile.format_entries([bytes(65_536)])
    assert (bytes(65_535),) == tile.parse_entries(tile.format_entries([bytes(65_535)]))
    for bundle in (b"", tile.format_entries([b""] * 257), b"\x00\x05abc", b"\x00"):
        with pytest.raises(Malformed):
            tile.parse_entries(bundle)


def test_tiles_of_other_sizes_are_refused():
    """A tile is 1 to 256 whole hashes."""
    assert [bytes(32)] * 2 == tile.split_hashes(bytes(64))
    for raw in (b"", bytes(31), bytes(33), bytes(257 * 32)):
        with pytest.raises(Malformed):
            tile.split_hashes(raw)
