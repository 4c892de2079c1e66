"""The rules of trust in one peer's log, one by one: each lie against the reason code it must meet."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import SigningKey

from node.core.log.merkle import Frontier, consistency_proof
from node.core.log.record import mask
from node.core.log.trusted_log import MAX_BATCH_BYTES, TrustedLog, VerifiedBatch, verify_revision
from node.errors import Reason, TrustError
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.stubs.record.v1.record_pb2 import View
from tests.kit.simulator.memory_log import CITY, Log, root


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
    assert [record.leaf_hash for batch in (first, second, last) for record in batch.records] == log.leaves
    assert [len(batch.tiles) for batch in (first, second, last)] == [0, 1, 1]
    assert (view.size, view.is_complete, view.known) == (700, True, last.checkpoint)
    view = next_stream(log, view)
    assert not view.is_complete
    assert take(view, log.batch(700, 700, 700)).records == []


def test_a_log_that_grew_is_taken_on(log: Log) -> None:
    view = log.view()
    take(view, log.batch(0, 300, size=300))
    view = next_stream(log, view)
    assert take(view, log.batch(300, 700, 300)).size == 700


def test_what_is_masked_or_withheld_is_proven_all_the_same(log: Log) -> None:
    batch = log.batch(0, 300, size=300)
    mask(batch.views[7], {2})
    batch.views[8].CopyFrom(View(leaf_hash=log.leaves[8]))
    verified = take(log.view(), batch)
    assert verified.records[8][1:] == (log.leaves[8], None, None)
    assert verified.records[7].leaf_hash == log.leaves[7]
    assert verified.root == root(log.leaves[:300])


def _altered(change: Callable[[PullResponse], object]) -> Callable[[Log], PullResponse]:
    def make(log: Log) -> PullResponse:
        batch = log.batch(250, 500, 250)
        change(batch)
        return batch

    return make


def _reheaded(**header: str) -> Callable[[Log], PullResponse]:
    """A record whose header says something else, in a tree that has it so."""

    def make(log: Log) -> PullResponse:
        false = Log(260)
        false.grow(1, header=header)
        false.grow(239)
        return false.batch(250, 500, 250)

    return make


def _withhold_unclaimed(batch: PullResponse) -> None:
    batch.views[3].CopyFrom(View(leaf_hash=bytes(32)))
    batch.ClearField("leaf_hashes")


_swap = _altered(lambda batch: batch.views[3].CopyFrom(batch.views[4]))


LIES: dict[str, tuple[Callable[[Log], PullResponse | bytes], Reason]] = {
    "not a message": (lambda _: b"\xff" * 10, Reason.MALFORMED_BATCH),
    "too large": (lambda _: bytes(MAX_BATCH_BYTES + 1), Reason.OVERSIZE_BATCH),
    "gap": (lambda log: log.batch(251, 500, 250), Reason.BATCH_GAP),
    "replay": (lambda log: log.batch(0, 250, 250), Reason.BATCH_REPLAYED),
    "drip": (lambda log: log.batch(250, 251, 250), Reason.UNDERSIZE_BATCH),
    "nothing": (lambda log: log.batch(250, 250, 250), Reason.UNDERSIZE_BATCH),
    "altered facet": (_altered(lambda b: setattr(b.views[3].facets[0], "body", b"x")), Reason.BAD_COMMITMENT),
    "wrong salt": (_altered(lambda b: setattr(b.views[3].facets[0], "salt", bytes(16))), Reason.BAD_COMMITMENT),
    "no salt": (_altered(lambda b: b.views[3].facets[0].ClearField("salt")), Reason.BAD_COMMITMENT),
    "facet left out": (_altered(lambda b: b.views[3].facets.pop()), Reason.BAD_COMMITMENT),
    "facets swapped": (_altered(lambda b: b.views[3].facets.append(b.views[3].facets.pop(0))), Reason.BAD_COMMITMENT),
    "records swapped": (_swap, Reason.WRONG_RECORD_ID),
    "record left out": (_altered(lambda b: b.views.pop(3)), Reason.WRONG_RECORD_ID),
    "withheld as another": (_altered(lambda b: b.views[3].CopyFrom(View(leaf_hash=bytes(32)))), Reason.BAD_COMMITMENT),
    "withheld, nothing claimed": (
        _altered(_withhold_unclaimed),
        Reason.BAD_COMMITMENT,
    ),
    "no proof": (_altered(lambda b: b.ClearField("consistency")), Reason.BAD_CONSISTENCY),
    "altered proof": (_altered(lambda b: b.consistency.__setitem__(0, bytes(32))), Reason.BAD_CONSISTENCY),
    "another city's record": (_reheaded(city="hefei"), Reason.WRONG_CITY),
    "another place's record": (_reheaded(id="wuhan-3"), Reason.WRONG_RECORD_ID),
    "replaces a later one": (_reheaded(supersedes="wuhan-261"), Reason.WRONG_RECORD_ID),
    "replaces itself": (_reheaded(supersedes="wuhan-260"), Reason.WRONG_RECORD_ID),
    "takes back another city's": (_reheaded(retracts="hefei-3"), Reason.WRONG_RECORD_ID),
    "takes back nonsense": (_reheaded(retracts="all of it"), Reason.WRONG_RECORD_ID),
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
    del batch.views[500:]
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
    assert reason(view, PullResponse(from_index=500, checkpoint=log.note(400))) is Reason.TREE_ROLLED_BACK
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


def test_too_many_views_in_a_batch(log: Log) -> None:
    assert reason(log.view(), log.batch(0, 501)) is Reason.OVERSIZE_BATCH


def test_few_large_records_are_no_drip() -> None:
    large = Log(30, facet_bytes=30_000)
    view = large.view()
    assert take(view, large.batch(0, 20)).size == 20
    assert take(view, large.batch(20, 30)).size == 30


@given(st.binary(max_size=300))
def test_arbitrary_bytes_raise_nothing_but_trust_errors(raw: bytes) -> None:
    with pytest.raises(TrustError):
        Log(3).view().verify_batch(raw)
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
    except TrustError:
        return
    # The grant, the claimed leaf hashes and unknown fields are not proven; every record is.
    assert [record.leaf_hash for record in verified.records] == log.leaves
