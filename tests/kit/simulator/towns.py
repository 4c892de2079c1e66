"""Whole cities in memory that pull from, cosign and accuse each other: real stores and use cases, no network."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from node.config import Sync as Settings
from node.core.log.cosignature import WitnessKey, witness_name
from node.core.members.federation import Federation, Member
from node.errors import Reason
from node.ports import Peer
from node.storage.sqlite.forget import forget_log
from node.storage.sqlite.replica import Origin as LogOrigin
from node.storage.sqlite.store import Store
from node.stubs.control.v1 import control_pb2
from node.stubs.exchange.v1.exchange_pb2 import CompareRequest, CompareResponse
from node.usecases.exchange.compare import Compare
from node.usecases.exchange.freeze import Freeze
from node.usecases.exchange.sync import Sync
from node.usecases.exchange.witness import Round, Witness
from node.usecases.upkeep.checks.logs import log_findings
from node.usecases.upkeep.node_status import node_status
from tests.kit.keys import KeySigner
from tests.kit.simulator.origin import Origin, SimulatedPeer, member, policy_text, registration
from tests.kit.stores.city import PURPOSE

SIX = ("changsha", "wuhan", "zhengzhou", "hefei", "taiyuan", "nanchang")


class Town:
    """A city with its log, its witness key and its sync; `reach` says how it gets to each of the others."""

    def __init__(self, folder: Path, city: str, cities: Sequence[str], reach: "Callable[[str, str], Peer]") -> None:
        self.city = city
        others = [each for each in cities if each != city]
        self.origin = Origin(folder / f"{city}.db", city, peers=others, policy=policy_text(city, "public"))
        self.key = KeySigner()
        self.alarms = 0
        self._folder = folder
        self._reach = reach
        self.may_cosign = True
        self.members: Callable[[], Sequence[Member]] = tuple
        self.open()

    def open(self) -> None:
        """Takes up where the store stands."""
        store, clock = self.store, self.origin.clock
        freeze = Freeze(store, self._alarm)
        self.compare = Compare(store, self.members, clock, freeze)
        self.witness = Witness(store, self.city, self.key, clock, self.may_cosign)
        around = Round(self.witness, self.compare, ())
        self.sync = Sync(store, self._others, self._connect, Settings(purpose=PURPOSE), clock, around)

    @property
    def store(self) -> Store:
        return self.origin.store

    @property
    def member(self) -> Member:
        witness = WitnessKey(witness_name(self.city), self.key.public_key)
        return replace(member(self.city, self.origin.signer), witness_keys=(witness,))

    def grow(self, first: int, count: int = 1) -> None:
        self.origin.take_in(*map(registration, range(first, first + count)))

    def pull(self, city: str) -> None:
        self.sync.run_due(city)

    def answer(self, caller: str, told: bytes) -> CompareResponse:
        return self.compare.answer(caller, CompareRequest.FromString(told))

    def status(self) -> control_pb2.StatusResponse:
        held_back = self.store.log.held_back
        is_restored = held_back is not None and held_back.reason is Reason.RESTORED
        found = log_findings(self.store, is_restored=is_restored)
        return node_status(self.store, self._others(), self._folder, self.origin.clock, "", lambda: "", found)

    def forget(self, log: LogOrigin) -> None:
        """Destroys what is held of a log, which only a stopped node does, and starts again."""
        stopped = self.origin
        stopped.close()
        forget_log(stopped.path, log, (), 1)
        self.origin = Origin(stopped.path, self.city, stopped.signer, stopped.peers, clock=stopped.clock)
        self.open()

    def close(self) -> None:
        self.origin.close()

    def _others(self) -> list[Member]:
        return [each for each in self.members() if each.city != self.city]

    @contextmanager
    def _connect(self, member: Member) -> Iterator[Peer]:
        yield self._reach(self.city, member.city)

    def _alarm(self) -> None:
        self.alarms += 1


class TownPeer(SimulatedPeer):
    """A town's exchange as one caller sees it."""

    def __init__(self, town: Town, caller: str, origin: Origin | None = None) -> None:
        super().__init__(origin or town.origin, caller)
        self.town = town

    def compare(self, told: bytes) -> bytes:
        return self.town.answer(self._caller, told).SerializeToString()


class Country:
    """Towns that all know each other; a test may put another peer in the place of one, for some callers or all."""

    def __init__(self, folder: Path, cities: Sequence[str] = SIX) -> None:
        self.peers: dict[tuple[str, str], Peer] = {}
        self.towns = {city: Town(folder, city, cities, self._reach) for city in cities}
        for town in self.towns.values():
            town.members = self.members
            town.open()

    def __getitem__(self, city: str) -> Town:
        return self.towns[city]

    def members(self) -> tuple[Member, ...]:
        return tuple(town.member for town in self.towns.values())

    @property
    def federation(self) -> Federation:
        return Federation(self.members())

    def round(self, *cities: str) -> None:
        """Each of these (all, when none is named) pulls from every other once."""
        for city in cities or self.towns:
            for other in self.towns:
                if other != city:
                    self[city].pull(other)

    def frozen(self, city: str) -> set[str]:
        """Who has frozen the log of `city`."""
        return {town.city for town in self.towns.values() if town.store.peers.state(city).frozen}

    def close(self) -> None:
        for town in self.towns.values():
            town.close()

    def _reach(self, caller: str, city: str) -> Peer:
        return self.peers.get((caller, city)) or TownPeer(self[city], caller)
