"""Cosigns what this node has verified of a peer's log: one signature a round, whatever the number of records."""

from collections.abc import Iterable

import structlog
from prometheus_client import Counter

from node.core.log.checkpoint import log_name
from node.core.log.cosignature import Cosignature, Cosigned, WitnessKey, cosign, open_cosigned, witness_name
from node.core.members.federation import Member
from node.errors import NodeError, Reason, TrustError
from node.ports import Clock, Peer, Signer
from node.storage.sqlite.store import Store
from node.usecases.exchange.compare import Compare

_log = structlog.get_logger(__name__)
_COSIGNED = Counter("gongzhi_checkpoints_cosigned", "Checkpoints of a peer's log cosigned", ["city"])
_FAILURES = Counter("gongzhi_compare_failures", "Comparisons that failed, by peer and reason code", ["city", "reason"])
# What a batch can break that may be two histories signed.
_GRAVE = frozenset({Reason.TREE_FORKED, Reason.TREE_ROLLED_BACK})


class Witness:
    """Cosigns the peers' checkpoints with this node's witness key."""

    def __init__(self, store: Store, city: str, signer: Signer, clock: Clock, may_cosign: bool) -> None:
        """Takes up where the store stands.

        Args:
            store: Holds the verified logs, and what was cosigned of them.
            city: Slug of this node's city.
            signer: Holds the witness key.
            clock: Dates the cosignatures.
            may_cosign: False for a restored node: what it cosigned after the backup it does not remember.
        """
        self._store = store
        self._signer = signer
        self._clock = clock
        self._may_cosign = may_cosign
        self._key = WitnessKey(witness_name(city), signer.public_key)

    def cosign(self, member: Member) -> Cosigned | None:
        """Cosigns the newest checkpoint of a peer's log if this node has verified it whole and not cosigned it yet.

        Raises:
            NodeError: TREE_ROLLED_BACK, see `WritableCheckpoints.cosign_newest`, or STORAGE_FULL.
        """
        if not self._may_cosign or not self._is_behind(member.city):
            return None
        return self._store.checkpoints.cosign_newest(member.city, lambda note: self._make(member, note)).result()

    def _is_behind(self, city: str) -> bool:
        origin = self._store.find_origin(city)
        return origin is not None and self._store.checkpoints.signed(city).size != origin.size

    def _make(self, member: Member, note: bytes) -> tuple[Cosigned, Cosignature]:
        opened = open_cosigned(note, log_name(member.city), member.log_keys, ())
        at_s = max(self._clock.now_ms() // 1000, 0)  # a clock may be anywhere, a cosignature's time may not
        return opened, cosign(opened.checkpoint, self._key, at_s, self._signer.sign)


class Round:
    """What follows a pull: what was heard of the log is settled, the log cosigned, checkpoints compared."""

    def __init__(self, witness: Witness | None, compare: Compare, peers: Iterable[str]) -> None:
        """Counts from nought for each peer: a first failure shows as a change.

        Args:
            witness: None for a node without a witness key.
            compare: Tells and hears checkpoints.
            peers: Slugs of the other cities.
        """
        self._witness = witness
        self._compare = compare
        for city in peers:
            _COSIGNED.labels(city)
            _FAILURES.labels(city, Reason.UNAVAILABLE)

    def after_pull(self, member: Member, peer: Peer) -> None:
        """Cosigns what was pulled and compares checkpoints; a failure leaves the pull as good as it was."""
        try:
            self._compare.settle(member.city)
            if self._witness is not None and self._witness.cosign(member) is not None:
                _COSIGNED.labels(member.city).inc()
            self._compare.ask(member.city, peer)
        except NodeError as error:
            _FAILURES.labels(member.city, error.reason).inc()
            _log.warning("compare_failed", city=member.city, reason=error.reason, message=error.message)

    def after_lie(self, city: str, error: TrustError) -> None:
        """Sees whether what broke a rule of trust proves more: two histories signed."""
        if error.reason in _GRAVE:
            self._compare.confront(city, error.payload)
