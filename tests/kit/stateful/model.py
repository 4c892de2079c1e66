"""What ought to be: the acknowledged records of each city and what its rules let another see, told anew and simply."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from node.core.log.record import parse_record_id
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.kit.simulator.origin import DEREGISTERED, policy_text

Facets = frozenset[int] | None
"""Numbers of the facets a city may see; None where the record is withheld whole."""

_NUMBERS = {"public": 1, "regulator": 2, "personal": 3}
_HIDES = {"": "", "deregistered": f"int(body.status) == {DEREGISTERED}", "a": 'body.name.startsWith("a")'}


@dataclass(frozen=True)
class Rules:
    """A policy for operators: these facets for a city, or for all; `hides` names what is withheld whole."""

    facets: tuple[str, ...] = ()
    hides: str = ""
    to: str = "all"

    def text(self, city: str) -> str:
        return policy_text(city, *self.facets, hides=_HIDES[self.hides], to=self.to)

    def shares_with(self, peer: str) -> bool:
        return bool(self.facets) and self.to in ("all", peer)

    def decide(self, peer: str, body: OperatorRegistration) -> Facets:
        hidden = {"": False, "deregistered": body.status == DEREGISTERED, "a": body.name.startswith("a")}[self.hides]
        return frozenset(_NUMBERS[name] for name in self.facets) if self.shares_with(peer) and not hidden else None


@dataclass
class Published:
    """An acknowledged record; `predecessor` and `successor` are the leaf indices of the versions beside it."""

    body: OperatorRegistration
    predecessor: int | None
    is_retracted: bool = False
    successor: int | None = None


@dataclass
class Model:
    """What one city has acknowledged, by leaf index, and the rules now in force."""

    rules: Rules
    peers: Sequence[str]
    records: dict[int, Published] = field(default_factory=dict)
    current: dict[str, int] = field(default_factory=dict)

    def acknowledge(self, ids: Iterable[str], bodies: Iterable[OperatorRegistration]) -> None:
        """Rows, no key twice, as the intake answered them."""
        replaced: list[int] = []
        for record, body in zip(ids, bodies, strict=True):
            index = parse_record_id(record)[1]
            if index not in self.records:  # else it is a duplicate, or outdated
                replaced += self._place(index, body)
        for index in replaced:
            if self._narrows(index):
                self.retract(index)

    def _place(self, index: int, body: OperatorRegistration) -> list[int]:
        before = self.current.get(body.legacy_number)
        self.records[index] = Published(body, before)
        self.current[body.legacy_number] = index
        if before is None:
            return []
        self.records[before].successor = index
        return [before]

    def _narrows(self, index: int) -> bool:
        """Whether some city would see more of a record than of what replaced it: then it is taken back from all."""
        old, new = self.records[index].body, self.records[self.records[index].successor or 0].body
        seen = [(self.rules.decide(peer, old), self.rules.decide(peer, new)) for peer in self.peers]
        return any(before is not None and (now is None or not before <= now) for before, now in seen)

    def retract(self, index: int) -> None:
        """Takes a record back, and every version before it."""
        record = self.records[index]
        record.is_retracted = True
        if self.current.get(record.body.legacy_number) == index:
            del self.current[record.body.legacy_number]
        if record.predecessor is not None and not self.records[record.predecessor].is_retracted:
            self.retract(record.predecessor)

    def retractable(self) -> list[int]:
        return [index for index, record in self.records.items() if not record.is_retracted]

    def visible(self, index: int, peer: str) -> Facets:
        """What a city may see of a record: of a replaced one no more than of every version after it."""
        record = self.records[index]
        if record.is_retracted:
            return None
        seen = self.rules.decide(peer, record.body)
        if record.successor is None or seen is None:
            return seen
        allowed = self.visible(record.successor, peer)
        return None if allowed is None else seen & allowed
