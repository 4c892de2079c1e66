"""Rows for a store, and what must hold of it afterwards."""

from hashlib import sha256

from node.core.log.checkpoint import verify_checkpoint
from node.core.log.merkle import Frontier
from node.core.log.record import open_view
from node.storage.sqlite.log import OWN, AppendResult, Entry
from node.stubs.record.v1.record_pb2 import Header, View
from tests.kit.clock import NOW_MS
from tests.kit.stores.city import City

CITY = "changsha"


def digest16(*parts: bytes) -> bytes:
    return sha256(b"|".join(parts)).digest()[:16]


def entry(key: str, body: str = "x", as_of_ms: int = NOW_MS, size: int = 0) -> Entry:
    header = Header(standard="operator.registration", version=1, city=CITY, as_of_ms=as_of_ms, subjects=[f"uscc:{key}"])
    bodies = (body.encode() + bytes(size), b"", b"", b"")
    return Entry(header, bodies, digest16(key.encode()), digest16(*bodies))


def append(city: City, *entries: Entry) -> list[AppendResult]:
    return city.store.append(entries).result(20)


def check_whole(city: City, size: int) -> None:
    """Every leaf is there, the tree is the signed one, every view opens to its leaf, and the log opens again."""
    rows = city.store.records(OWN, 0, size + 10)
    assert [index for index, _, _ in rows] == list(range(size))
    frontier = Frontier()
    frontier.extend([leaf for _, leaf, _ in rows])
    checkpoint = verify_checkpoint(city.store.log.note, f"{CITY}.gongzhi.internal/log", [city.key])
    origin = city.store.origin(CITY)
    assert (checkpoint.size, checkpoint.root) == (origin.size, origin.root) == (size, frontier.root())
    assert origin.checkpoint == city.store.log.note
    for index, leaf, stored in rows:
        opened = open_view(View.FromString(stored or b""))
        assert opened.leaf_hash == leaf
        assert opened.header is not None
        assert opened.header.id == f"{CITY}-{index}"
