"""Trees, tiles and proofs against RFC 6962 as it reads, and against the published vectors."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.transparency.format import grow, prove, tree
from registry.transparency.format.text import Malformed
from registry.transparency.format.tile import TileKey, width_at
from tests.oracle import merkle

# The eight leaves and the roots of the reference implementation of RFC 6962 (certificate-transparency, merkle tests).
LEAVES = [bytes.fromhex(x) for x in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "60" * 0)]
LEAVES[7] = bytes(range(0x60, 0x70))
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    4: "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    5: "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    6: "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    7: "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}
SIZES = st.one_of(st.integers(0, 40), st.sampled_from([255, 256, 257, 511, 512, 513, 700]))


def entries(count):
    return [b"entry %d" % i for i in range(count)]


def grown(*batches):
    """Tiles and root after appending batches of entries one after the other, loading only the right edge."""
    tiles: dict[TileKey, bytes] = {}
    size, root = 0, tree.EMPTY_ROOT
    for batch in batches:
        edge = {key: tiles[key] for key in grow.right_edge(size)}
        done = grow.append(size, [tree.leaf_hash(each) for each in batch], edge)
        tiles.update(done.tiles)
        size, root = done.size, done.root
    return size, root, tiles


@pytest.mark.parametrize("size", ROOTS)
def test_roots_of_the_reference_vectors(size):
    """The published roots of the first 1 to 8 reference leaves."""
    assert ROOTS[size] == grown(LEAVES[:size])[1].hex() == merkle.mth(LEAVES[:size]).hex()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.one_of(st.integers(0, 9), st.sampled_from([250, 256, 257, 300])), max_size=6))
def test_appending_in_any_batches_gives_the_tree_of_rfc_6962(sizes):
    """Root and every tile are those of the definition, however the leaves arrive."""
    everything = entries(sum(sizes))
    batches, at = [], 0
    for each in sizes:
        batches.append(everything[at : at + each])
        at += each
    size, root, tiles = grown(*batches)
    assert (len(everything), merkle.mth(everything)) == (size, root)
    assert {key: merkle.tile(key.level, key.number, everything) for key in tiles} == tiles
    assert all(len(tiles[key]) == 32 * width_at(key.level, key.number, size) for key in tiles)


def test_a_tree_with_three_levels_of_tiles():
    """65,536 leaves and a few: level 2 appears, and the root is still the definition's."""
    everything = entries(256 * 256 + 300)
    size, root, tiles = grown(everything[: 70_000 - 4_500], everything[65_500:])
    assert merkle.mth(everything) == root
    assert merkle.tile(2, 0, everything) == tiles[TileKey(2, 0)]
    for index in (0, 65_535, 65_536, size - 1):
        needed = {key: tiles[key] for key in prove.tiles_for_inclusion(index, size)}
        assert merkle.path(index, everything) == list(prove.inclusion_proof(index, size, needed))


@settings(max_examples=150, deadline=None)
@given(SIZES.filter(bool), st.data())
def test_inclusion_proofs_are_the_definition_and_verify(size, data):
    """A proof built from the named tiles only is PATH(m, D[n]), verifies, and no other place accepts it."""
    index = data.draw(st.integers(0, size - 1))
    everything = entries(size)
    _, root, tiles = grown(everything)
    needed = {key: tiles[key] for key in prove.tiles_for_inclusion(index, size)}
    proof = prove.inclusion_proof(index, size, needed)
    assert merkle.path(index, everything) == list(proof)
    leaf = tree.leaf_hash(everything[index])
    tree.verify_inclusion(leaf, index, size, proof, root)
    if size > 1:
        with pytest.raises(tree.ProofMismatch):
            tree.verify_inclusion(leaf, (index + 1) % size, size, proof, root)
    for wrong in ((*proof, root), proof[:-1] if proof else (root,)):
        with pytest.raises(tree.ProofMismatch):
            tree.verify_inclusion(leaf, index, size, wrong, root)


@settings(max_examples=150, deadline=None)
@given(SIZES, st.data())
def test_consistency_proofs_are_the_definition_and_verify(new, data):
    """From every older size, with tiles of the newer one only; a proof for other roots is refused."""
    old = data.draw(st.integers(0, new))
    everything = entries(new)
    _, new_root, tiles = grown(everything)
    old_root = merkle.mth(everything[:old])
    needed = {key: tiles[key] for key in prove.tiles_for_consistency(old, new)}
    proof = prove.consistency_proof(old, new, needed)
    if old:
        assert merkle.proof(old, everything) == list(proof)
    tree.verify_consistency(old, new, old_root, new_root, proof)
    for wrong in ((*proof, new_root), proof[:-1] if proof else (old_root,)):
        with pytest.raises(tree.ProofMismatch):
            tree.verify_consistency(old, new, old_root, new_root, wrong)
    if old:
        with pytest.raises(tree.ProofMismatch):
            tree.verify_consistency(old, new, bytes(32), new_root, proof)


def test_a_wider_tile_proves_an_older_size():
    """Rows grow; proofs at an older size read the beginning of the row and stay what they were."""
    before, after = entries(300), entries(700)
    _, old_root, _ = grown(before)
    _, _, tiles = grown(after)
    proof = prove.inclusion_proof(299, 300, tiles)
    tree.verify_inclusion(tree.leaf_hash(before[299]), 299, 300, proof, old_root)
    assert old_root == grow.root_of_tiles(300, tiles)


def test_missing_and_short_tiles_are_named():
    """A proof or an append without its tiles is an error, never a wrong hash."""
    _, _, tiles = grown(entries(300))
    with pytest.raises(Malformed, match="tile 1 of level 0"):
        grow.append(300, [bytes(32)], {})
    with pytest.raises(Malformed, match="tile 1 of level 0"):
        grow.append(300, [bytes(32)], {**tiles, TileKey(0, 1): bytes(32)})
    with pytest.raises(Malformed, match="level 0"):
        prove.inclusion_proof(3, 300, {})


@pytest.mark.parametrize(("index", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_places_outside_the_tree_are_refused(index, size):
    """No proof exists for them and none is accepted."""
    with pytest.raises(ValueError, match="not in a tree"):
        prove.tiles_for_inclusion(index, size)
    with pytest.raises(tree.ProofMismatch):
        tree.verify_inclusion(bytes(32), index, size, (), bytes(32))


def test_a_tree_never_shrinks():
    """A consistency proof from a larger to a smaller tree does not exist."""
    with pytest.raises(ValueError, match="does not continue"):
        prove.tiles_for_consistency(6, 5)
    with pytest.raises(tree.ProofMismatch):
        tree.verify_consistency(6, 5, bytes(32), bytes(32), ())
    with pytest.raises(tree.ProofMismatch, match="empty"):
        tree.verify_consistency(4, 5, bytes(32), bytes(32), ())
    with pytest.raises(tree.ProofMismatch, match="empty tree"):
        tree.verify_consistency(0, 5, bytes(32), bytes(32), ())
