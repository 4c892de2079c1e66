"""Batches of rows on their way to a node: a bounded number at a time, answered in order."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from queue import SimpleQueue

from adapters.intake import Exchange
from adapters.rows import Body, Mapper, Row
from adapters.tables import Table
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.intake.v1 import intake_pb2

BATCH_ROWS = 500
# With the largest row on top a request stays below the node's 4 MiB.
BATCH_BYTES = 2 << 20
# Batches under way: enough to keep the node busy while rows are mapped, few enough to hold in memory.
WINDOW = 8


@dataclass(frozen=True)
class Batch:
    """Rows of one table in order, those with problems among them, and the request with the bodies of the others."""

    mapper: Mapper
    rows: Sequence[Row]
    request: intake_pb2.SubmitRequest


def batches_of(table: Table, mapper: Mapper, head: intake_pb2.SubmitRequest, numbers: Iterator[int]) -> Iterator[Batch]:
    """Maps a table batch by batch.

    Args:
        table: Read once, as far as batches are asked for.
        mapper: Bound to the table's columns.
        head: What every request says beside its number and rows.
        numbers: The batches' numbers in the stream.
    """
    rows: list[Row] = []
    bodies: list[Body] = []
    size = held = 0
    for row in table.rows():
        held += sum(map(len, row.cells))
        made = row.problems or mapper.map(row.cells, row.shared)
        if isinstance(made, Body):
            bodies.append(made)
            size += len(made.body)
            rows.append(row._replace(notes=made.notes) if made.notes else row)
        else:
            rows.append(row._replace(problems=made))
        if len(rows) >= BATCH_ROWS or size >= BATCH_BYTES or held >= BATCH_BYTES:
            yield Batch(mapper, rows, _request(head, next(numbers), bodies))
            rows, bodies, size, held = [], [], 0, 0
    if rows:
        yield Batch(mapper, rows, _request(head, next(numbers), bodies))


def _request(head: intake_pb2.SubmitRequest, seq: int, bodies: Sequence[Body]) -> intake_pb2.SubmitRequest:
    request = intake_pb2.SubmitRequest(seq=seq, rows=[intake_pb2.Row(key=each.key, body=each.body) for each in bodies])
    request.MergeFrom(head)
    return request


Answered = tuple[Batch, intake_pb2.SubmitResponse]


def submit(batches: Iterator[Batch], exchange: Exchange) -> Iterator[Answered]:
    """Sends batches, at most WINDOW ahead of their answers; yields each with the answer to it.

    Raises:
        NodeError: INTERNAL, the node's answers do not fit; else as the exchange does.
    """
    outgoing: SimpleQueue[intake_pb2.SubmitRequest | None] = SimpleQueue()
    answers = exchange(iter(outgoing.get, None))
    under_way: deque[Batch] = deque()
    try:
        for batch in batches:
            if batch.request.rows:
                outgoing.put(batch.request)
            under_way.append(batch)
            if len(under_way) == WINDOW:
                yield _answered(under_way.popleft(), answers)
        while under_way:
            yield _answered(under_way.popleft(), answers)
    finally:
        # Also ends the thread in which grpc waits for the next request.
        outgoing.put(None)
    if next(answers, None) is not None:
        raise NodeError(Reason.INTERNAL, _("the node answered more than it was asked"))


def _answered(batch: Batch, answers: Iterator[intake_pb2.SubmitResponse]) -> Answered:
    """The answer to a batch; an empty one where it has no good row and was never sent."""
    if not batch.request.rows:
        return batch, intake_pb2.SubmitResponse()
    answer = next(answers, None)
    if answer is None or answer.seq != batch.request.seq or len(answer.outcomes) != len(batch.request.rows):
        raise NodeError(Reason.INTERNAL, _("the node did not answer batch {number} in full", number=batch.request.seq))
    return batch, answer
