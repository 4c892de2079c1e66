"""Tells any story as a city would: batches over any views, under checkpoints signed with its real key."""

from collections.abc import Iterable, Iterator, Sequence

from nacl.signing import SigningKey

from node.core.log.checkpoint import LogKey, format_checkpoint, log_name
from node.core.log.merkle import EMPTY_ROOT, consistency_proof, hash_children
from node.core.log.record import open_view, parse_header
from node.ports import Signer
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.stubs.record.v1.record_pb2 import Header, View
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


def tell(origin: Origin, views: Sequence[View], begin: int = 0, known: int = 0, grant: str = "") -> list[PullResponse]:
    """The stream of a log that holds these views, from `begin` on, in every point consistent with itself."""
    leaves = [leaf_of(view) for view in views]
    tree = Tree(leaves)
    checkpoint = note(origin.city, tree.size, tree.root, origin.signer)
    batches = []
    for start in range(begin, max(tree.size, begin + 1), BATCH):
        end = min(start + BATCH, tree.size)
        batches.append(
            PullResponse(
                from_index=start,
                views=views[start:end],
                checkpoint=checkpoint,
                consistency=tree.proof(end),
                known_consistency=tree.proof(known) if start == begin else [],
                grant=grant or origin.policy.grant("changsha", "verification").digest,
                leaf_hashes=b"".join(leaves[start:end]),
            )
        )
    return batches


def leaf_of(view: View) -> bytes:
    return open_view(view).leaf_hash


def heard(stream: Iterable[bytes]) -> list[PullResponse]:
    return [PullResponse.FromString(raw) for raw in stream]


def views_of(batches: Iterable[PullResponse]) -> list[View]:
    return [view for batch in batches for view in batch.views]


def with_header(view: View, **fields: object) -> View:
    """The view with another header: another leaf."""
    header = parse_header(view.header)
    header.MergeFrom(Header(**fields))  # type: ignore[arg-type]
    other = View()
    other.CopyFrom(view)
    other.header = header.SerializeToString()
    return other


def said(batches: Iterable[PullResponse]) -> Iterator[bytes]:
    return (batch.SerializeToString() for batch in batches)
