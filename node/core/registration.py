"""What a question about an operator is answered from: so much of a registration as an answer needs, and no more.

It is read of a record, or of the row that the query process keeps of it (`node.storage.sqlite.kept`): the same value.
"""

from collections.abc import Collection
from functools import lru_cache
from typing import NamedTuple, cast

from node.core.answer import public_facets
from node.core.log.body import join_bodies, read_bodies, standard_of
from node.core.log.record import Record
from node.core.standards.kinds import REGISTRATION
from node.errors import NodeError
from node.stubs.record.v1.record_pb2 import Common, Own
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration


class Registration(NamedTuple):
    """What an answer needs of a registration.

    Attributes:
        origin: Number of the city's log.
        leaf: Leaf index.
        subjects: What its header says it is about.
        version: Of the standard; 0 where nobody can read a body under that header.
        as_of_ms: When it was true; 0 where the city does not say.
        issued_at_ms: When the city issued it.
        valid_until_ms: The end of its term; 0 where it has none.
        disclosed: The numbers of the disclosed facets.
        public: The bodies of the disclosed facets that are public, end to end.
        others: Those of the other disclosed facets.
    """

    origin: int
    leaf: int
    subjects: Collection[str]
    version: int
    as_of_ms: int
    issued_at_ms: int
    valid_until_ms: int
    disclosed: frozenset[int]
    public: bytes
    others: bytes

    def seen(self, is_officer: bool) -> frozenset[int]:
        """The numbers of the facets that an asker may see: only an officer sees more than the public ones."""
        return self.disclosed if is_officer else self.disclosed & public_facets()

    def body(self, is_officer: bool) -> OperatorRegistration:
        """What an asker may see of it.

        Raises:
            NodeError: UNKNOWN_STANDARD or INVALID_FIELD, nobody can read it.
        """
        bodies = (self.public, self.others) if is_officer else (self.public,)
        return cast(OperatorRegistration, read_bodies(REGISTRATION, self.version, bodies))


def read_registration(origin: int, record: Record) -> Registration | None:
    """What an answer needs of a record; None where it is no registration, or nothing of it is disclosed."""
    if record.shared is None:
        return None
    common, own = record.shared.common, Own.FromString(record.own)
    if common.standard != REGISTRATION or own.retracts:
        return None
    disclosed = record.disclosed
    return Registration(
        origin,
        record.index,
        own.subjects,
        common.version if _is_readable(common) else 0,
        common.as_of_ms,
        common.issued_at_ms,
        own.valid_until_ms,
        disclosed,
        join_bodies(record, public_facets()),
        join_bodies(record, disclosed - public_facets()),
    )


def to_bits(facets: Collection[int]) -> int:
    """Facet numbers as the bits of a number."""
    return sum(1 << facet for facet in facets)


@lru_cache(1024)
def from_bits(bits: int) -> frozenset[int]:
    """The facet numbers whose bits are set."""
    return frozenset(facet for facet in range(bits.bit_length()) if bits >> facet & 1)


def _is_readable(common: Common) -> bool:
    try:
        standard_of(common)
    except NodeError:
        return False
    return True
