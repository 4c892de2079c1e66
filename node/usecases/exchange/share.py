"""Shares the own log with one peer: what the policy lets it see, with the proof that it is the whole log."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import groupby, repeat
from typing import NamedTuple

import structlog

from node.core.log.merkle import HASH_BYTES, consistency_proof
from node.core.log.record import FORMAT, Record
from node.core.log.run import StoredRun, cut, extend, mask, parse_run, part
from node.core.log.trusted_log import MAX_BATCH_BYTES, MAX_BATCH_RECORDS, MAX_REVISION_SPAN
from node.core.policy.grant import Disclosed, Grant
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Origin
from node.stubs.exchange.v1.exchange_pb2 import IndexedRun, PullRequest, PullResponse, ReviseRequest, ReviseResponse
from node.stubs.record.v1.record_pb2 import Run
from node.usecases.exchange.versions import RecordChanges, Shown
from node.usecases.records.usage import check_reason

_log = structlog.get_logger(__name__)
# Room in a batch for checkpoint, proofs and leaf hashes.
_BATCH_BUDGET = MAX_BATCH_BYTES - 128 * 1024
# Most that the index of a run and its framing take.
_FRAME_BYTES = 16


class Piece(NamedTuple):
    """Neighbouring records as a peer may see them: a run, the leaf index of its first record, and their leaf hashes."""

    first: int
    run: Run
    hashes: bytes

    @property
    def end(self) -> int:
        """The leaf index after its last record."""
        return self.first + len(self.hashes) // HASH_BYTES


Cut = Callable[[int, int], Iterator[Piece]]


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
    check_caller_format(request.format)
    cut_run = partial(_pieces, reader, Shown(reader, grant))
    return batches(reader, origin, cut_run, request.from_size, request.known_size, grant.digest)


def check_caller_format(stated: int) -> None:
    """Checks that a caller can read this log.

    Raises:
        NodeError: UNSUPPORTED_FORMAT.
    """
    if stated != FORMAT:
        text = _(
            "this log has format {format}, but your release reads format {stated}: upgrade it",
            format=FORMAT,
            stated=stated or 1,
        )
        raise NodeError(Reason.UNSUPPORTED_FORMAT, text)


def batches(reader: Reader, origin: Origin, cut_runs: Cut, begin: int, known_size: int, grant: str) -> Iterator[bytes]:
    """Serialised PullResponses of a log from `begin` to its signed size, at least one.

    Args:
        reader: Holds the log.
        origin: The log.
        cut_runs: (begin, end) -> the records [begin, end) as they are to be sent.
        begin: First leaf index.
        known_size: The tree size from which the first batch proves that the log only grew.
        grant: Digest of the rules by which the runs are cut.
    """
    tree = reader.tree(origin.number, origin.size)
    known = consistency_proof(tree.node, known_size, origin.size)
    while True:
        pieces = _fitting(cut_runs(begin, min(begin + MAX_BATCH_RECORDS, origin.size)))
        hashes = b"".join(piece.hashes for piece in pieces)
        end = begin + len(hashes) // HASH_BYTES
        withheld = sum(len(piece.run.leaf_hashes) for piece in pieces) // HASH_BYTES
        _log.debug("batch_shared", grant=grant, begin=begin, end=end, withheld=withheld)
        yield PullResponse(
            from_index=begin,
            runs=[piece.run.SerializeToString() for piece in pieces],
            checkpoint=origin.checkpoint or b"",
            consistency=consistency_proof(tree.node, end, origin.size),
            known_consistency=known,
            grant=grant,
            leaf_hashes=hashes,
            format=FORMAT,
        ).SerializeToString()
        begin, known = end, []
        if begin == origin.size:
            return


def _fitting(pieces: Iterator[Piece]) -> list[Piece]:
    """As many pieces as a batch has room for, the first in any case; neighbours that can be one are one."""
    fits: list[Piece] = []
    budget = _BATCH_BUDGET
    for piece in pieces:
        # What the caller may not see does not count: a batch of little is a drip to it.
        budget -= piece.run.ByteSize() + _FRAME_BYTES
        if budget < 0 and fits:
            break
        _add(fits, piece)
    return fits


def _add(pieces: list[Piece], piece: Piece) -> None:
    """Adds a piece, joined to the one before where they can be one run."""
    last = pieces[-1] if pieces else None
    if last is not None and last.end == piece.first and extend(last.run, piece.run):
        pieces[-1] = last._replace(hashes=last.hashes + piece.hashes)
    else:
        pieces.append(piece)


def _pieces(reader: Reader, shown: Shown, begin: int, end: int) -> Iterator[Piece]:
    changes = RecordChanges(reader, begin, end)
    for stored in reader.runs(OWN, begin, end):
        if stored.content is None:
            yield _withheld(stored, 0, stored.length)
        else:
            run = parse_run(stored.content)
            disclosed = shown.of_run(stored, run, changes)
            if disclosed.count(disclosed[0]) == len(disclosed):  # nearly every run: spared the loop over its records
                yield _piece(stored, run, 0, stored.length, disclosed[0])
            else:
                yield from _split(stored, run, disclosed)


def _split(
    stored: StoredRun, run: Run, disclosed: Sequence[Disclosed], wanted: Iterable[bool] = repeat(True)
) -> Iterator[Piece]:
    """The wanted records of a stored run, cut where another set of facets is disclosed."""
    begin = 0
    for (facets, is_wanted), same in groupby(zip(disclosed, wanted, strict=False)):
        end = begin + sum(1 for _same in same)
        if is_wanted:
            yield _piece(stored, run, begin, end, facets)
        begin = end


def _piece(stored: StoredRun, run: Run, begin: int, end: int, facets: Disclosed) -> Piece:
    """The records at the places [begin, end) of an open run, with these facets."""
    if facets is None:
        return _withheld(stored, begin, end)
    shown = run if end - begin == stored.length else part(run, begin, end)
    mask(shown, facets)
    return Piece(stored.first + begin, shown, stored.hashes[begin * HASH_BYTES : end * HASH_BYTES])


def _withheld(stored: StoredRun, begin: int, end: int) -> Piece:
    hashes = stored.hashes[begin * HASH_BYTES : end * HASH_BYTES]
    return Piece(stored.first + begin, Run(leaf_hashes=hashes), hashes)


def held(reader: Reader, number: int, begin: int, end: int) -> Iterator[Piece]:
    """The records [begin, end) of an origin as they are held here."""
    for stored in reader.runs(number, begin, end):
        if stored.content is None:
            yield _withheld(stored, 0, stored.length)
        else:
            yield Piece(stored.first, parse_run(stored.content), stored.hashes)


def revise(
    reader: Reader, city: str, held_grant: Grant | None, grant: Grant, request: ReviseRequest
) -> Iterator[bytes]:
    """Serialised ReviseResponses with the records of which two grants disclose something else.

    Args:
        reader: Holds the own log.
        city: Slug of this city.
        held_grant: The grant under which the caller holds them; None where it isn't known: every record is sent.
        grant: The grant now in force.
        request: Which part of the log to revise.

    Raises:
        NodeError: PURPOSE_REQUIRED or INVALID_ARGUMENT.
    """
    check_reason(request.purpose, request.legal_basis)
    if not request.from_index <= request.upto_size <= reader.origin(city).size:
        raise NodeError(Reason.INVALID_ARGUMENT, _("this log has no such range of records"))
    return _revisions(reader, held_grant, grant, request)


def _revisions(reader: Reader, held_grant: Grant | None, grant: Grant, request: ReviseRequest) -> Iterator[bytes]:
    """The revision in as many messages as it needs; each goes on where the one before ended.

    A message ends where the next piece has no room, or would lead beyond the longest span; never at a fixed place: what
    is left before one could be too little for a message, and a drip to the caller.
    """
    now, before = Shown(reader, grant), Shown(reader, held_grant) if held_grant is not None else None
    begin, end = request.from_index, request.upto_size
    waiting: list[Piece] = []
    budget = _BATCH_BUDGET
    for piece in _changed(reader, before, now, begin, end):
        size = piece.run.ByteSize() + _FRAME_BYTES
        while piece.end - begin > MAX_REVISION_SPAN or (waiting and size > budget):
            upto = min(piece.first, begin + MAX_REVISION_SPAN)
            yield _revision(begin, upto, waiting, grant.digest)
            begin, waiting, budget = upto, [], _BATCH_BUDGET
        _add(waiting, piece)
        budget -= size
    while end - begin > MAX_REVISION_SPAN:
        yield _revision(begin, begin + MAX_REVISION_SPAN, waiting, grant.digest)
        begin, waiting = begin + MAX_REVISION_SPAN, []
    yield _revision(begin, end, waiting, grant.digest)


def _revision(begin: int, end: int, pieces: Sequence[Piece], grant: str) -> bytes:
    runs = [IndexedRun(first=piece.first, run=piece.run.SerializeToString()) for piece in pieces]
    return ReviseResponse(from_index=begin, to_index=end, runs=runs, grant=grant).SerializeToString()


def _changed(reader: Reader, before: Shown | None, now: Shown, begin: int, end: int) -> Iterator[Piece]:
    """The records [begin, end) of which the caller may hold something else than it is to see now."""
    for first in range(begin, end, MAX_BATCH_RECORDS):
        upto = min(first + MAX_BATCH_RECORDS, end)
        changes = RecordChanges(reader, first, upto)
        for stored in reader.runs(OWN, first, upto):
            if stored.content is None:  # nobody knows what the caller holds
                yield _withheld(stored, 0, stored.length)
                continue
            run = parse_run(stored.content)
            differing = _differing(before, now, stored, run, changes)
            if any(differing):
                yield from _split(stored, run, now.of_run(stored, run, changes), differing)


def _differing(before: Shown | None, now: Shown, stored: StoredRun, run: Run, changes: RecordChanges) -> Sequence[bool]:
    """Of each record of an open run, whether the caller may hold something else than it is to see now."""
    if before is None:
        return [True] * stored.length
    if changes.touch(stored):
        return [_differs(before, now, record, changes) for record in cut(stored)]
    shown = zip(before.of_run(stored, run, changes), now.of_run(stored, run, changes), strict=True)
    return [was != is_now for was, is_now in shown]


def _differs(before: Shown, now: Shown, record: Record, changes: RecordChanges) -> bool:
    """Whether the caller may hold something else of a record.

    What it holds depends on when it pulled: the record as it stood alone, or as far as its newest version went. And of
    one retracted too: where the caller may not see the retraction itself, it still holds the record.
    """
    shown = now.facets(record, changes)
    return before.facets(record, changes) != shown or before.alone(record) != shown
