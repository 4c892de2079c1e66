"""What an honest peer shares arrives whole, wherever a pull stops."""

from concurrent.futures import Future
from itertools import islice
from pathlib import Path

import pytest

from node.core.log.record import FORMAT
from node.core.log.trusted_log import MAX_BATCH_RECORDS, MIN_BATCH_RECORDS
from node.errors import FileError, NodeError, Reason, TrustError
from node.stubs.exchange.v1.exchange_pb2 import PullRequest, ReviseRequest
from node.stubs.record.v1.record_pb2 import Header
from node.usecases.exchange.share import revise, share
from node.usecases.records.retract import retract
from tests.kit.simulator.origin import Origin, SimulatedPeer, policy_text, registration
from tests.kit.simulator.receiver import Receiver, check, recompute, views
from tests.kit.simulator.telling import heard, records_of
from tests.kit.stores.city import PURPOSE

WIDE = policy_text("wuhan", "public", "regulator", "personal")
PUBLIC = policy_text("wuhan", "public")


def test_an_empty_log(receiver: Receiver, origin: Origin) -> None:
    assert receiver.pull("wuhan").tree_size == 0
    assert receiver.peer_status("wuhan").state == "ok"
    origin.take_in(registration(1))
    assert receiver.pull("wuhan").tree_size == 1
    check(receiver, origin)


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_goes_on_where_it_stopped(receiver: Receiver, origin: Origin, batches: int) -> None:
    origin.take_in(*map(registration, range(4200)))
    receiver.meet(origin, SimulatedPeer(origin, pull=lambda stream: islice(stream, batches)))
    with pytest.raises(NodeError) as cut:
        receiver.pull("wuhan")
    assert cut.value.reason is Reason.TRUNCATED_STREAM
    assert receiver.store.frontier("wuhan").size == MAX_BATCH_RECORDS * batches
    if batches:
        recompute(receiver.store, "wuhan")
    receiver.close()
    receiver.open()
    receiver.meet(origin, SimulatedPeer(origin))
    origin.take_in(*map(registration, range(4200, 4300)))
    assert receiver.pull("wuhan").tree_size == 4300
    check(receiver, origin)


def test_catches_up_over_many_commits(receiver: Receiver, origin: Origin) -> None:
    for begin in range(0, 900, 30):
        origin.take_in(*map(registration, range(begin, begin + 30)))
        if begin % 90 == 0:
            receiver.pull("wuhan")
            check(receiver, origin)
    receiver.pull("wuhan")
    check(receiver, origin)


def test_large_records_of_which_little_is_seen_are_no_drip(receiver: Receiver, origin: Origin) -> None:
    """A few records fill the origin's pages, and their shared part hardly a line: batches must still be whole."""
    origin.enforce(PUBLIC)
    stores = [{"platform": "p", "url": "https://shop.example/" + "x" * 1500} for _ in range(100)]
    origin.take_in(*(registration(n, stores=stores) for n in range(MIN_BATCH_RECORDS + 50)))
    receiver.pull("wuhan")
    check(receiver, origin)
    origin.enforce(policy_text("wuhan", "public", "personal"))
    receiver.pull("wuhan")
    check(receiver, origin)


def test_large_records_seen_whole(receiver: Receiver, origin: Origin) -> None:
    stores = [{"platform": "p", "url": "https://shop.example/" + "x" * 1500} for _ in range(160)]
    origin.take_in(*(registration(n, stores=stores) for n in range(40)))
    receiver.pull("wuhan")
    check(receiver, origin)
    origin.enforce(WIDE)
    receiver.pull("wuhan")
    check(receiver, origin)


def test_a_record_too_large_to_be_sent_is_never_in_the_log(receiver: Receiver, origin: Origin) -> None:
    """Every peer would take the batch that holds it for a lie, for ever."""
    origin.take_in(registration(1))
    reason = Header(purpose=PURPOSE, legal_basis="x" * (1 << 20))
    with pytest.raises(NodeError) as refused:
        retract(origin.store, origin.clock, "wuhan-0", reason)
    assert refused.value.reason is Reason.TOO_LARGE
    assert origin.size == 1
    origin.take_in(registration(2))
    receiver.pull("wuhan")
    check(receiver, origin)


def test_a_broken_policy_leaves_the_old_one_in_force(receiver: Receiver, origin: Origin) -> None:
    origin.take_in(*map(registration, range(5)))
    receiver.pull("wuhan")
    held = views(receiver.store, "wuhan")
    with pytest.raises(FileError) as refused:
        origin.enforce("city: wuhan\nrules:\n  - share: no.such.standard\n")
    assert refused.value.reason is Reason.INVALID_POLICY
    receiver.pull("wuhan")
    assert views(receiver.store, "wuhan") == held
    check(receiver, origin)


def test_another_purpose_sees_nothing(receiver: Receiver, origin: Origin) -> None:
    origin.take_in(*map(registration, range(5)))
    request = PullRequest(purpose="statistics", legal_basis="b", format=FORMAT)
    stream = share(origin.store, "wuhan", origin.policy.grant("changsha", "statistics"), request)
    assert [record.is_open for record in records_of(heard(stream))] == [False] * 5


@pytest.mark.parametrize(("purpose", "basis"), [("", "b"), ("verification", "")])
def test_no_exchange_without_a_purpose(origin: Origin, purpose: str, basis: str) -> None:
    grant = origin.policy.grant("changsha", purpose)
    with pytest.raises(NodeError) as pulled:
        share(origin.store, "wuhan", grant, PullRequest(purpose=purpose, legal_basis=basis))
    with pytest.raises(NodeError) as revised:
        revise(origin.store, "wuhan", None, grant, ReviseRequest(purpose=purpose, legal_basis=basis))
    assert pulled.value.reason is revised.value.reason is Reason.PURPOSE_REQUIRED


def test_an_origin_that_lost_records_says_so(receiver: Receiver, origin: Origin, tmp_path: Path) -> None:
    """Restored from an old backup, an honest origin refuses a peer that knows more; the peer keeps what it has."""
    origin.take_in(*map(registration, range(5)))
    origin.store.connection.execute("VACUUM INTO ?", (str(tmp_path / "backup.db"),))
    origin.take_in(*map(registration, range(5, 9)))
    receiver.pull("wuhan")
    restored = Origin(tmp_path / "backup.db", signer=origin.signer)
    receiver.meet(restored, SimulatedPeer(restored))
    with pytest.raises(NodeError) as caught:
        receiver.pull("wuhan")
    assert caught.value.reason is Reason.TREE_ROLLED_BACK
    assert receiver.store.origin("wuhan").size == 9
    restored.close()


def test_a_full_disk_does_not_hide_a_lie(receiver: Receiver, origin: Origin, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was verified before the lie cannot be stored; the lie is still what the pull ends with."""

    def full(*_: object) -> Future[None]:
        failed: Future[None] = Future()
        failed.set_exception(NodeError(Reason.STORAGE_FULL, "full"))
        return failed

    origin.take_in(*map(registration, range(600)))
    monkeypatch.setattr(receiver.store, "store_batches", full)
    receiver.meet(origin, SimulatedPeer(origin, pull=lambda stream: [*islice(stream, 1), b"garbage"]))
    with pytest.raises(TrustError) as lied:
        receiver.pull("wuhan")
    assert lied.value.reason is Reason.MALFORMED_BATCH
    assert receiver.peer_status("wuhan").state == "frozen"
    receiver.meet(origin, SimulatedPeer(origin))
    receiver.sync.release("wuhan")
    with pytest.raises(NodeError) as stopped:
        receiver.pull("wuhan")
    assert stopped.value.reason is Reason.STORAGE_FULL
