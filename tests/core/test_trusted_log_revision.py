"""A revision replaces views by views of the same records, or is refused."""

from collections.abc import Callable

import pytest

from node.core.log.record import Record
from node.core.log.run import cut, join
from node.core.log.trusted_log import MAX_REVISION_SPAN, Revision, verify_revision
from node.errors import Reason, TrustError
from node.stubs.exchange.v1.exchange_pb2 import IndexedRun, ReviseResponse
from node.stubs.record.v1.record_pb2 import Column, Run
from tests.kit.simulator.memory_log import CITY, Log, run_on_wire, withheld


@pytest.fixture(scope="module")
def log() -> Log:
    return Log(700)


def _revision(begin: int, end: int, *changed: Record) -> ReviseResponse:
    """The revision of [begin, end) with these records, neighbours of which are in runs."""
    runs = [IndexedRun(first=run.first, run=run_on_wire(run)) for run in join(changed)]
    return ReviseResponse(from_index=begin, to_index=end, grant="new", runs=runs)


def _of(log: Log, begin: int, end: int, *changed: int) -> ReviseResponse:
    return _revision(begin, end, *(log.records[index] for index in changed))


def records(revision: Revision) -> list[Record]:
    return [record for run in revision.runs for record in cut(run.stored)]


def test_a_revision_replaces_runs_that_hash_to_their_leaves(log: Log) -> None:
    shown = [log.records[12], *(record.masked({1}) for record in log.records[50:120]), withheld(log.records[120])]
    revision = verify_revision(_revision(10, 300, *shown).SerializeToString(), CITY, 10, 700, log.leaves[10:])
    assert (revision.begin, revision.end, revision.grant) == (10, 300, "new")
    assert [(run.stored.first, run.stored.length) for run in revision.runs] == [
        (12, 1), (50, 32), (82, 32), (114, 6), (120, 1),
    ]  # fmt: skip
    assert records(revision) == shown


def test_what_stands_between_two_runs_is_left_as_it_was(log: Log) -> None:
    """Runs of one are no drip where what lies between them is not revised."""
    revision = verify_revision(_of(log, 10, 300, 12, 14, 16).SerializeToString(), CITY, 10, 700, log.leaves[10:])
    assert [record.index for record in records(revision)] == [12, 14, 16]


def _in_runs_of_one(log: Log) -> ReviseResponse:
    response = ReviseResponse(from_index=10, to_index=300)
    for index in range(12, 20):
        response.runs.add(first=index, run=log.records[index].run().SerializeToString())
    return response


def _overlapping(log: Log) -> ReviseResponse:
    """The second run begins with the last record of the first."""
    response = _of(log, 10, 300, *range(12, 44))
    response.runs.extend(_of(log, 10, 300, *range(43, 60)).runs)
    return response


def _too_long(log: Log) -> ReviseResponse:
    response = _of(log, 10, 300, *range(12, 76))
    one, other = (Run.FromString(item.run) for item in response.runs)
    one.own.extend(other.own)
    for column, more in zip(one.columns, other.columns, strict=True):
        column.MergeFrom(more)
    response.runs[0].run = one.SerializeToString()
    del response.runs[1]
    return response


def _moved(log: Log) -> ReviseResponse:
    response = _of(log, 10, 300, *range(12, 20))
    response.runs[0].first = 13
    return response


def _beyond(log: Log) -> ReviseResponse:
    response = _of(log, 10, 300, 12)
    response.runs[0].first = 2**64 - 1
    return response


def _drip(log: Log) -> ReviseResponse:
    return _of(log, 10, 11, 10)


REVISION_LIES: dict[str, tuple[Callable[[Log], ReviseResponse], Reason]] = {
    "begins elsewhere": (lambda log: _of(log, 11, 100), Reason.BATCH_GAP),
    "goes nowhere": (lambda log: _of(log, 10, 10), Reason.BATCH_GAP),
    "goes back": (lambda log: _of(log, 10, 5), Reason.BATCH_GAP),
    "goes too far": (lambda log: _of(log, 10, 701), Reason.BATCH_GAP),
    "passes over too much": (lambda log: _of(log, 10, 11 + MAX_REVISION_SPAN), Reason.BATCH_GAP),
    "out of order": (lambda log: _of(log, 10, 100, 50, 12), Reason.BAD_REVISION),
    "twice the same": (lambda log: _of(log, 10, 100, 12, 12), Reason.BAD_REVISION),
    "before its begin": (lambda log: _of(log, 10, 100, 9), Reason.BAD_REVISION),
    "runs of one": (_in_runs_of_one, Reason.UNDERSIZE_BATCH),
    "runs that overlap": (_overlapping, Reason.BAD_REVISION),
    "a run of too many": (_too_long, Reason.BAD_REVISION),
    "a run at another place": (_moved, Reason.BAD_REVISION),
    "beyond every log": (_beyond, Reason.BAD_REVISION),
    "drip": (_drip, Reason.UNDERSIZE_BATCH),
    "beyond its end": (lambda log: _of(log, 10, 100, 100), Reason.BAD_REVISION),
}


@pytest.mark.parametrize(("lie", "due"), REVISION_LIES.values(), ids=REVISION_LIES.keys())
def test_each_lie_of_a_revision_meets_its_reason(log: Log, lie: Callable[[Log], ReviseResponse], due: Reason) -> None:
    with pytest.raises(TrustError) as caught:
        verify_revision(lie(log).SerializeToString(), CITY, 10, 700, log.leaves[10:])
    assert caught.value.reason is due


@pytest.mark.parametrize(
    "column",
    [
        Column(openings=[bytes(16) + b"false"]),
        Column(openings=[b"short"]),
        Column(commitments=[bytes(32)]),
        Column(openings=[bytes(16)], commitments=[bytes(32)]),
        Column(openings=[bytes(16), bytes(16)]),
        Column(),
    ],
)
def test_a_revised_run_that_is_not_the_record(log: Log, column: Column) -> None:
    response = _of(log, 10, 100, 12)
    run = Run.FromString(response.runs[0].run)
    run.columns[0].CopyFrom(column)
    response.runs[0].run = run.SerializeToString()
    with pytest.raises(TrustError) as caught:
        verify_revision(response.SerializeToString(), CITY, 10, 700, log.leaves[10:])
    assert caught.value.reason is Reason.BAD_REVISION


@pytest.mark.parametrize(
    ("common", "own", "due"),
    [
        ({"city": "hefei"}, {}, Reason.WRONG_CITY),
        ({}, {"supersedes": 4}, Reason.WRONG_RECORD_ID),
        ({}, {"retracts": 10}, Reason.WRONG_RECORD_ID),
    ],
)
def test_a_withheld_record_that_comes_to_light_must_be_of_its_place(
    common: dict[str, object], own: dict[str, object], due: Reason
) -> None:
    """Of a record withheld whole nobody read common and own when its leaf was proven."""
    log = Log(3)
    log.grow(1, common=common, own=own)
    with pytest.raises(TrustError) as caught:
        verify_revision(_of(log, 0, 4, 3).SerializeToString(), CITY, 0, 4, log.leaves)
    assert caught.value.reason is due
