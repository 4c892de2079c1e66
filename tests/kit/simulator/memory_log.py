"""A log that tells its batches, and what a receiver makes of them."""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from nacl.signing import SigningKey

from node.core.log.checkpoint import LogKey, format_checkpoint, log_name
from node.core.log.merkle import Frontier, consistency_proof, inclusion_proof
from node.core.log.record import FORMAT, SALT_BYTES, Record, share_common
from node.core.log.run import MAX_RUN_RECORDS, StoredRun, cut, join, seal
from node.core.log.trusted_log import TrustedLog
from node.core.standards import standard as standards
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.stubs.query.v1.query_pb2 import Proof
from node.stubs.record.v1.record_pb2 import Common, Own, Run
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.kit.clock import NOW_MS

CITY = "wuhan"
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Log:
    """A city's log in memory, small enough that every node of its tree stays in the frontier's reach."""

    def __init__(self, size: int, city: str = CITY, seed: int = 0, facet_bytes: int = 4) -> None:
        self.city = city
        self.signing = SigningKey(bytes([seed + 1]) * 32)
        self.key = LogKey(log_name(city), bytes(self.signing.verify_key))
        self.records: list[Record] = []
        self.leaves: list[bytes] = []
        self.grow(size, facet_bytes)

    def grow(
        self, count: int, facet_bytes: int = 4, common: Mapping[str, Any] = _NOTHING, own: Mapping[str, Any] = _NOTHING
    ) -> None:
        """More records of two facets, each with a subject of its own."""
        first = len(self.records)
        self.add(
            {"standard": "s"} | dict(common),
            [
                ({"subjects": [f"uscc:{index}"]} | dict(own), [bytes([index % 256]) * facet_bytes, b"b"])
                for index in range(first, first + count)
            ],
        )

    def register(self, *bodies: OperatorRegistration, **common: Any) -> None:
        """Registrations, as an intake would put them."""
        standard = standards.get("operator.registration")
        told = {"standard": standard.name, "version": standard.version, "audience": ["all"], "as_of_ms": NOW_MS}
        rows = [({"subjects": standard.subjects(each)}, standard.split(each.SerializeToString())) for each in bodies]
        self.add(told | common, rows)

    def add(self, common: Mapping[str, Any], told: Sequence[tuple[Mapping[str, Any], Sequence[bytes]]]) -> None:
        """Records with one common header: own fields and the bodies of the facets of each."""
        for begin in range(0, len(told), MAX_RUN_RECORDS):
            part = told[begin : begin + MAX_RUN_RECORDS]
            facets = len(part[0][1])
            fields: dict[str, Any] = {"city": self.city, "facets": facets} | dict(common)
            shared = share_common(Common(**fields))
            owns = [Own(**own).SerializeToString() for own, _ in part]
            first = len(self.records)
            run = seal(shared, owns, [bodies for _, bodies in part], _salts(first, len(part) * facets), first)
            self.records += cut(run)
        self.leaves = [record.leaf_hash for record in self.records]

    def node(self, level: int, index: int) -> bytes:
        covered = self.leaves[index << level : (index + 1) << level]
        assert len(covered) == 1 << level
        return root(covered)

    def note(self, size: int | None = None, signing: SigningKey | None = None) -> bytes:
        size = len(self.leaves) if size is None else size
        sign = signing or self.signing
        return format_checkpoint(self.key, size, root(self.leaves[:size]), lambda text: sign.sign(text).signature)

    def batch(self, begin: int, end: int, known: int = 0, size: int | None = None) -> PullResponse:
        size = len(self.leaves) if size is None else size
        return PullResponse(
            from_index=begin,
            runs=on_wire(self.records[begin:end]),
            checkpoint=self.note(size),
            consistency=consistency_proof(self.node, end, size),
            known_consistency=consistency_proof(self.node, known, size),
            grant="g",
            leaf_hashes=b"".join(self.leaves[begin:end]),
            format=FORMAT,
        )

    def prove(self, index: int, size: int | None = None) -> Proof:
        """The record with its proof, every facet open."""
        size = len(self.leaves) if size is None else size
        return Proof(
            id=f"{self.city}-{index}",
            city=self.city,
            leaf_index=index,
            view=self.records[index].run(),
            inclusion=inclusion_proof(self.node, index, size),
            checkpoint=self.note(size),
        )

    def view(self) -> TrustedLog:
        return TrustedLog(self.city, [self.key], Frontier(), None)


def on_wire(records: Iterable[Record]) -> list[bytes]:
    """Neighbouring records as the runs that a batch carries."""
    return [run_on_wire(run) for run in join(records)]


def run_on_wire(run: StoredRun) -> bytes:
    """A stored run as a batch carries it."""
    return Run(leaf_hashes=run.hashes).SerializeToString() if run.content is None else run.content


def withheld(record: Record) -> Record:
    """The record withheld whole."""
    return Record(record.index, record.leaf_hash)


def root(leaves: list[bytes]) -> bytes:
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()


def _salts(first: int, count: int) -> bytes:
    """Salts that look random and are the same each time."""
    each = (sha256(b"%d %d" % (first, number)).digest() for number in range(count))
    return b"".join(salt[:SALT_BYTES] for salt in each)
