"""Pulls one peer's log: verify, store, move the cursor; then brings the views under the grant now in force."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from time import perf_counter
from typing import NamedTuple

import structlog

from node.core.log.checkpoint import LogKey
from node.core.log.trusted_log import MAX_REVISION_SPAN, TrustedLog, VerifiedBatch, verify_revision
from node.errors import NodeError, Reason, TransientError, TrustError
from node.messages import _
from node.ports import Peer
from node.storage.sqlite.store import Store

_log = structlog.get_logger(__name__)
# Records that share a commit: the cost of a commit hardly depends on their number.
COMMIT_RECORDS = 4000
# Of what waits for a commit: large records make many batches of few.
COMMIT_BYTES = 8 * 1024 * 1024
# Commits under way while verifying goes on.
_WINDOW = 2


class Progress(NamedTuple):
    """Where a pull stands: cursor and the peer's newest size."""

    tree_size: int
    target_size: int


OnProgress = Callable[[Progress], None]


def pull(
    store: Store, peer: Peer, city: str, keys: Sequence[LogKey], purpose: str, on_progress: OnProgress
) -> Progress:
    """Pulls `city` up to its newest checkpoint and revises what its policy changed.

    Args:
        store: Holds the replica.
        peer: The city's exchange service; nothing it says is believed.
        city: Slug.
        keys: The pinned log keys of the city.
        purpose: What the records are for.
        on_progress: Called after each batch.

    Raises:
        TrustError: The peer sent what cannot be true, with the payload. What was verified before stands, nothing
            else is stored.
        NodeError: The peer refused or could not be reached, or the disk is full.
    """
    reached = _pull_log(store, peer, city, keys, purpose, on_progress)
    _revise(store, peer, city)
    return reached


def _pull_log(
    store: Store, peer: Peer, city: str, keys: Sequence[LogKey], purpose: str, on_progress: OnProgress
) -> Progress:
    origin = store.find_origin(city)
    trusted = TrustedLog(city, keys, store.frontier(city), origin.known if origin else None)
    progress = Progress(trusted.size, trusted.size)
    began_s = perf_counter()
    with _CommitBuffer(store, city, purpose) as buffer:
        for raw in peer.pull(trusted.size, trusted.known.size if trusted.known else 0):
            with _keep_payload(raw):
                batch = trusted.verify_batch(raw)
            buffer.put(batch)
            began_s = _log_batch("batch_pulled", city, trusted.size, batch.size, batch.checkpoint.size, began_s)
            trusted.accept(batch)
            progress = Progress(batch.size, batch.checkpoint.size)
            on_progress(progress)
    if not trusted.is_complete:
        raise TransientError(
            Reason.TRUNCATED_STREAM, _("{city} ended the stream early, at record {size}", city=city, size=trusted.size)
        )
    return progress


class _CommitBuffer:
    """Where verified batches wait for a commit they share. What stands on it is stored however the pull ends."""

    def __init__(self, store: Store, city: str, purpose: str) -> None:
        self._store = store
        self._city = city
        self._purpose = purpose
        self._batches: list[VerifiedBatch] = []
        self._commits: deque[Future[None]] = deque()

    def __enter__(self) -> "_CommitBuffer":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._commit()
        try:
            for commit in self._commits:
                commit.result()
        except NodeError:
            # A full disk is met again at the next pull; the payload of a lie is here now or never.
            if kind is None or not issubclass(kind, TrustError):
                raise

    def put(self, batch: VerifiedBatch) -> None:
        """Takes a batch; waits where commits lag behind."""
        self._batches.append(batch)
        records, size = (sum(batch.length for batch in self._batches), sum(batch.size_bytes for batch in self._batches))
        if records >= COMMIT_RECORDS or size >= COMMIT_BYTES:
            self._commit()
        if len(self._commits) > _WINDOW:
            self._commits.popleft().result()

    def _commit(self) -> None:
        if self._batches:
            self._commits.append(self._store.store_batches(self._city, self._batches, self._purpose))
            self._batches = []


def _revise(store: Store, peer: Peer, city: str) -> None:
    origin = store.origin(city)
    if not origin.to_revise:
        return
    begin, began_s = origin.revised, perf_counter()
    for raw in peer.revise(begin, origin.revise_upto, origin.held_grant):
        leaf_hashes = store.leaf_hashes(origin.number, begin, min(begin + MAX_REVISION_SPAN, origin.revise_upto))
        with _keep_payload(raw):
            revision = verify_revision(raw, city, begin, origin.revise_upto, leaf_hashes)
        store.store_revision(city, revision).result()
        began_s = _log_batch("batch_revised", city, begin, revision.end, origin.revise_upto, began_s)
        begin = revision.end
        if begin == origin.revise_upto:
            return
    raise TransientError(
        Reason.TRUNCATED_STREAM, _("{city} ended the revision early, at record {begin}", city=city, begin=begin)
    )


def _log_batch(event: str, city: str, begin: int, end: int, target: int, began_s: float) -> float:
    """Logs a batch, from the wait for it until it is handed to the store; returns when the next begins."""
    now_s = perf_counter()
    _log.debug(event, city=city, begin=begin, end=end, target=target, ms=round((now_s - began_s) * 1000, 1))
    return now_s


@contextmanager
def _keep_payload(raw: bytes) -> Iterator[None]:
    """Adds what a peer sent to the error that says why it cannot be true."""
    try:
        yield
    except TrustError as error:
        error.payload = raw
        raise
