"""A log that tells its batches, and what a receiver makes of them."""

from collections.abc import Mapping
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from nacl.signing import SigningKey

from node.core.log.checkpoint import LogKey, format_checkpoint, log_name
from node.core.log.merkle import Frontier, consistency_proof
from node.core.log.record import seal
from node.core.log.trusted_log import TrustedLog
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.stubs.record.v1.record_pb2 import Header, View

CITY = "wuhan"


class Log:
    """A city's log in memory, small enough that every node of its tree stays in the frontier's reach."""

    def __init__(self, size: int, city: str = CITY, seed: int = 0, facet_bytes: int = 4) -> None:
        self.city = city
        self.signing = SigningKey(bytes([seed + 1]) * 32)
        self.key = LogKey(log_name(city), bytes(self.signing.verify_key))
        self.views: list[View] = []
        self.leaves: list[bytes] = []
        self.grow(size, facet_bytes)

    def grow(self, count: int, facet_bytes: int = 4, header: Mapping[str, str] = MappingProxyType({})) -> None:
        for index in range(len(self.views), len(self.views) + count):
            told: dict[str, Any] = {"id": f"{self.city}-{index}", "city": self.city, "standard": "s"} | dict(header)
            bodies = [bytes([index % 256]) * facet_bytes, b"b"]
            leaf, view = seal(Header(**told), bodies, sha256(bytes([index % 256])).digest())
            self.leaves.append(leaf)
            self.views.append(View.FromString(view))

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
            views=self.views[begin:end],
            checkpoint=self.note(size),
            consistency=consistency_proof(self.node, end, size),
            known_consistency=consistency_proof(self.node, known, size),
            grant="g",
            leaf_hashes=b"".join(self.leaves[begin:end]),
        )

    def view(self) -> TrustedLog:
        return TrustedLog(self.city, [self.key], Frontier(), None)


def root(leaves: list[bytes]) -> bytes:
    frontier = Frontier()
    frontier.extend(leaves)
    return frontier.root()
