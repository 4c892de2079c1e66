"""Tells any story as a city would: batches over any records, under checkpoints signed with its real key."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from nacl.signing import SigningKey

from node.core.log.checkpoint import LogKey, format_checkpoint, log_name
from node.core.log.merkle import EMPTY_ROOT, consistency_proof, hash_children
from node.core.log.record import FORMAT, Record, commit, hash_record, read_common, share_common
from node.core.log.run import cut, open_run
from node.ports import Signer
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.stubs.record.v1.record_pb2 import Common, Own, Run
from tests.kit.simulator.memory_log import on_wire
from tests.kit.simulator.origin import Origin

BATCH = 500


class Tree:
    """A Merkle tree in memory, every node kept."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        self.size = len(leaves)
        self._levels = [list(leaves)]
        while len(self._levels[-1]) > 1:
            below = self._levels[-1]
            self._levels.append([hash_children(*below[left : left + 2]) for left in range(0, len(below) - 1, 2)])

    def node(self, level: int, index: int) -> bytes:
        return self._levels[level][index]

    @property
    def root(self) -> bytes:
        if not self.size:
            return EMPTY_ROOT
        peaks = [
            self.node(level, (self.size >> level) - 1)
            for level in range(self.size.bit_length())
            if self.size >> level & 1
        ]
        root = peaks[0]
        for peak in peaks[1:]:
            root = hash_children(peak, root)
        return root

    def proof(self, old: int, new: int | None = None) -> list[bytes]:
        return consistency_proof(self.node, old, self.size if new is None else new)


def note(city: str, size: int, root: bytes, signer: Signer | SigningKey, claimed: bytes | None = None) -> bytes:
    """A signed checkpoint; `claimed` is the public key under whose id it is signed, if not the signer's own."""
    if isinstance(signer, SigningKey):
        public, sign = bytes(signer.verify_key), lambda message: signer.sign(message).signature
    else:
        public, sign = signer.public_key, signer.sign
    return format_checkpoint(LogKey(log_name(city), claimed or public), size, root, sign)


def tell(
    origin: Origin, records: Sequence[Record], begin: int = 0, known: int = 0, grant: str = "", size: int = BATCH
) -> list[PullResponse]:
    """The stream of a log that holds these records, from `begin` on, in every point consistent with itself.

    Args:
        origin: Signs, and says what the grant is.
        records: In their order; where they stood before does not count.
        begin: First leaf index of the stream.
        known: The tree size from which the first batch proves that the log only grew.
        grant: Another grant than the one in force.
        size: Records of a batch.
    """
    placed = [at(record, index) for index, record in enumerate(records)]
    leaves = [record.leaf_hash for record in placed]
    tree = Tree(leaves)
    checkpoint = note(origin.city, tree.size, tree.root, origin.signer)
    batches = []
    for start in range(begin, max(tree.size, begin + 1), size):
        end = min(start + size, tree.size)
        batches.append(
            PullResponse(
                from_index=start,
                runs=on_wire(placed[start:end]),
                checkpoint=checkpoint,
                consistency=tree.proof(end),
                known_consistency=tree.proof(known) if start == begin else [],
                grant=grant or origin.policy.grant("changsha", "verification").digest,
                leaf_hashes=b"".join(leaves[start:end]),
                format=FORMAT,
            )
        )
    return batches


def fill(batch: PullResponse, records: Iterable[Record]) -> None:
    """Puts these records into a batch, in this order, and changes nothing else of it."""
    batch.runs[:] = on_wire(at(record, batch.from_index + place) for place, record in enumerate(records))


def leaf_of(record: Record) -> bytes:
    """The leaf hash that follows from what is disclosed of a record; of one withheld whole, the one it came with."""
    if record.shared is None:
        return record.leaf_hash
    commitments = [
        commitment if commitment is not None else commit(number, opening or b"")
        for number, (opening, commitment) in enumerate(zip(record.facets, record.commitments, strict=True), 1)
    ]
    return hash_record(record.shared, record.own, commitments)


def at(record: Record, index: int) -> Record:
    """The record at another place, with the leaf hash that follows from it."""
    leaf_hash = leaf_of(record)
    return Record(index, leaf_hash, record.shared, record.own, record.facets, record.commitments)


def with_common(record: Record, **fields: Any) -> Record:
    """The record with another common header: another leaf."""
    assert record.shared is not None
    common = Common.FromString(record.shared.raw)
    common.MergeFrom(Common(**fields))
    return at(Record(0, b"", share_common(common), record.own, record.facets, record.commitments), record.index)


def with_own(record: Record, **fields: Any) -> Record:
    """The record with another own: another leaf."""
    own = Own.FromString(record.own)
    own.MergeFrom(Own(**fields))
    changed = Record(0, b"", record.shared, own.SerializeToString(), record.facets, record.commitments)
    return at(changed, record.index)


def heard(stream: Iterable[bytes]) -> list[PullResponse]:
    return [PullResponse.FromString(raw) for raw in stream]


def records_of(batches: Iterable[PullResponse]) -> list[Record]:
    """The records of batches, each at the place where its batch has it."""
    records: list[Record] = []
    for batch in batches:
        first = batch.from_index
        for raw in batch.runs:
            opened = open_run(raw, first, city_of(raw)).stored
            records += cut(opened)
            first = opened.end
    return records


def city_of(run: bytes) -> str:
    """The city that a run names; "" where its records are withheld whole."""
    common = Run.FromString(run).common
    return read_common(common).common.city if common else ""


def said(batches: Iterable[PullResponse]) -> Iterator[bytes]:
    return (batch.SerializeToString() for batch in batches)
