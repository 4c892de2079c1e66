"""Shares the own log with one peer: what the policy lets it see, with the proof that it is the whole log."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial

import structlog

from node.core.log.merkle import consistency_proof
from node.core.log.record import cut_wire, mask_wire
from node.core.log.trusted_log import MAX_BATCH_BYTES, MAX_BATCH_VIEWS, MAX_REVISION_SPAN
from node.core.policy.grant import Grant
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader, Row
from node.storage.sqlite.store import Origin
from node.stubs.exchange.v1.exchange_pb2 import PullRequest, RawPullResponse, ReviseRequest, ReviseResponse
from node.stubs.record.v1.record_pb2 import View
from node.usecases.exchange.versions import RecordChanges, Shown
from node.usecases.records.usage import check_reason

_log = structlog.get_logger(__name__)
# Room in a batch for checkpoint, proofs and leaf hashes.
_BATCH_BUDGET = MAX_BATCH_BYTES - 64 * 1024
# Most that the index of a view and its framing take in a revision.
_INDEX_BYTES = 16
# A view that shows nothing but the leaf hash; every other has a header too.
_WITHHELD_BYTES = len(View(leaf_hash=bytes(32)).SerializeToString())
Cut = Callable[[int, int], tuple[list[bytes], list[bytes]]]


def share(reader: Reader, city: str, grant: Grant, request: PullRequest) -> Iterator[bytes]:
    """Serialised PullResponses from the caller's size to the newest checkpoint, at least one.

    Raises:
        NodeError: PURPOSE_REQUIRED, or TREE_ROLLED_BACK where the caller has verified more than there is.
    """
    check_reason(request.purpose, request.legal_basis)
    origin = reader.origin(city)
    if max(request.from_size, request.known_size) > origin.size:
        claimed = max(request.from_size, request.known_size)
        raise NodeError(
            Reason.TREE_ROLLED_BACK,
            _(
                "this log has {size} records, but you state that you verified {claimed}",
                size=origin.size,
                claimed=claimed,
            ),
        )
    cut = partial(_views, reader, grant, Shown(reader, grant))
    return batches(reader, origin, cut, request.from_size, request.known_size, grant.digest)


def batches(reader: Reader, origin: Origin, cut: Cut, begin: int, known_size: int, grant: str) -> Iterator[bytes]:
    """Serialised PullResponses of a log from `begin` to its signed size, at least one.

    Args:
        reader: Holds the log.
        origin: The log.
        cut: (begin, end) -> views and leaf hashes from `begin` on, as many as a batch holds (`fitting`).
        begin: First leaf index.
        known_size: The tree size from which the first batch proves that the log only grew.
        grant: Digest of the rules by which the views are cut.
    """
    tree = reader.tree(origin.number, origin.size)
    known = consistency_proof(tree.node, known_size, origin.size)
    while True:
        views, leaf_hashes = cut(begin, min(begin + MAX_BATCH_VIEWS, origin.size))
        end = begin + len(views)
        yield RawPullResponse(
            from_index=begin,
            views=views,
            checkpoint=origin.checkpoint or b"",
            consistency=consistency_proof(tree.node, end, origin.size),
            known_consistency=known,
            grant=grant,
            leaf_hashes=b"".join(leaf_hashes),
        ).SerializeToString()
        begin, known = end, []
        if begin == origin.size:
            return


def fitting(views: Iterable[bytes]) -> list[bytes]:
    """As many views as a batch has room for, the first in any case."""
    fits: list[bytes] = []
    budget = _BATCH_BUDGET
    for view in views:
        # What the caller may not see does not count: a batch of little is a drip to it.
        budget -= len(view)
        if budget < 0 and fits:
            break
        fits.append(view)
    return fits


def _views(reader: Reader, grant: Grant, shown: Shown, begin: int, end: int) -> tuple[list[bytes], list[bytes]]:
    changes = RecordChanges(reader, begin, end)
    rows = reader.records(OWN, begin, end)
    views = fitting(view_for(shown, row, changes) for row in rows)
    withheld = sum(len(view) == _WITHHELD_BYTES for view in views)
    _log.debug("batch_shared", grant=grant.digest, begin=begin, end=begin + len(views), withheld=withheld)
    return views, [leaf_hash for _, leaf_hash, _ in rows[: len(views)]]


def view_for(shown: Shown, row: Row, changes: RecordChanges) -> bytes:
    """An own record as the holder of a grant may see it: a serialised view."""
    index, leaf_hash, stored = row
    if stored is not None and not changes.is_retracted(index):
        disclosed = shown.facets(row, changes)
        if disclosed is not None:
            return mask_wire(stored, cut_wire(stored)[1], disclosed)
    return View(leaf_hash=leaf_hash).SerializeToString()


def revise(reader: Reader, city: str, held: Grant | None, grant: Grant, request: ReviseRequest) -> Iterator[bytes]:
    """Serialised ReviseResponses with the views that differ between two grants.

    Args:
        reader: Holds the own log.
        city: Slug of this city.
        held: The grant under which the caller's views were made; None where it isn't known: every view is sent.
        grant: The grant now in force.
        request: Which part of the log to revise.

    Raises:
        NodeError: PURPOSE_REQUIRED or INVALID_ARGUMENT.
    """
    check_reason(request.purpose, request.legal_basis)
    if not request.from_index <= request.upto_size <= reader.origin(city).size:
        raise NodeError(Reason.INVALID_ARGUMENT, _("this log has no such range of records"))
    return _revisions(reader, held, grant, request)


def _revisions(reader: Reader, held: Grant | None, grant: Grant, request: ReviseRequest) -> Iterator[bytes]:
    response = ReviseResponse(from_index=request.from_index, grant=grant.digest)
    budget = _BATCH_BUDGET
    now, before = Shown(reader, grant), Shown(reader, held) if held is not None else None
    for begin in range(request.from_index, request.upto_size, MAX_BATCH_VIEWS):
        end = min(begin + MAX_BATCH_VIEWS, request.upto_size)
        rows = reader.records(OWN, begin, end)
        changes = RecordChanges(reader, begin, end)
        for row in rows:
            index = row[0]
            # One retracted too: where the caller may not see the retraction itself, it still holds the record.
            view = view_for(now, row, changes) if _differs(before, now, row, changes) else None
            size = len(view) + _INDEX_BYTES if view is not None else 0
            if size > budget or index - response.from_index == MAX_REVISION_SPAN:
                response.to_index = index
                yield response.SerializeToString()
                response = ReviseResponse(from_index=index, grant=grant.digest)
                budget = _BATCH_BUDGET
            if view is not None:
                response.views.add(index=index).view.ParseFromString(view)
                budget -= size
    response.to_index = request.upto_size
    yield response.SerializeToString()


def _differs(before: Shown | None, now: Shown, row: Row, changes: RecordChanges) -> bool:
    """Whether the caller may hold another view than it is to see now.

    What it holds depends on when it pulled: the record as it stood alone, or as far as its newest version went.
    """
    stored = row[2]
    if before is None or stored is None:
        return True
    shown = now.facets(row, changes)
    return before.facets(row, changes) != shown or before.alone(stored) != shown
