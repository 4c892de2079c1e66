"""The Merkle tree against other people's vectors, against the definition, and against damage."""

import base64
import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.log.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    TILE_WIDTH,
    Frontier,
    Tile,
    consistency_proof,
    hash_children,
    hash_leaf,
    inclusion_proof,
    tile_offset,
    verify_consistency,
    verify_inclusion,
)
from node.errors import NodeError, Reason

VECTORS = Path(__file__).parent.parent / "vectors"
# The eight leaves and the roots of certificate-transparency's reference tests, for every size of tree.
RFC6962_LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
RFC6962_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
# A tree whose tiles fill at two heights would need 65536 leaves: leaf hashes stand in for entries.
LEAVES = [sha256(number.to_bytes(4, "big")).digest() for number in range(1200)]


def _cases(name: str) -> list[Any]:
    cases = json.loads((VECTORS / name).read_text())
    return [pytest.param(case, id=case["file"].removeprefix("testdata/")) for case in cases]


def _hashes(texts: Sequence[str] | None) -> list[bytes]:
    return [base64.b64decode(text) for text in texts or ()]


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """MTH of RFC 9162 section 2.1.1, as it is written there."""
    if not leaves:
        return sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hash_children(naive_root(leaves[:split]), naive_root(leaves[split:]))


class Tree:
    """A whole tree: the frontier and the tiles that it gave off."""

    def __init__(self, leaves: Sequence[bytes], batches: Sequence[int] = ()) -> None:
        self.frontier = Frontier()
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.leaves = leaves
        begin = 0
        for batch in (*batches, len(leaves)):
            self._keep(self.frontier.extend(leaves[begin : begin + batch]))
            begin += batch

    def _keep(self, tiles: Sequence[Tile]) -> None:
        for tile in tiles:
            assert (tile.height, tile.number) not in self.tiles
            self.tiles[tile.height, tile.number] = tile.nodes

    def node(self, level: int, index: int) -> bytes:
        try:
            return self.frontier.node(level, index)
        except KeyError:
            height, number, offset = tile_offset(level, index)
            return self.tiles[height, number][offset : offset + HASH_BYTES]

    def lowest(self, height: int, first: int, count: int) -> list[bytes]:
        if height == 0:
            return list(self.leaves[first : first + count])
        tops = [self.tiles[height - 1, number] for number in range(first, first + count)]
        return [hash_children(nodes[-2 * HASH_BYTES : -HASH_BYTES], nodes[-HASH_BYTES:]) for nodes in tops]


@pytest.mark.parametrize("case", _cases("merkle_inclusion.json"))
def test_inclusion_vector(case: dict[str, Any]) -> None:
    leaf, root = base64.b64decode(case["leafHash"] or ""), base64.b64decode(case["root"] or "")
    arguments = (leaf, case["leafIdx"], case["treeSize"], _hashes(case["proof"]), root)
    if not case["wantErr"]:
        verify_inclusion(*arguments)
        return
    with pytest.raises(NodeError) as caught:
        verify_inclusion(*arguments)
    assert caught.value.reason is Reason.BAD_INCLUSION


@pytest.mark.parametrize("case", _cases("merkle_consistency.json"))
def test_consistency_vector(case: dict[str, Any]) -> None:
    roots = base64.b64decode(case["root1"] or ""), base64.b64decode(case["root2"] or "")
    arguments = (case["size1"], case["size2"], _hashes(case["proof"]), *roots)
    if not case["wantErr"]:
        verify_consistency(*arguments)
        return
    with pytest.raises(NodeError) as caught:
        verify_consistency(*arguments)
    assert caught.value.reason is Reason.BAD_CONSISTENCY


def test_known_hashes_of_rfc6962() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert hash_leaf(b"").hex() == RFC6962_ROOTS[0]
    assert hash_children(b"N123", b"N456").hex() == "aa217fe888e47007fa15edab33c2b492a722cb106c64667fc2b044444de66bbb"
    frontier = Frontier()
    for entry, root in zip(RFC6962_LEAVES, RFC6962_ROOTS, strict=True):
        frontier.extend([hash_leaf(entry)])
        assert frontier.root().hex() == root


@given(st.integers(0, len(LEAVES)), st.lists(st.integers(0, 600), max_size=6))
def test_any_batching_gives_the_root_of_the_definition(size: int, batches: list[int]) -> None:
    tree = Tree(LEAVES[:size], batches)
    assert tree.frontier.size == size
    assert tree.frontier.root() == naive_root(LEAVES[:size])


@given(st.data(), st.integers(1, len(LEAVES)))
def test_every_inclusion_proof_leads_to_the_root(data: st.DataObject, size: int) -> None:
    tree = Tree(LEAVES[:size])
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(tree.node, index, size)
    verify_inclusion(LEAVES[index], index, size, proof, tree.frontier.root())


@given(st.data(), st.integers(1, len(LEAVES)))
def test_every_consistency_proof_leads_from_root_to_root(data: st.DataObject, new: int) -> None:
    tree = Tree(LEAVES[:new])
    old = data.draw(st.integers(1, new))
    proof = consistency_proof(tree.node, old, new)
    verify_consistency(old, new, proof, naive_root(LEAVES[:old]), tree.frontier.root())


def _flip(data: st.DataObject, hashes: Sequence[bytes]) -> list[bytes]:
    """One bit of one hash turned."""
    which = data.draw(st.integers(0, len(hashes) - 1))
    place, bit = data.draw(st.integers(0, HASH_BYTES - 1)), 1 << data.draw(st.integers(0, 7))
    altered = bytearray(hashes[which])
    altered[place] ^= bit
    return [*hashes[:which], bytes(altered), *hashes[which + 1 :]]


@given(st.data(), st.integers(1, 300))
def test_no_altered_bit_of_an_inclusion_proof_passes(data: st.DataObject, size: int) -> None:
    tree = Tree(LEAVES[:size])
    index = data.draw(st.integers(0, size - 1))
    whole = [LEAVES[index], tree.frontier.root(), *inclusion_proof(tree.node, index, size)]
    leaf, root, *proof = _flip(data, whole)
    with pytest.raises(NodeError):
        verify_inclusion(leaf, index, size, proof, root)


@given(st.data(), st.integers(2, 300))
def test_no_altered_bit_of_a_consistency_proof_passes(data: st.DataObject, new: int) -> None:
    tree = Tree(LEAVES[:new])
    old = data.draw(st.integers(1, new - 1))
    whole = [naive_root(LEAVES[:old]), tree.frontier.root(), *consistency_proof(tree.node, old, new)]
    old_root, new_root, *proof = _flip(data, whole)
    with pytest.raises(NodeError):
        verify_consistency(old, new, proof, old_root, new_root)


@given(st.data(), st.integers(2, 300))
def test_a_proof_of_another_place_or_length_does_not_pass(data: st.DataObject, size: int) -> None:
    tree = Tree(LEAVES[:size])
    index, other = data.draw(st.lists(st.integers(0, size - 1), min_size=2, max_size=2, unique=True))
    proof, root = inclusion_proof(tree.node, index, size), tree.frontier.root()
    for claim in ((other, proof), (index, proof[:-1]), (index, [*proof, root])):
        with pytest.raises(NodeError):
            verify_inclusion(LEAVES[index], claim[0], size, claim[1], root)


@given(st.integers(-5, 10), st.integers(-5, 10), st.lists(st.binary(max_size=40), max_size=4))
def test_the_verifiers_raise_nothing_but_node_errors(first: int, second: int, proof: list[bytes]) -> None:
    with pytest.raises(NodeError):
        verify_inclusion(LEAVES[0], first, second, proof, LEAVES[1])
    with pytest.raises(NodeError):
        verify_consistency(first, second, proof, LEAVES[0], LEAVES[1])


@given(st.integers(0, len(LEAVES)), st.integers(0, 600))
def test_a_restored_edge_is_the_grown_one_and_grows_on(size: int, more: int) -> None:
    grown = Tree(LEAVES[:size])
    restored = Frontier.restore(size, grown.lowest)
    added = [hash_leaf(number.to_bytes(2, "big")) for number in range(more)]
    assert restored.root() == grown.frontier.root()
    assert restored.extend(added) == grown.frontier.extend(added)
    assert restored.root() == grown.frontier.root() == naive_root([*LEAVES[:size], *added])


def test_a_tree_of_two_heights_of_tiles() -> None:
    size = TILE_WIDTH * TILE_WIDTH + TILE_WIDTH + 3
    leaves = [number.to_bytes(32, "big") for number in range(size)]
    tree = Tree(leaves, [1000] * 60)
    assert {height for height, _ in tree.tiles} == {0, 1}
    assert tree.frontier.root() == naive_root(leaves)
    assert Frontier.restore(size, tree.lowest).root() == tree.frontier.root()
    for index in (0, 255, 256, 65535, 65536, size - 1):
        verify_inclusion(leaves[index], index, size, inclusion_proof(tree.node, index, size), tree.frontier.root())
    for old in (1, 255, 256, 65535, 65536, 65537, size):
        proof = consistency_proof(tree.node, old, size)
        verify_consistency(old, size, proof, naive_root(leaves[:old]), tree.frontier.root())


@given(st.integers(0, 40), st.integers(0, 2**24))
def test_tile_offsets_are_places_in_a_tile(level: int, index: int) -> None:
    height, number, offset = tile_offset(level, index)
    assert level - 8 * height in range(8)
    assert offset % HASH_BYTES == 0
    assert 0 <= offset < 510 * HASH_BYTES
    assert number == index >> (8 - level % 8)


def test_tile_offsets_of_one_tile_cover_it_once() -> None:
    nodes = [(level, index) for level in range(8) for index in range(TILE_WIDTH >> level)]
    assert sorted(tile_offset(*node)[2] for node in nodes) == [place * HASH_BYTES for place in range(510)]
    assert {tile_offset(*node)[:2] for node in nodes} == {(0, 0)}


def test_a_copy_grows_alone() -> None:
    tree = Tree(LEAVES[:300])
    before = tree.frontier.root()
    tree.frontier.copy().extend(LEAVES[300:700])
    assert (tree.frontier.size, tree.frontier.root()) == (300, before)


@pytest.mark.parametrize(("index", "size"), [(0, 0), (-1, 3), (3, 3), (9, 3)])
def test_no_proof_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="not in a tree"):
        inclusion_proof(Tree(LEAVES[:3]).node, index, size)


def test_no_proof_from_a_larger_tree_to_a_smaller() -> None:
    with pytest.raises(ValueError, match="no consistency proof"):
        consistency_proof(Tree(LEAVES[:3]).node, 3, 2)
    assert consistency_proof(Tree(LEAVES[:3]).node, 0, 3) == []
