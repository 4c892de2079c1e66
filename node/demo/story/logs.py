"""Reads the stores of the six nodes, beside them: what stands in a log, and who holds what of it."""

from collections.abc import Iterator
from typing import NamedTuple

from google.protobuf.message import Message

from node.core.log.record import SALT_BYTES, Record, parse_record_id, record_id
from node.core.standards import standard as standards
from node.demo.nodes import Node
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.stubs.record.v1.record_pb2 import Header


class Stored(NamedTuple):
    """A record as its own city stores it: every facet of it."""

    id: str
    record: Record

    @property
    def header(self) -> Header:
        """Of the record."""
        return self.record.header

    @property
    def body(self) -> Message:
        """All of it."""
        return standards.get(self.header.standard, self.header.version).merge(self.record.bodies())

    @property
    def has_act(self) -> bool:
        """Whether it is an act of a case."""
        body = self.body
        return "act" in body.DESCRIPTOR.fields_by_name and body.HasField("act")

    @property
    def salts(self) -> list[bytes]:
        """Of the facets that hold something: bytes that are nowhere but where a facet is."""
        return [opening[:SALT_BYTES] for opening in self.record.facets if opening and len(opening) > SALT_BYTES]

    def names(self, facets: frozenset[int]) -> tuple[str, ...]:
        """The names of facets, those that are empty left out."""
        known = standards.get(self.header.standard, self.header.version).facets
        # A retraction has no facets.
        held = zip(known, self.record.facets, strict=bool(self.record.facets))
        filled = {facet.number for facet, opening in held if len(opening or b"") > SALT_BYTES}
        return tuple(facet.name for facet in known if facet.number in facets & filled)


class Logs:
    """The stores of the nodes."""

    def __init__(self, nodes: list[Node]) -> None:
        self._readers = {node.city: Reader(node.config.node_db) for node in nodes}

    @property
    def cities(self) -> list[str]:
        """Slugs."""
        return list(self._readers)

    def size(self, city: str) -> int:
        """Of a city's own log."""
        return self._readers[city].origin(city).size

    def own(self, city: str, begin: int = 0) -> Iterator[Stored]:
        """The records of a city's own log from an index on."""
        for record in self._readers[city].records(OWN, begin, self.size(city)):
            if record.is_open:
                yield Stored(record_id(city, record.index), record)

    def stored(self, record: str) -> Stored:
        """A record in its own city's store."""
        city, index = parse_record_id(record)
        return next(self.own(city, index))

    def retracted(self, city: str) -> set[str]:
        """What a city took back of its own."""
        return {record_id(city, index) for index in self._readers[city].retracted(0, max(1, self.size(city)))}

    def held(self, city: str, record: str) -> frozenset[int] | None:
        """The facets of a record that a city holds; None: nothing but a hash, or it has not come yet."""
        origin_city, index = parse_record_id(record)
        origin = self._readers[city].find_origin(origin_city)
        if origin is None or index >= origin.size:
            return None
        held = self._readers[city].record(origin.number, index)
        return held.disclosed if held is not None and held.is_open else None

    def seen_by(self, record: str) -> dict[str, tuple[str, ...]]:
        """City to the names of the facets it holds, for every city that holds anything of a record."""
        stored = self.stored(record)
        held = {city: self.held(city, record) for city in self.cities}
        return {city: stored.names(facets) for city, facets in held.items() if facets is not None}
