"""What a peer sent that cannot be true: which records may stand in it."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from node.core.log.merkle import HASH_BYTES
from node.core.log.run import MAX_RUN_RECORDS
from node.stubs.exchange.v1.exchange_pb2 import PullResponse, ReviseResponse
from node.stubs.record.v1.record_pb2 import Run

_Message = TypeVar("_Message", bound=Message)
_Sent = tuple[range, Iterable[bytes] | None]


def may_hold(payload: bytes, records: Mapping[int, bytes]) -> bool:
    """Whether values of any of these records may stand in a payload: at their places, or at others that it lies about.

    Args:
        payload: A batch or a revision as it came. Of what is neither nobody can say: it may.
        records: Of the log that the payload is about: own, b"" where it is not known, by leaf index.
    """
    batch, revision = _read(PullResponse, payload), _read(ReviseResponse, payload)
    if not batch and not revision:
        return True
    owns = set(records.values())
    for places, raw in [*(_of_batch(batch) if batch else ()), *(_of_revision(revision) if revision else ())]:
        if raw is None or (places and b"" in owns):
            return True
        if not records.keys().isdisjoint(places) or not owns.isdisjoint(raw):
            return True
    return False


def _of_batch(batch: PullResponse) -> Iterator[_Sent]:
    at = batch.from_index
    for raw in batch.runs:
        run = _read(Run, raw)
        yield _open_places(run, at), run.own if run else None
        at += len(run.leaf_hashes) // HASH_BYTES or _count(run) if run else MAX_RUN_RECORDS


def _of_revision(revision: ReviseResponse) -> Iterator[_Sent]:
    for item in revision.runs:
        run = _read(Run, item.run)
        yield _open_places(run, item.first), run.own if run else None


def _open_places(run: Run | None, first: int) -> range:
    """The leaf indices of the records of a run that are not withheld whole; as many as there may be of no run."""
    return range(first, first + (_count(run) if run else MAX_RUN_RECORDS))


def _count(run: Run) -> int:
    return max(len(run.own), *(len(column.openings) for column in run.columns), 0)


def _read(kind: type[_Message], raw: bytes) -> _Message | None:
    """A message that has no unknown fields; None of anything else."""
    try:
        message = kind.FromString(raw)
    except DecodeError:
        return None
    size = message.ByteSize()
    message.DiscardUnknownFields()
    return message if message.ByteSize() == size else None
