"""Facts the engine works on: acts as they stand in the cities' logs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Person:
    """An officer as named in an act; identified by account or certificate number, by name where it has neither."""

    name: str
    certificate: str = ""
    account: str = ""

    def is_same_as(self, other: "Person") -> bool:
        """Both are one person as far as the act tells."""
        if self.account and self.account == other.account:
            return True
        if self.certificate and self.certificate == other.certificate:
            return True
        return not (self.account or self.certificate) and self.name == other.name


@dataclass(frozen=True, slots=True)
class ActFact:
    """One act, recorded or proposed.

    Attributes:
        id: record id `<city>-<leaf index>`; empty while only proposed.
        case: record id of the act that opened the case; its own id for that act.
        follows: record ids of the acts it follows.
        city: slug of the city in whose log it stands.
        on: day of the act, which deadlines count from.
        platform: name of the platform that acts at the city's node; empty where the city acts.
        maker: None where the software acted by itself.
        documents: title -> number or digest.
        fields: what else it carries, by field name.
    """

    id: str
    case: str
    act: str
    follows: tuple[str, ...]
    city: str
    on: date
    platform: str = ""
    maker: Person | None = None
    approver: Person | None = None
    officers: tuple[Person, ...] = ()
    documents: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


def city_of(record_id: str) -> str:
    """City of a record id."""
    return record_id.rpartition("-")[0]


def record_order(record_id: str) -> tuple[str, int]:
    """Sorts record ids by city, then by their place in its log."""
    city, _, index = record_id.rpartition("-")
    return city, int(index) if index.isdecimal() else -1
