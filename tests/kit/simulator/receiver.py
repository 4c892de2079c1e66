"""The city that pulls, and what it has stored to the last byte."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from node.config import Sync as Settings
from node.core.log.merkle import HASH_BYTES, Frontier
from node.core.log.record import SALT_BYTES, Record
from node.core.log.run import MAX_RUN_RECORDS, open_run
from node.core.log.subjects import IndexEntry, index_entries
from node.core.members.federation import Member
from node.core.standards.kinds import kind_of
from node.ports import Peer
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Store
from node.storage.sqlite.tree import position
from node.stubs.control.v1 import control_pb2
from node.usecases.exchange.pull import Progress
from node.usecases.exchange.sync import Sync
from node.usecases.upkeep.node_status import node_status
from tests.kit.clock import SetClock
from tests.kit.keys import KeySigner
from tests.kit.simulator.origin import Origin
from tests.kit.simulator.telling import heard, leaf_of, records_of
from tests.kit.stores.city import PURPOSE
from tests.kit.stores.new_database import place_database

Dump = dict[str, list[tuple[Any, ...]]]
# What an incident changes by right.
NOT_DATA = frozenset({"link", "incident", "sqlite_sequence"})
# One key for every receiver: what two of them hold can then be compared byte for byte.
_SIGNER = KeySigner()


class Receiver:
    """One city's store and its sync, over whatever peers a test gives it."""

    def __init__(self, path: Path, city: str = "changsha", settings: Settings | None = None) -> None:
        self.city = city
        self.path = path
        self.clock = SetClock()
        self.signer = _SIGNER
        self.settings = settings or Settings(purpose=PURPOSE)
        self.peers: dict[str, Peer] = {}
        self.members: dict[str, Member] = {}
        self.open()

    def open(self) -> None:
        """Opens the store (again): everything durable is taken up from there."""
        place_database(self.path)
        self.store = Store(self.path, self.city, self.signer, self.clock)
        self.sync = Sync(self.store, self.members.values, self._connect, self.settings, self.clock)

    @contextmanager
    def _connect(self, member: Member) -> Iterator[Peer]:
        yield self.peers[member.city]

    def meet(self, origin: Origin, peer: Peer) -> None:
        """Reaches `origin` by this peer port from now on."""
        self.members[origin.city] = origin.member
        self.peers[origin.city] = peer

    def pull(self, city: str) -> Progress:
        return self.sync.run_now(city, lambda _: None)

    def status(self) -> control_pb2.StatusResponse:
        folder = self.path.parent
        return node_status(
            self.store, self.members.values(), folder, self.clock, "", lambda: "", silence=self.sync.silence
        )

    def peer_status(self, city: str) -> control_pb2.PeerStatus:
        return next(peer for peer in self.status().peers if peer.city == city)

    def dump(self, without: frozenset[str] = NOT_DATA) -> Dump:
        return dump(self.store, without)

    def close(self) -> None:
        self.store.close()


def dump(store: Reader, without: frozenset[str] = NOT_DATA) -> Dump:
    """Every row of every table."""
    tables = [name for (name,) in store.connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {
        name: store.connection.execute(f"SELECT * FROM {name}").fetchall() for name in tables if name not in without
    }


def views(store: Reader, city: str) -> list[Record]:
    """What a store holds of a city's records, in log order."""
    origin = store.origin(city)
    return store.records(origin.number, 0, origin.size)


def recompute(store: Reader, city: str) -> None:
    """Recomputes a replica (or the own log) from its stored records and holds it against everything said of it."""
    origin = store.origin(city)
    stored = store.records(origin.number, 0, origin.size + 1)
    assert [record.index for record in stored] == list(range(origin.size)), "a record lost, or one too many"
    assert all(leaf_of(record) == record.leaf_hash for record in stored)
    assert all(record.header.id == f"{city}-{record.index}" for record in stored if record.is_open)
    _recompute_runs(store, city)
    opened = sum(record.is_open for record in stored)
    frontier = Frontier()
    tiles = frontier.extend([record.leaf_hash for record in stored])
    assert frontier.root() == origin.root
    kept = store.connection.execute("SELECT height, number, nodes FROM tile WHERE origin = ?", (origin.number,))
    assert {(t.height, t.number, t.nodes) for t in tiles} == set(kept)
    assert origin.known is not None
    assert origin.known.size >= origin.size
    if origin.known.size == origin.size:
        assert origin.known.root == origin.root
    if origin.number:
        assert (origin.verified, origin.withheld) == (opened, origin.size - opened)


def _recompute_runs(store: Reader, city: str) -> None:
    """The runs as they lie in their table: none overlaps another, none is too long, each hashes to what it says."""
    origin = store.origin(city)
    low, high = position(origin.number, 0), position(origin.number + 1, 0)
    rows = store.connection.execute(
        "SELECT first, hashes, content FROM run WHERE first >= ? AND first < ? ORDER BY first", (low, high)
    ).fetchall()
    end = 0
    for row, hashes, content in rows:
        assert row - low == end, "runs overlap, or leave a gap"
        assert 0 < len(hashes) // HASH_BYTES <= MAX_RUN_RECORDS
        assert content is None or open_run(content, end, city).stored.hashes == hashes
        end += len(hashes) // HASH_BYTES
    assert end == origin.size


def indexed(store: Reader, city: str) -> set[IndexEntry]:
    """The subject index of one city: (digest, leaf index)."""
    number = store.origin(city).number
    low, high = position(number, 0), position(number + 1, 0)
    rows = store.connection.execute(
        "SELECT digest, position FROM subject WHERE position >= ? AND position < ?", (low, high)
    )
    return {(digest, row - low) for digest, row in rows}


def index_due(held: Mapping[int, Record]) -> set[IndexEntry]:
    """The index that follows from the records alone: every open one that no other open one replaces."""
    headers = {index: record.header for index, record in held.items() if record.is_open}
    replaced = {header.supersedes for header in headers.values() if header.supersedes}
    return {
        entry
        for index, header in headers.items()
        if header.id not in replaced
        for entry in index_entries(header.subjects, kind_of(header.standard), index)
    }


def check(receiver: Receiver, origin: Origin) -> None:
    """The replica is exactly what the origin would share now, its counters, tree and index included."""
    held = views(receiver.store, origin.city)
    assert held == shared(origin, receiver.city)
    recompute(receiver.store, origin.city)
    assert receiver.store.origin(origin.city).root == origin.store.origin(origin.city).root
    assert indexed(receiver.store, origin.city) == index_due(dict(enumerate(held)))
    assert receiver.store.origin(origin.city).to_revise == 0


def shared(origin: Origin, caller: str) -> list[Record]:
    """What the origin shows this caller now."""
    return records_of(heard(origin.pull(caller, 0, 0)))


def is_anywhere(receiver: Receiver, secret: bytes) -> bool:
    """Whether bytes stand in any file of the receiver's store."""
    files = receiver.path.parent.glob(f"{receiver.path.name}*")
    return any(secret in file.read_bytes() for file in files)


def salts(record: Record) -> list[bytes]:
    return [opening[:SALT_BYTES] for opening in record.facets if opening is not None]
