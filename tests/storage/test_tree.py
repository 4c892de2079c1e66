"""The tree as it is stored: read back tile by tile, and refused where it was damaged."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.core.log.merkle import Frontier, consistency_proof, inclusion_proof, verify_consistency, verify_inclusion
from node.errors import NodeError, Reason
from node.storage.sqlite.log import OWN, Entry
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.schema import Connection, open_writer
from node.storage.sqlite.store import Store
from node.storage.sqlite.tree import position, split_position
from node.stubs.record.v1.record_pb2 import Header
from tests.kit.stores.city import City

CITY = "changsha"
SIZE = 256 * 3 + 40
# Where its last run begins, which holds eight records.
LAST = 256 * 3 + 32


def _entries(count: int) -> list[Entry]:
    return [Entry.of(Header(city=CITY, standard="s"), (b"x",)) for _ in range(count)]


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path, CITY)
    made.append(_entries(SIZE))
    yield made
    made.close()


@pytest.mark.parametrize("number", [0, 1, 5])
@pytest.mark.parametrize("index", [0, 17, 2**40 - 1])
def test_positions_round_trip(number: int, index: int) -> None:
    assert split_position(position(number, index)) == (number, index)


def _roots(leaves: list[bytes]) -> list[bytes]:
    frontier, roots = Frontier(), []
    for leaf in leaves:
        frontier.extend([leaf])
        roots.append(frontier.root())
    return roots


def test_every_earlier_tree_is_read_back(city: City) -> None:
    roots = _roots(city.store.leaf_hashes(OWN, 0, SIZE))
    for size in (1, 2, 255, 256, 257, 511, 512, 768, SIZE):
        tree = city.store.tree(OWN, size)
        assert tree.frontier.root() == roots[size - 1]
        for index in (0, size // 2, size - 1):
            leaf = city.store.leaf_hashes(OWN, index, index + 1)[0]
            verify_inclusion(leaf, index, size, inclusion_proof(tree.node, index, size), roots[size - 1])
        for old in (1, size // 2 or 1, size):
            verify_consistency(old, size, consistency_proof(tree.node, old, size), roots[old - 1], roots[size - 1])


def _damaged(city: City, *statements: str) -> Path:
    city.close()
    connection = open_writer(city.path)
    for statement in statements:
        assert connection.execute(statement).rowcount == 1
    connection.close()
    return city.path


DAMAGE = {
    "a tile is missing": "DELETE FROM tile WHERE number = 1",
    "a tile is cut short": "UPDATE tile SET nodes = substr(nodes, 1, 100) WHERE number = 1",
    "a tile is empty": "UPDATE tile SET nodes = x'' WHERE number = 1",
    "a tile is another": "UPDATE tile SET nodes = (SELECT nodes FROM tile WHERE number = 0) WHERE number = 1",
    "a run is missing": f"DELETE FROM run WHERE first = {LAST - 32}",
    "the last run is missing": f"DELETE FROM run WHERE first = {LAST}",
    "a leaf is missing": f"UPDATE run SET hashes = substr(hashes, 33) WHERE first = {LAST}",
    "the last leaf is missing": f"UPDATE run SET hashes = substr(hashes, 1, 224) WHERE first = {LAST}",
    "a leaf is altered": f"UPDATE run SET hashes = CAST(x'00' || substr(hashes, 2) AS BLOB) WHERE first = {LAST}",
    "a leaf is cut short": f"UPDATE run SET hashes = substr(hashes, 1, 225) WHERE first = {LAST}",
    "the root is altered": "UPDATE origin SET root = zeroblob(32)",
    "the size is too large": f"UPDATE origin SET size = {SIZE + 256}",
    "the size is too small": f"UPDATE origin SET size = {SIZE - 1}",
}


@pytest.mark.parametrize("statement", DAMAGE.values(), ids=DAMAGE.keys())
def test_a_damaged_tree_is_refused_at_start(city: City, statement: str) -> None:
    path = _damaged(city, statement)
    for open_again in (lambda: Store(path, CITY, city.signer, city.clock), lambda: Reader(path).frontier(CITY)):
        with pytest.raises(NodeError) as caught:
            open_again()
        assert caught.value.reason is Reason.STORAGE_CORRUPT


def _overwrite(path: Path, content: Callable[[bytes], bytes]) -> None:
    path.write_bytes(content(path.read_bytes()))


@pytest.mark.parametrize(
    "spoil",
    [lambda raw: b"not a database at all".ljust(len(raw)), lambda raw: raw[:4096] + bytes(len(raw) - 4096)],
    ids=["header gone", "pages gone"],
)
def test_a_damaged_file_is_refused_at_start(city: City, spoil: Callable[[bytes], bytes]) -> None:
    city.close()
    _overwrite(city.path, spoil)
    with pytest.raises(NodeError) as caught:
        Store(city.path, CITY, city.signer, city.clock)
    assert caught.value.reason is Reason.STORAGE_CORRUPT


def test_another_citys_data_is_refused(city: City) -> None:
    city.close()
    with pytest.raises(NodeError) as caught:
        Store(city.path, "wuhan", city.signer, city.clock)
    assert caught.value.reason is Reason.INVALID_CONFIG


def test_what_is_not_there_yet_is_an_empty_tree(city: City) -> None:
    assert city.store.frontier("wuhan").size == 0
    assert city.store.find_origin("wuhan") is None


def _count(connection: Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM tile").fetchone()[0])


def test_only_full_tiles_are_stored(city: City) -> None:
    assert _count(city.store.connection) == SIZE // 256
