"""Compares checkpoints with a peer: what this node knows of every log, against what the peer knows.

A checkpoint within the verified tree of its log must have the root that the tree had at that size; if it has not, the
city has signed two histories, and the proof of it freezes that log here and at everyone who is told. One beyond the
verified tree is remembered until the tree has grown so far.
"""

from collections.abc import Callable, Iterable
from typing import NamedTuple

import structlog
from google.protobuf.message import DecodeError

from node.core.log.checkpoint import log_name, parse_checkpoint
from node.core.log.cosignature import Cosigned, WitnessKey, open_cosigned
from node.core.log.fork import is_under_other_keys, make_fork, parse_fork, verify_fork
from node.core.log.merkle import consistency_proof
from node.core.log.trusted_log import MAX_TREE_SIZE
from node.core.members.federation import Member
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock, Peer
from node.storage.sqlite.peer_state import is_forked
from node.storage.sqlite.store import OWN, Origin, Store
from node.storage.sqlite.witness import Heard
from node.stubs.exchange.v1.exchange_pb2 import CompareRequest, CompareResponse, PullResponse
from node.usecases.exchange.freeze import Freeze

_log = structlog.get_logger(__name__)
# Of each log two are told, the newest and the one that most witnesses cosigned; of the own log all that are kept.
MAX_CHECKPOINTS = 64
MAX_FORKS = 16
MAX_MESSAGE_BYTES = 1024 * 1024
# Of what is kept of a peer's clock: changes below it are the way there and back. A century bounds what a peer can say.
_CLOCK_STEP_MS = 2_000
_MOST_AHEAD_MS = 100 * 366 * 86_400_000


class Known(NamedTuple):
    """What the federation file says of one log: whose it is, and who may witness it."""

    member: Member
    witnesses: tuple[WitnessKey, ...]


class Compare:
    """Tells and hears checkpoints."""

    def __init__(
        self,
        store: Store,
        members: Callable[[], Iterable[Member]],
        clock: Clock,
        freeze: Freeze,
    ) -> None:
        """Takes up where the store stands.

        Args:
            store: Holds the verified logs.
            members: Every city of the federation, this node's own among them.
            clock: Held against the clocks of peers.
            freeze: Called with a verified proof of a fork alone.
        """
        self._store = store
        self._peers = store.peers
        self._checkpoints = store.checkpoints
        self._members = members
        self._clock = clock
        self._freeze = freeze

    def ask(self, teller: str, peer: Peer) -> None:
        """Tells a peer what this node knows, and hears what it knows.

        Raises:
            NodeError: It refused or could not be reached, or told what cannot be so.
        """
        asked_at_ms = self._clock.now_ms()
        raw = peer.compare(
            CompareRequest(checkpoints=self.checkpoints(), forks=self._peers.forks()).SerializeToString()
        )
        heard_at_ms = self._clock.now_ms()
        try:
            answer = CompareResponse.FromString(raw[: MAX_MESSAGE_BYTES + 1])
        except DecodeError:
            raise NodeError(Reason.MALFORMED_BATCH, _("not a CompareResponse")) from None
        if answer.now_ms:
            self._note_clock(teller, answer.now_ms - (asked_at_ms + heard_at_ms) // 2)
        self._hear(teller, answer.checkpoints, answer.forks)

    def answer(self, teller: str, request: CompareRequest) -> CompareResponse:
        """Hears what a peer knows; tells it what this node knows.

        Raises:
            NodeError: TOO_LARGE; BAD_CHECKPOINT or BAD_SIGNATURE, something told is not what it seems;
                FALSE_ACCUSATION, a fork proof that proves nothing. The rest of the request is stored.
        """
        self._hear(teller, request.checkpoints, request.forks)
        return CompareResponse(checkpoints=self.checkpoints(), forks=self._peers.forks(), now_ms=self._clock.now_ms())

    def _note_clock(self, city: str, ahead_ms: int) -> None:
        """Keeps how far a peer's clock is ahead, as far as it differs from what is known; a lie costs a warning."""
        ahead_ms = max(-_MOST_AHEAD_MS, min(ahead_ms, _MOST_AHEAD_MS))
        known = self._peers.clocks().get(city)
        if known is None or abs(known - ahead_ms) > _CLOCK_STEP_MS:
            self._peers.set_clock(city, ahead_ms)

    def confront(self, city: str, batch: bytes) -> None:
        """Holds the checkpoint of a batch that broke a rule against the tree: it may prove a fork."""
        try:
            self._hear(city, [PullResponse.FromString(batch).checkpoint], ())
        except (DecodeError, NodeError):
            return  # it proves nothing that is not known already

    def settle(self, city: str) -> None:
        """Holds what was heard of a log against its tree, as far as that is verified by now."""
        origin = self._store.find_origin(city)
        known = self._known().get(city)
        if origin is None or known is None:
            return
        heard = [checkpoint for checkpoint in self._checkpoints.heard(city) if checkpoint.size <= origin.size]
        settled = [checkpoint for checkpoint in heard if self._settle(origin, known, checkpoint)]
        if settled:
            self._checkpoints.drop_heard(city, settled).result()

    def _settle(self, origin: Origin, known: Known, heard: Heard) -> bool:
        try:
            cosigned = self._open(known, heard.note)
        except NodeError:  # its key was taken off the card meanwhile
            return True
        return self._hold_against_tree(origin, cosigned, heard.teller)

    def checkpoints(self) -> list[bytes]:
        """What this node tells: of each log the newest checkpoint and the one most cosigned; of its own, all kept."""
        notes: list[bytes] = []
        for origin in self._store.origins():
            known = origin.known
            if known is not None and known.size:
                notes += self._of(origin, known.size)
        return notes

    def _of(self, origin: Origin, newest: int) -> list[bytes]:
        best = self._checkpoints.best_cosigned(origin.city)
        sizes = {newest, best.size if best else newest}
        kept = self._checkpoints.cosigned(origin.city)
        notes = {
            checkpoint.size: checkpoint.note for checkpoint in kept if checkpoint.size in sizes or origin.number == OWN
        }
        notes.setdefault(newest, origin.checkpoint or b"")
        return list(notes.values())

    def _known(self) -> dict[str, Known]:
        members = list(self._members())
        return {
            member.city: Known(
                member, tuple(key for other in members if other is not member for key in other.witness_keys)
            )
            for member in members
        }

    def _hear(self, teller: str, checkpoints: Iterable[bytes], forks: Iterable[bytes]) -> None:
        checkpoints, forks = list(checkpoints), list(forks)
        if len(checkpoints) > MAX_CHECKPOINTS or len(forks) > MAX_FORKS:
            raise NodeError(
                Reason.TOO_LARGE,
                _(
                    "more than {checkpoints} checkpoints or {forks} forks in one answer",
                    checkpoints=MAX_CHECKPOINTS,
                    forks=MAX_FORKS,
                ),
            )
        known = self._known()
        refused: list[NodeError] = []
        for raw in forks:
            self._try(refused, lambda raw=raw: self._hear_fork(known, raw, teller))  # type: ignore[misc]
        for note in checkpoints:
            self._try(refused, lambda note=note: self._hear_checkpoint(known, note, teller))  # type: ignore[misc]
        reasons = [error.reason for error in refused]
        _log.debug("compared", city=teller, checkpoints=len(checkpoints), forks=len(forks), refused=reasons)
        if refused:
            raise refused[0]

    def _try(self, refused: list[NodeError], hear: Callable[[], None]) -> None:
        """One thing told that is not so keeps nobody from hearing the rest."""
        try:
            hear()
        except NodeError as error:
            refused.append(error)

    def _hear_fork(self, known: dict[str, Known], raw: bytes, teller: str) -> None:
        fork = parse_fork(raw)
        if is_forked(self._peers.state(fork.city)):  # frozen for good: there is nothing more to learn
            return
        if fork.city not in known:
            raise NodeError(
                Reason.FALSE_ACCUSATION, _("{city!r} is not a member of the federation", city=fork.city[:40])
            )
        keys = known[fork.city].member.log_keys
        if is_under_other_keys(fork, keys):  # one of us has not taken over a new card yet
            return
        verify_fork(fork, keys)
        self._freeze.freeze(fork.city, raw, teller)

    def _hear_checkpoint(self, known: dict[str, Known], note: bytes, teller: str) -> None:
        by_log = {log_name(city): log for city, log in known.items()}
        about = by_log.get(parse_checkpoint(note).log)
        if about is None or self._is_old_news(about.member.city, note):
            return
        if is_forked(self._peers.state(about.member.city)):
            return
        try:
            cosigned = self._open(about, note)
        except NodeError as error:
            if error.reason is Reason.UNKNOWN_LOG_KEY:  # one of us has not taken over a new card yet
                return
            raise
        checkpoint = cosigned.checkpoint
        if not 0 < checkpoint.size <= MAX_TREE_SIZE:
            raise NodeError(
                Reason.BAD_CHECKPOINT, _("invalid size of a checkpoint: {size} records", size=checkpoint.size)
            )
        origin = self._store.find_origin(about.member.city)
        if origin is None or checkpoint.size > origin.size or not self._hold_against_tree(origin, cosigned, teller):
            self._remember(about.member.city, Heard(teller, checkpoint.size, cosigned.note))

    def _is_old_news(self, city: str, note: bytes) -> bool:
        origin = self._store.find_origin(city)
        is_newest = origin is not None and note == origin.checkpoint
        return is_newest or any(note == cosigned.note for cosigned in self._checkpoints.cosigned(city))

    def _open(self, known: Known, note: bytes) -> Cosigned:
        return open_cosigned(note, log_name(known.member.city), known.member.log_keys, known.witnesses)

    def _hold_against_tree(self, origin: Origin, cosigned: Cosigned, teller: str) -> bool:
        """Whether it is decided: the checkpoint stands in the verified tree, or proves that the city forked its log."""
        checkpoint = cosigned.checkpoint
        root = self._store.tree(origin.number, checkpoint.size).frontier.root()
        if root == checkpoint.root:
            if self._checkpoints.is_news(origin.city, cosigned):
                self._checkpoints.put_cosigned(origin.city, cosigned).result()
            return True
        anchor = self._anchor(origin, checkpoint.size)
        if anchor is None:
            return False
        tree = self._store.tree(origin.number, origin.size)
        proof = consistency_proof(tree.node, checkpoint.size, parse_checkpoint(anchor).size)
        self._freeze.freeze(origin.city, make_fork(origin.city, checkpoint.note, anchor, root, proof), teller)
        return True

    def _anchor(self, origin: Origin, size: int) -> bytes | None:
        """A signed checkpoint of the verified tree, of this size or larger."""
        if origin.whole_checkpoint is not None and size <= origin.whole_size:
            return origin.whole_checkpoint
        cosigned = self._checkpoints.cosigned(origin.city)
        return next((checkpoint.note for checkpoint in cosigned if size <= checkpoint.size <= origin.size), None)

    def _remember(self, city: str, heard: Heard) -> None:
        other = self._checkpoints.put_heard(city, heard).result()
        if other is not None:
            root = parse_checkpoint(other).root
            self._freeze.freeze(city, make_fork(city, heard.note, other, root), heard.teller)
        self._freeze.check_own_log()
