"""The city that pulls, and what it has stored to the last byte."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from node.config import Sync as Settings
from node.core.log.merkle import Frontier
from node.core.log.record import open_view, parse_header
from node.core.members.federation import Member
from node.ports import Peer
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.rows import subject_rows
from node.storage.sqlite.store import Store
from node.storage.sqlite.tree import position
from node.stubs.control.v1 import control_pb2
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.stubs.record.v1.record_pb2 import View
from node.usecases.exchange.pull import Progress
from node.usecases.exchange.sync import Sync
from node.usecases.upkeep.node_status import node_status
from tests.kit.clock import SetClock
from tests.kit.keys import KeySigner
from tests.kit.simulator.origin import Origin
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


def views(store: Reader, city: str) -> list[View]:
    """What a store holds of a city's records, in log order."""
    origin = store.origin(city)
    rows = store.records(origin.number, 0, origin.size)
    return [View(leaf_hash=leaf_hash) if view is None else View.FromString(view) for _, leaf_hash, view in rows]


def recompute(store: Reader, city: str) -> None:
    """Recomputes a replica (or the own log) from its stored records and holds it against everything said of it."""
    origin = store.origin(city)
    stored = store.records(origin.number, 0, origin.size + 1)
    assert [index for index, _, _ in stored] == list(range(origin.size)), "a record lost, or one too many"
    opened = 0
    for index, leaf_hash, view in stored:
        if view is not None:
            found = open_view(View.FromString(view))
            assert found.leaf_hash == leaf_hash
            assert found.header is not None
            assert (found.header.city, found.header.id) == (city, f"{city}-{index}")
            opened += 1
    frontier = Frontier()
    tiles = frontier.extend([leaf_hash for _, leaf_hash, _ in stored])
    assert frontier.root() == origin.root
    kept = store.connection.execute("SELECT height, number, nodes FROM tile WHERE origin = ?", (origin.number,))
    assert {(t.height, t.number, t.nodes) for t in tiles} == set(kept)
    assert origin.known is not None
    assert origin.known.size >= origin.size
    if origin.known.size == origin.size:
        assert origin.known.root == origin.root
    if origin.number:
        assert (origin.verified, origin.withheld) == (opened, origin.size - opened)


def indexed(store: Reader, city: str) -> set[tuple[int, int]]:
    """The subject index of one city: (digest, leaf index)."""
    number = store.origin(city).number
    low, high = position(number, 0), position(number + 1, 0)
    rows = store.connection.execute(
        "SELECT digest, position FROM subject WHERE position >= ? AND position < ?", (low, high)
    )
    return {(digest, row - low) for digest, row in rows}


def index_due(held: Mapping[int, View]) -> set[tuple[int, int]]:
    """The index that follows from the views alone: every open record that no other open one replaces."""
    headers = {index: parse_header(view.header) for index, view in held.items() if view.header}
    replaced = {header.supersedes for header in headers.values() if header.supersedes}
    return {
        row for index, header in headers.items() if header.id not in replaced for row in subject_rows(header, index)
    }


def check(receiver: Receiver, origin: Origin) -> None:
    """The replica is exactly what the origin would share now, its counters, tree and index included."""
    held = views(receiver.store, origin.city)
    assert held == shared(origin, receiver.city)
    recompute(receiver.store, origin.city)
    assert receiver.store.origin(origin.city).root == origin.store.origin(origin.city).root
    assert indexed(receiver.store, origin.city) == index_due(dict(enumerate(held)))
    assert receiver.store.origin(origin.city).to_revise == 0


def shared(origin: Origin, caller: str) -> list[View]:
    return [view for raw in origin.pull(caller, 0, 0) for view in PullResponse.FromString(raw).views]


def is_anywhere(receiver: Receiver, secret: bytes) -> bool:
    """Whether bytes stand in any file of the receiver's store."""
    files = receiver.path.parent.glob(f"{receiver.path.name}*")
    return any(secret in file.read_bytes() for file in files)


def salts(view: View) -> list[bytes]:
    return [facet.salt for facet in view.facets if facet.salt]
