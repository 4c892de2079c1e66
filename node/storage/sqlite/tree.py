"""Reads a city's Merkle tree from storage: leaf hashes in the rows of runs, full tiles in the tile rows."""

from collections.abc import Iterable, Sequence

from node.core.log.merkle import HASH_BYTES, Frontier, Tile, hash_children, split_hashes, tile_offset
from node.core.log.record import INDEX_BITS
from node.core.log.run import MAX_RUN_RECORDS
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.rows import insert_rows
from node.storage.sqlite.schema import Connection

_CACHED_TILES = 64


def position(origin: int, index: int) -> int:
    """The position of a record among those of all origins."""
    return origin << INDEX_BITS | index


def split_position(value: int) -> tuple[int, int]:
    """The origin number and leaf index of a position."""
    return value >> INDEX_BITS, value & ((1 << INDEX_BITS) - 1)


def write_tiles(connection: Connection, origin: int, tiles: Iterable[Tile]) -> None:
    """Stores tiles that became full."""
    rows = [(origin, tile.height, tile.number, tile.nodes) for tile in tiles]
    insert_rows(connection, "INSERT INTO tile (origin, height, number, nodes) VALUES ", rows)


def read_leaf_hashes(connection: Connection, origin: int, begin: int, end: int) -> list[bytes]:
    """The stored leaf hashes of the records [begin, end)."""
    rows = connection.execute(
        "SELECT first, hashes FROM run WHERE first >= ? AND first < ? ORDER BY first", reach(origin, begin, end)
    )
    runs = ((split_position(first)[1], split_hashes(hashes)) for first, hashes in rows)
    return [leaf_hash for first, hashes in runs for leaf_hash in hashes[max(begin - first, 0) : end - first]]


def reach(origin: int, begin: int, end: int) -> tuple[int, int]:
    """Between which positions runs begin that may hold any of the records [begin, end)."""
    return position(origin, max(begin - MAX_RUN_RECORDS + 1, 0)), position(origin, end)


def check_tree(connection: Connection, origin: int, size: int, root: bytes) -> Frontier:
    """The edge of a stored tree whose root is known.

    Raises:
        NodeError: STORAGE_CORRUPT, the stored leaves and tiles do not give that root.
    """
    try:
        frontier = StoredTree(connection, origin, size).frontier
        if frontier.root() == root:
            return frontier
    except KeyError:  # a tile or a leaf is missing
        pass
    raise NodeError(Reason.STORAGE_CORRUPT, _("the stored tree of {size} records does not match its root", size=size))


class StoredTree:
    """The tree of one origin at one size, read tile by tile."""

    def __init__(self, connection: Connection, origin: int, size: int) -> None:
        self._connection = connection
        self._origin = origin
        self._tiles: dict[tuple[int, int], bytes] = {}
        self.frontier = Frontier.restore(size, self._lowest_nodes)

    def node(self, level: int, index: int) -> bytes:
        """The hash of a node whose leaves all lie in the tree."""
        try:
            return self.frontier.node(level, index)
        except KeyError:
            height, number, offset = tile_offset(level, index)
            return self._tile(height, number)[offset : offset + HASH_BYTES]

    def _lowest_nodes(self, height: int, first: int, count: int) -> Sequence[bytes]:
        if height == 0:
            return read_leaf_hashes(self._connection, self._origin, first, first + count)
        return [self._top(height - 1, number) for number in range(first, first + count)]

    def _top(self, height: int, number: int) -> bytes:
        nodes = self._tile(height, number)
        return hash_children(nodes[-2 * HASH_BYTES : -HASH_BYTES], nodes[-HASH_BYTES:])

    def _tile(self, height: int, number: int) -> bytes:
        nodes = self._tiles.get((height, number))
        if nodes is None:
            if len(self._tiles) >= _CACHED_TILES:
                self._tiles.clear()
            nodes = self._tiles[height, number] = self._read_tile(height, number)
        return nodes

    def _read_tile(self, height: int, number: int) -> bytes:
        row = self._connection.execute(
            "SELECT nodes FROM tile WHERE origin = ? AND height = ? AND number = ?", (self._origin, height, number)
        ).fetchone()
        if row is None:
            raise KeyError((height, number))
        return bytes(row[0])
