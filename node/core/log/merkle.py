"""The Merkle tree of RFC 6962 section 2.1 / RFC 9162 section 2.1, kept as tiles.

A *node* is named by (level, index): level 0 are the leaf hashes, node (l, i) covers the leaves
[i << l, (i + 1) << l). Only nodes whose leaves are all there exist. Nodes are kept in tiles of
eight levels: tile (h, n) holds the nodes of levels 8h .. 8h+7 above the 256 nodes
(8h, 256n) .. (8h, 256n + 255), lowest level first. Hashes are 32 bytes.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import NamedTuple

from node.errors import NodeError, Reason
from node.messages import _

HASH_BYTES = 32
TILE_LEVELS = 8
TILE_WIDTH = 1 << TILE_LEVELS
EMPTY_ROOT = sha256(b"").digest()

NodeAt = Callable[[int, int], bytes]


class Tile(NamedTuple):
    """A full tile: `nodes` is 510 hashes, 256 of the lowest level first."""

    height: int
    number: int
    nodes: bytes


def hash_leaf(entry: bytes) -> bytes:
    """The leaf hash of an entry (RFC 9162 section 2.1.1)."""
    return sha256(b"\x00" + entry).digest()


def hash_children(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node (RFC 9162 section 2.1.1)."""
    return sha256(b"\x01" + left + right).digest()


def split_hashes(hashes: bytes) -> list[bytes]:
    """Hashes that stand end to end, one by one."""
    return [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]


def tile_offset(level: int, index: int) -> tuple[int, int, int]:
    """Where node (level, index) stands: tile height, tile number, byte offset in the tile."""
    height, rise = divmod(level, TILE_LEVELS)
    width = TILE_WIDTH >> rise
    number, place = divmod(index, width)
    before = 2 * TILE_WIDTH - 2 * width
    return height, number, (before + place) * HASH_BYTES


class Frontier:
    """The growing edge of a tree: every node of the tiles that are not full yet.

    Memory is at most 510 hashes a tile height, whatever the size of the tree.
    """

    def __init__(self) -> None:
        self.size = 0
        self._open: list[list[bytes]] = [[] for _ in range(TILE_LEVELS)]

    @classmethod
    def restore(cls, size: int, leaves_of: Callable[[int, int, int], Sequence[bytes]]) -> "Frontier":
        """Rebuilds the edge of a tree of `size` leaves.

        Args:
            size: Number of leaves.
            leaves_of: (height, first, count) -> the `count` nodes of level 8 * height from index `first`.
        """
        frontier = cls()
        frontier.size = size
        height = 0
        while size >> (TILE_LEVELS * height):
            count = (size >> (TILE_LEVELS * height)) % TILE_WIDTH
            first = (size >> (TILE_LEVELS * height)) - count
            frontier._make_room(height)
            frontier._grow(height, leaves_of(height, first, count), [])
            height += 1
        return frontier

    def extend(self, leaf_hashes: Sequence[bytes]) -> list[Tile]:
        """Appends leaf hashes; returns the tiles that became full, lowest height first within each."""
        full: list[Tile] = []
        for start in range(0, len(leaf_hashes), TILE_WIDTH):
            part = leaf_hashes[start : start + TILE_WIDTH]
            room = TILE_WIDTH - len(self._open[0])
            self._grow(0, part[:room], full, self.size)
            self._grow(0, part[room:], full, self.size + min(room, len(part)))
            self.size += len(part)
        return full

    def copy(self) -> "Frontier":
        """An independent copy, to try a batch on before it is trusted."""
        other = Frontier()
        other.size = self.size
        other._open = [list(nodes) for nodes in self._open]
        return other

    def root(self) -> bytes:
        """The root hash of the tree (RFC 9162 section 2.1.1)."""
        if self.size == 0:
            return EMPTY_ROOT
        peaks = [self.node(level, (self.size >> level) - 1) for level in _set_bits(self.size)]
        root = peaks[0]
        for peak in peaks[1:]:
            root = hash_children(peak, root)
        return root

    def node(self, level: int, index: int) -> bytes:
        """A node of an open tile.

        Raises:
            KeyError: The node stands in a full tile, or is not there.
        """
        if level >= len(self._open):
            raise KeyError((level, index))
        height, rise = divmod(level, TILE_LEVELS)
        first = (self.size >> (TILE_LEVELS * (height + 1))) << (TILE_LEVELS - rise)
        place = index - first
        if not 0 <= place < len(self._open[level]):
            raise KeyError((level, index))
        return self._open[level][place]

    def _make_room(self, height: int) -> None:
        while len(self._open) < TILE_LEVELS * (height + 1):
            self._open.append([])

    def _grow(self, height: int, nodes: Sequence[bytes], full: list[Tile], size: int = 0) -> None:
        """Adds nodes at the bottom of the open tile of this height, hashes pairs upwards, closes a full tile."""
        levels = self._open[TILE_LEVELS * height : TILE_LEVELS * (height + 1)]
        levels[0].extend(nodes)
        for below, above in pairwise(levels):
            for left in range(2 * len(above), len(below) - 1, 2):
                above.append(sha256(b"\x01" + below[left] + below[left + 1]).digest())
        if len(levels[0]) == TILE_WIDTH:
            self._close(height, levels, full, size)

    def _close(self, height: int, levels: list[list[bytes]], full: list[Tile], size: int) -> None:
        number = size >> (TILE_LEVELS * (height + 1))
        full.append(Tile(height, number, b"".join(b"".join(level) for level in levels)))
        top = hash_children(*levels[-1])
        for level in levels:
            level.clear()
        self._make_room(height + 1)
        self._grow(height + 1, [top], full, size)


def _set_bits(size: int) -> Iterable[int]:
    return (level for level in range(size.bit_length()) if size >> level & 1)


def inclusion_proof(node_at: NodeAt, index: int, size: int) -> list[bytes]:
    """The inclusion proof of leaf `index` in the tree of `size` leaves (RFC 9162 section 2.1.3.1).

    Raises:
        ValueError: `index` is not in the tree.
    """
    if not 0 <= index < size:
        raise ValueError(f"leaf index {index} is not in a tree of {size}")
    return _path(node_at, index, 0, size)


def _path(node_at: NodeAt, index: int, begin: int, end: int) -> list[bytes]:
    if end - begin == 1:
        return []
    middle = begin + _split(end - begin)
    if index < middle:
        return [*_path(node_at, index, begin, middle), _range_hash(node_at, middle, end)]
    return [*_path(node_at, index, middle, end), _range_hash(node_at, begin, middle)]


def consistency_proof(node_at: NodeAt, old: int, new: int) -> list[bytes]:
    """The consistency proof between trees of `old` and `new` leaves (RFC 9162 section 2.1.4.1); empty for old 0.

    Raises:
        ValueError: `old` is larger than `new`.
    """
    if not 0 <= old <= new:
        raise ValueError(f"no consistency proof from {old} to {new} leaves")
    if old in (0, new):
        return []
    return _subproof(node_at, old, 0, new, whole=True)


def _subproof(node_at: NodeAt, old: int, begin: int, end: int, *, whole: bool) -> list[bytes]:
    if old == end:
        return [] if whole else [_range_hash(node_at, begin, end)]
    middle = begin + _split(end - begin)
    if old <= middle:
        return [*_subproof(node_at, old, begin, middle, whole=whole), _range_hash(node_at, middle, end)]
    return [*_subproof(node_at, old, middle, end, whole=False), _range_hash(node_at, begin, middle)]


def _split(count: int) -> int:
    """The largest power of two below `count` (count > 1)."""
    return 1 << ((count - 1).bit_length() - 1)


def _range_hash(node_at: NodeAt, begin: int, end: int) -> bytes:
    """The hash over the leaves [begin, end), `begin` being where the tree's own recursion begins a subtree."""
    count = end - begin
    if count & (count - 1) == 0:
        level = count.bit_length() - 1
        return node_at(level, begin >> level)
    middle = begin + _split(count)
    return hash_children(_range_hash(node_at, begin, middle), _range_hash(node_at, middle, end))


def verify_inclusion(leaf_hash: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """Checks an inclusion proof (RFC 9162 section 2.1.3.2).

    Raises:
        NodeError: BAD_INCLUSION, the proof does not lead from the leaf to the root.
    """
    if not 0 <= index < size:
        raise NodeError(
            Reason.BAD_INCLUSION, _("leaf index {index} is not in a tree of {size}", index=index, size=size)
        )
    if any(len(hash_) != HASH_BYTES for hash_ in (leaf_hash, root, *proof)):
        raise NodeError(Reason.BAD_INCLUSION, _("a hash is not 32 bytes"))
    place, last, running = index, size - 1, leaf_hash
    for sibling in proof:
        if last == 0:
            raise NodeError(Reason.BAD_INCLUSION, _("the proof is too long"))
        if place & 1 or place == last:
            running = hash_children(sibling, running)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            running = hash_children(running, sibling)
        place, last = place >> 1, last >> 1
    if last != 0 or running != root:
        raise NodeError(Reason.BAD_INCLUSION, _("the proof does not lead from the leaf to the root"))


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """Checks a consistency proof (RFC 9162 section 2.1.4.2).

    Raises:
        NodeError: BAD_CONSISTENCY, the larger tree does not extend the smaller.
    """
    if old > new:
        raise NodeError(
            Reason.BAD_CONSISTENCY, _("a tree of {new} leaves does not extend one of {old}", new=new, old=old)
        )
    if old == 0:
        raise NodeError(Reason.BAD_CONSISTENCY, _("every tree extends the empty tree: nothing to prove"))
    if old == new:
        if proof or old_root != new_root:
            raise NodeError(Reason.BAD_CONSISTENCY, _("two trees of the same size differ, or the proof is not empty"))
        return
    if not proof:
        raise NodeError(Reason.BAD_CONSISTENCY, _("the proof is empty"))
    if any(len(hash_) != HASH_BYTES for hash_ in (old_root, new_root, *proof)):
        raise NodeError(Reason.BAD_CONSISTENCY, _("a hash is not 32 bytes"))
    if _fold_consistency(old, new, [old_root, *proof] if old & (old - 1) == 0 else proof) != (old_root, new_root):
        raise NodeError(Reason.BAD_CONSISTENCY, _("the larger tree does not extend the smaller"))


def _fold_consistency(old: int, new: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """The two roots that a consistency path leads to; None where it is too short or too long."""
    place, last = old - 1, new - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    old_running = new_running = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if place & 1 or place == last:
            old_running = hash_children(sibling, old_running)
            new_running = hash_children(sibling, new_running)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            new_running = hash_children(new_running, sibling)
        place, last = place >> 1, last >> 1
    return None if last else (old_running, new_running)
