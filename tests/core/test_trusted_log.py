"""The rules of trust in one peer's log, one by one: each lie against the reason code it must meet."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from node.core.log.merkle import Frontier, consistency_proof
from node.core.log.record import Record
from node.core.log.run import cut
from node.core.log.trusted_log import (
    MAX_BATCH_BYTES,
    MAX_BATCH_RECORDS,
    TrustedLog,
    VerifiedBatch,
    check_format,
    verify_revision,
)
from node.errors import NodeError, Reason, TrustError
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.stubs.record.v1.record_pb2 import Common, Run
from tests.kit.simulator.memory_log import CITY, Log, on_wire, root, withheld


def take(view: TrustedLog, batch: PullResponse) -> VerifiedBatch:
    verified = view.verify_batch(batch.SerializeToString())
    view.accept(verified)
    return verified


def reason(view: TrustedLog, batch: PullResponse | bytes) -> Reason:
    size = view.size
    with pytest.raises(TrustError) as caught:
        view.verify_batch(batch if isinstance(batch, bytes) else batch.SerializeToString())
    assert view.size == size
    return caught.value.reason


def records(verified: VerifiedBatch) -> list[Record]:
    return [record for run in verified.runs for record in cut(run.stored)]


def next_stream(log: Log, view: TrustedLog) -> TrustedLog:
    """The log as the store would open it for another pull."""
    return TrustedLog(CITY, [log.key], view.frontier, view.known)


@pytest.fixture(scope="module")
def log() -> Log:
    return Log(700)


def test_a_log_is_taken_batch_by_batch(log: Log) -> None:
    view = log.view()
    first, second, last = (
        take(view, log.batch(0, 250)),
        take(view, log.batch(250, 500)),
        take(view, log.batch(500, 700)),
    )
    assert [record for batch in (first, second, last) for record in records(batch)] == log.records
    assert [batch.length for batch in (first, second, last)] == [250, 250, 200]
    assert [len(batch.tiles) for batch in (first, second, last)] == [0, 1, 1]
    assert (view.size, view.is_complete, view.known) == (700, True, last.checkpoint)
    view = next_stream(log, view)
    assert not view.is_complete
    assert take(view, log.batch(700, 700, 700)).runs == []


def test_a_log_that_grew_is_taken_on(log: Log) -> None:
    view = log.view()
    take(view, log.batch(0, 300, size=300))
    view = next_stream(log, view)
    assert take(view, log.batch(300, 700, 300)).size == 700


def test_what_is_masked_or_withheld_is_proven_all_the_same(log: Log) -> None:
    batch = log.batch(0, 300, size=300)
    shown = [*log.records[:7], log.records[7].masked({2}), withheld(log.records[8]), *log.records[9:300]]
    batch.runs[:] = on_wire(shown)
    verified = take(log.view(), batch)
    assert [run.stored.length for run in verified.runs[:4]] == [7, 1, 1, 32]
    assert [run.disclosed for run in verified.runs[:4]] == [{1, 2}, {2}, None, {1, 2}]
    assert records(verified) == shown
    assert verified.root == root(log.leaves[:300])


def _altered(change: Callable[[PullResponse], object]) -> Callable[[Log], PullResponse]:
    def make(log: Log) -> PullResponse:
        batch = log.batch(250, 500, 250)
        change(batch)
        return batch

    return make


def _run(change: Callable[[Run], object]) -> Callable[[Log], PullResponse]:
    """The first run of a batch, altered."""

    def alter(batch: PullResponse) -> None:
        run = Run.FromString(batch.runs[0])
        change(run)
        batch.runs[0] = run.SerializeToString()

    return _altered(alter)


def _opening(change: Callable[[bytes], bytes]) -> Callable[[Log], PullResponse]:
    def alter(run: Run) -> None:
        run.columns[0].openings[3] = change(run.columns[0].openings[3])

    return _run(alter)


def _placed(change: Callable[[list[Record]], list[Record]]) -> Callable[[Log], PullResponse]:
    """Other records in a batch; what it claims of their leaf hashes stays."""

    def make(log: Log) -> PullResponse:
        batch = log.batch(250, 500, 250)
        told = change(log.records[250:500])
        batch.runs[:] = on_wire(_numbered(told))
        return batch

    return make


def _numbered(told: list[Record]) -> list[Record]:
    return [
        Record(250 + place, each.leaf_hash, each.shared, each.own, each.facets, each.commitments)
        for place, each in enumerate(told)
    ]


def _told(
    common: dict[str, object] | None = None, own: dict[str, object] | None = None
) -> Callable[[Log], PullResponse]:
    """A record that says something else, in a tree that has it so."""

    def make(log: Log) -> PullResponse:
        false = Log(260)
        false.grow(1, common=common or {}, own=own or {})
        false.grow(239)
        return false.batch(250, 500, 250)

    return make


def _swapped(told: list[Record]) -> list[Record]:
    return [*told[:3], told[4], told[3], *told[5:]]


def _withhold_unclaimed(batch: PullResponse) -> None:
    batch.runs[0] = Run(leaf_hashes=bytes(32 * len(Run.FromString(batch.runs[0]).own))).SerializeToString()
    batch.ClearField("leaf_hashes")


def _two_commons(batch: PullResponse) -> None:
    batch.runs[0] += Run(common=Common(city=CITY, facets=2).SerializeToString()).SerializeToString()


def _of_one_each(log: Log) -> PullResponse:
    batch = log.batch(250, 500, 250)
    batch.runs[:] = [run for record in log.records[250:500] for run in on_wire([record])]
    return batch


def _too_long_a_run(batch: PullResponse) -> None:
    one, other = Run.FromString(batch.runs[0]), Run.FromString(batch.runs[1])
    one.own.extend(other.own)
    for column, more in zip(one.columns, other.columns, strict=True):
        column.MergeFrom(more)
    batch.runs[:2] = [one.SerializeToString()]


LIES: dict[str, tuple[Callable[[Log], PullResponse | bytes], Reason]] = {
    "not a message": (lambda _: b"\xff" * 10, Reason.MALFORMED_BATCH),
    "too large": (lambda _: bytes(MAX_BATCH_BYTES + 1), Reason.OVERSIZE_BATCH),
    "gap": (lambda log: log.batch(251, 500, 250), Reason.BATCH_GAP),
    "replay": (lambda log: log.batch(0, 250, 250), Reason.BATCH_REPLAYED),
    "drip": (lambda log: log.batch(250, 251, 250), Reason.UNDERSIZE_BATCH),
    "nothing": (lambda log: log.batch(250, 250, 250), Reason.UNDERSIZE_BATCH),
    "runs of one": (_of_one_each, Reason.UNDERSIZE_BATCH),
    "a run too long": (_altered(_too_long_a_run), Reason.BAD_COMMITMENT),
    "an empty run": (_altered(lambda b: b.runs.insert(3, b"")), Reason.BAD_COMMITMENT),
    "a run with a second common": (_altered(_two_commons), Reason.BAD_COMMITMENT),
    "altered facet": (_opening(lambda opening: opening + b"x"), Reason.BAD_COMMITMENT),
    "wrong salt": (_opening(lambda opening: bytes(16) + opening[16:]), Reason.BAD_COMMITMENT),
    "no salt": (_opening(lambda opening: opening[16:]), Reason.BAD_COMMITMENT),
    "facet left out": (_run(lambda run: run.columns.pop()), Reason.BAD_COMMITMENT),
    "facets swapped": (_run(lambda run: run.columns.append(run.columns.pop(0))), Reason.BAD_COMMITMENT),
    "column too short": (_run(lambda run: run.columns[1].openings.pop()), Reason.BAD_COMMITMENT),
    "open and masked": (_run(lambda run: run.columns[1].commitments.append(bytes(32))), Reason.BAD_COMMITMENT),
    "another own": (_run(lambda run: run.own.__setitem__(3, b"\x10\x05")), Reason.BAD_COMMITMENT),
    "own with an unknown field": (_run(lambda run: run.own.__setitem__(3, b"\x30\x05")), Reason.BAD_COMMITMENT),
    "records swapped": (_placed(_swapped), Reason.BAD_COMMITMENT),
    "record left out": (_placed(lambda told: told[:3] + told[4:]), Reason.BAD_COMMITMENT),
    "record twice": (_placed(lambda told: [*told[:4], *told[3:-1]]), Reason.BAD_COMMITMENT),
    "withheld as another": (
        _placed(lambda told: [*told[:3], Record(0, bytes(32)), *told[4:]]),
        Reason.BAD_COMMITMENT,
    ),
    "withheld, nothing claimed": (_altered(_withhold_unclaimed), Reason.BAD_COMMITMENT),
    "no proof": (_altered(lambda b: b.ClearField("consistency")), Reason.BAD_CONSISTENCY),
    "altered proof": (_altered(lambda b: b.consistency.__setitem__(0, bytes(32))), Reason.BAD_CONSISTENCY),
    "another city's record": (_told(common={"city": "hefei"}), Reason.WRONG_CITY),
    "replaces a later one": (_told(own={"supersedes": 262}), Reason.WRONG_RECORD_ID),
    "replaces itself": (_told(own={"supersedes": 261}), Reason.WRONG_RECORD_ID),
    "takes back itself": (_told(own={"retracts": 261}), Reason.WRONG_RECORD_ID),
    "takes back one beyond every log": (_told(own={"retracts": 2**64 - 1}), Reason.WRONG_RECORD_ID),
    "not a checkpoint": (_altered(lambda b: setattr(b, "checkpoint", b"no")), Reason.BAD_CHECKPOINT),
}


@pytest.mark.parametrize(("lie", "due"), LIES.values(), ids=LIES.keys())
def test_each_lie_meets_its_reason(log: Log, lie: Callable[[Log], PullResponse | bytes], due: Reason) -> None:
    view = log.view()
    take(view, log.batch(0, 250, size=250))
    view = next_stream(log, view)
    assert reason(view, lie(log)) is due


def test_a_checkpoint_must_be_signed_by_a_pinned_key_of_this_city(log: Log) -> None:
    batch = log.batch(0, 700, size=700)
    batch.runs[:] = on_wire(log.records[:500])
    batch.consistency[:] = consistency_proof(log.node, 500, 700)
    stranger = SigningKey(b"\x09" * 32)
    batch.checkpoint = log.note(signing=stranger)
    assert reason(log.view(), batch) is Reason.BAD_SIGNATURE
    assert reason(TrustedLog(CITY, [], Frontier(), None), batch) is Reason.UNKNOWN_LOG_KEY
    batch.checkpoint = Log(700, "hefei").note()
    assert reason(log.view(), batch) is Reason.WRONG_CITY


def test_the_checkpoint_stands_for_the_whole_stream(log: Log) -> None:
    view = log.view()
    take(view, log.batch(0, 250))
    assert reason(view, log.batch(250, 500, size=600)) is Reason.BAD_CHECKPOINT


def test_a_rolled_back_and_a_forked_tree(log: Log) -> None:
    view = log.view()
    take(view, log.batch(0, 500, size=500))
    view = next_stream(log, view)
    assert reason(view, PullResponse(from_index=500, checkpoint=log.note(400), format=2)) is Reason.TREE_ROLLED_BACK
    view = next_stream(log, view)
    fork = Log(700)
    fork.leaves[10] = bytes(32)
    assert reason(view, fork.batch(500, 700, 500)) is Reason.TREE_FORKED
    view = next_stream(log, view)
    forked_now = log.batch(500, 700, 500)
    del forked_now.known_consistency[:]
    assert reason(view, forked_now) is Reason.TREE_FORKED


def test_a_fork_behind_the_cursor_but_known_is_seen(log: Log) -> None:
    """The newest checkpoint may be ahead of the cursor: a stream that broke off. It binds all the same."""
    view = log.view()
    take(view, log.batch(0, 250))
    resumed = TrustedLog(CITY, [log.key], view.frontier, view.known)
    fork = Log(700)
    fork.leaves[600] = bytes(32)
    assert reason(resumed, fork.batch(250, 500, 700)) is Reason.TREE_FORKED


def test_more_than_the_checkpoint_holds(log: Log) -> None:
    view = log.view()
    batch = log.batch(0, 300)
    batch.checkpoint = log.note(299)
    assert reason(view, batch) is Reason.ENDLESS_STREAM
    take(view := log.view(), log.batch(0, 300, size=300))
    assert reason(view, log.batch(300, 300, size=300)) is Reason.ENDLESS_STREAM


def test_too_many_records_in_a_batch() -> None:
    log = Log(MAX_BATCH_RECORDS + 1)
    assert take(log.view(), log.batch(0, MAX_BATCH_RECORDS)).size == MAX_BATCH_RECORDS
    assert reason(log.view(), log.batch(0, MAX_BATCH_RECORDS + 1)) is Reason.OVERSIZE_BATCH


def test_a_record_that_does_not_hash_to_its_leaf_is_named(log: Log) -> None:
    view = log.view()
    take(view, log.batch(0, 250, size=250))
    with pytest.raises(TrustError, match=f"{CITY}-253 do not hash"):
        next_stream(log, view).verify_batch(_opening(lambda opening: opening + b"x")(log).SerializeToString())


def test_two_runs_that_could_be_one_are_refused_and_named(log: Log) -> None:
    for cut_at, refused in (((16, 48), False), ((16, 32), True), ((31, 32), True), ((32, 33), False)):
        batch = log.batch(0, 300, size=300)
        parts = (log.records[begin:end] for begin, end in zip((0, *cut_at), (*cut_at, 300), strict=True))
        batch.runs[:] = [run for part in parts for run in on_wire(part)]
        if refused:
            assert reason(log.view(), batch) is Reason.UNDERSIZE_BATCH
        else:
            assert take(log.view(), batch).length == 300


def test_runs_of_one_are_taken_where_they_cannot_be_longer() -> None:
    """A log of casework is made of them: each act has a common header of its own."""
    log = Log(0)
    for number in range(250):
        log.grow(1, common={"issued_at_ms": number + 1})
    verified = take(log.view(), log.batch(0, 250))
    assert [run.stored.length for run in verified.runs] == [1] * 250


def test_another_format_is_no_lie(log: Log) -> None:
    """An old release sends views and says nothing of a format: it is told so in words, and nobody is frozen."""
    for stated, words in ((0, "log format 1"), (1, "log format 1"), (3, "log format 3")):
        batch = log.batch(0, 300, size=300)
        batch.format = stated
        with pytest.raises(NodeError, match=words) as caught:
            log.view().verify_batch(batch.SerializeToString())
        assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
        assert not isinstance(caught.value, TrustError)
    check_format(2, CITY)


def test_few_large_records_are_no_drip() -> None:
    large = Log(30, facet_bytes=30_000)
    view = large.view()
    assert take(view, large.batch(0, 20)).size == 20
    assert take(view, large.batch(20, 30)).size == 30


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_trust_errors(raw: bytes) -> None:
    for told in (raw, PullResponse(format=2).SerializeToString() + raw):
        with pytest.raises(NodeError) as caught:
            Log(3).view().verify_batch(told)
        assert isinstance(caught.value, TrustError) or caught.value.reason is Reason.UNSUPPORTED_FORMAT
    with pytest.raises(TrustError):
        verify_revision(raw, CITY, 0, 3, [bytes(32)] * 3)


@given(st.data())
def test_no_altered_byte_of_a_batch_passes_as_other_records(data: st.DataObject) -> None:
    log = Log(5)
    raw = log.batch(0, 5).SerializeToString()
    place, bit = data.draw(st.integers(0, len(raw) - 1)), 1 << data.draw(st.integers(0, 7))
    altered = raw[:place] + bytes([raw[place] ^ bit]) + raw[place + 1 :]
    try:
        verified = log.view().verify_batch(altered)
    except NodeError as error:
        # The format is no part of what is proven.
        assert isinstance(error, TrustError) or error.reason is Reason.UNSUPPORTED_FORMAT  # noqa: PT017
        return
    # The grant, the claimed leaf hashes and unknown fields are not proven; every record is.
    assert records(verified) == log.records
