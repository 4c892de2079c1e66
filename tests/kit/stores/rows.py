"""Rows for a store, and what must hold of it afterwards."""

from hashlib import sha256

from node.core.log.checkpoint import verify_checkpoint
from node.core.log.merkle import Frontier
from node.core.log.run import record_of
from node.storage.sqlite.log import OWN, AppendResult, Entry
from node.stubs.record.v1.record_pb2 import Header
from tests.kit.clock import NOW_MS
from tests.kit.stores.city import City

CITY = "changsha"


def digest16(*parts: bytes) -> bytes:
    return sha256(b"|".join(parts)).digest()[:16]


def entry(key: str, body: str = "x", as_of_ms: int = NOW_MS, size: int = 0) -> Entry:
    header = Header(standard="operator.registration", version=1, city=CITY, as_of_ms=as_of_ms, subjects=[f"uscc:{key}"])
    bodies = (body.encode() + bytes(size), b"", b"", b"")
    return Entry.of(header, bodies, digest16(key.encode()), digest16(*bodies))


def append(city: City, *entries: Entry) -> list[AppendResult]:
    return city.store.append(entries).result(20)


def check_whole(city: City, size: int) -> None:
    """Every leaf is there, the tree is the signed one, every record hashes to its leaf, and the log opens again."""
    records = city.store.records(OWN, 0, size + 10)
    assert [record.index for record in records] == list(range(size))
    frontier = Frontier()
    frontier.extend([record.leaf_hash for record in records])
    checkpoint = verify_checkpoint(city.store.log.note, f"{CITY}.gongzhi.internal/log", [city.key])
    origin = city.store.origin(CITY)
    assert (checkpoint.size, checkpoint.root) == (origin.size, origin.root) == (size, frontier.root())
    assert origin.checkpoint == city.store.log.note
    for index, record in enumerate(records):
        assert record_of(record.run(), index).leaf_hash == record.leaf_hash
        assert record.header.id == f"{CITY}-{index}"
