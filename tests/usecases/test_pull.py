"""What an honest peer shares arrives whole, wherever a pull stops and whatever the policy does meanwhile."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from node.core.peer_view import MIN_BATCH_VIEWS
from node.core.record import disclosed_facets, parse_header
from node.errors import FileError, NodeError, Reason
from node.exchange.v1.exchange_pb2 import PullRequest, PullResponse, ReviseRequest
from node.record.v1.record_pb2 import Header, View
from node.usecases.share import revise, share
from node.usecases.withdraw import retract
from tests.cities import PURPOSE
from tests.simulator.origin import DEREGISTERED, Origin, SimulatedPeer, policy_text, registration
from tests.simulator.receiver import Receiver, index_due, indexed, recompute, views

WIDE = policy_text("wuhan", "public", "regulator", "personal")
PUBLIC = policy_text("wuhan", "public")
NOTHING = policy_text("wuhan")
NO_DEREGISTERED = policy_text("wuhan", "public", hides=f"int(body.status) == {DEREGISTERED}")


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Origin]:
    made = Origin(tmp_path / "wuhan.db")
    yield made
    made.close()


@pytest.fixture
def receiver(tmp_path: Path, origin: Origin) -> Iterator[Receiver]:
    made = Receiver(tmp_path / "changsha.db")
    made.meet(origin, SimulatedPeer(origin))
    yield made
    made.close()


def check(receiver: Receiver, origin: Origin) -> None:
    """The replica is exactly what the origin would share now, its counters, tree and index included."""
    held = views(receiver.store, origin.city)
    assert held == shared(origin, receiver.city)
    recompute(receiver.store, origin.city)
    assert receiver.store.origin(origin.city).root == origin.store.origin(origin.city).root
    assert indexed(receiver.store, origin.city) == index_due(dict(enumerate(held)))
    assert receiver.store.origin(origin.city).to_revise == 0


def shared(origin: Origin, caller: str) -> list[View]:
    return [view for raw in origin.pull(caller, 0, 0) for view in PullResponse.FromString(raw).views]


def is_anywhere(receiver: Receiver, secret: bytes) -> bool:
    """Whether bytes stand in any file of the store."""
    files = receiver.path.parent.glob(f"{receiver.path.name}*")
    return any(secret in file.read_bytes() for file in files)


def salts(view: View) -> list[bytes]:
    return [facet.salt for facet in view.facets if facet.salt]


def test_an_empty_log(receiver: Receiver, origin: Origin) -> None:
    assert receiver.pull("wuhan").tree_size == 0
    assert receiver.peer_status("wuhan").state == "ok"
    origin.take_in(registration(1))
    assert receiver.pull("wuhan").tree_size == 1
    check(receiver, origin)


@pytest.mark.parametrize("batches", [0, 1, 2])
def test_goes_on_where_it_stopped(receiver: Receiver, origin: Origin, batches: int) -> None:
    origin.take_in(*map(registration, range(1200)))
    receiver.meet(origin, SimulatedPeer(origin, pull=lambda stream: islice(stream, batches)))
    with pytest.raises(NodeError) as cut:
        receiver.pull("wuhan")
    assert cut.value.reason is Reason.TRUNCATED_STREAM
    assert receiver.store.frontier("wuhan").size == 500 * batches
    if batches:
        recompute(receiver.store, "wuhan")
    receiver.close()
    receiver.open()
    receiver.meet(origin, SimulatedPeer(origin))
    origin.take_in(*map(registration, range(1200, 1300)))
    assert receiver.pull("wuhan").tree_size == 1300
    check(receiver, origin)


def test_catches_up_over_many_commits(receiver: Receiver, origin: Origin) -> None:
    for begin in range(0, 900, 30):
        origin.take_in(*map(registration, range(begin, begin + 30)))
        if begin % 90 == 0:
            receiver.pull("wuhan")
            check(receiver, origin)
    receiver.pull("wuhan")
    check(receiver, origin)


def test_a_new_peer_sees_what_the_old_one_sees(receiver: Receiver, origin: Origin, tmp_path: Path) -> None:
    origin.take_in(*map(registration, range(300)))
    receiver.pull("wuhan")
    origin.retract("wuhan-7")
    origin.take_in(registration(8, name="另一个名字"))
    origin.enforce(WIDE)
    receiver.pull("wuhan")
    check(receiver, origin)
    late = Receiver(tmp_path / "late.db")
    late.meet(origin, SimulatedPeer(origin))
    late.pull("wuhan")
    check(late, origin)
    assert views(late.store, "wuhan") == views(receiver.store, "wuhan")
    late.close()


def test_widening_backfills(receiver: Receiver, origin: Origin) -> None:
    origin.take_in(*map(registration, range(700)))
    receiver.pull("wuhan")
    assert not is_anywhere(receiver, b"0731-00000017")
    origin.enforce(WIDE)
    receiver.pull("wuhan")
    check(receiver, origin)
    assert disclosed_facets(views(receiver.store, "wuhan")[17]) == {1, 2, 3}
    assert is_anywhere(receiver, b"0731-00000017")


def test_sharing_at_last_backfills_what_was_withheld_whole(receiver: Receiver, origin: Origin) -> None:
    origin.enforce(NOTHING)
    origin.take_in(*map(registration, range(700)))
    origin.take_in(registration(3, name="新名"))
    receiver.pull("wuhan")
    assert receiver.peer_status("wuhan").withheld == 700 + 1
    origin.enforce(PUBLIC)
    receiver.pull("wuhan")
    check(receiver, origin)
    # The two changes of policy are told to everyone; the first came before the receiver asked at all.
    assert receiver.peer_status("wuhan").withheld == 0


@pytest.mark.parametrize("policy", [PUBLIC, NOTHING])
def test_narrowing_destroys_values_and_salts(receiver: Receiver, origin: Origin, policy: str) -> None:
    origin.take_in(*map(registration, range(700)))
    receiver.pull("wuhan")
    before = views(receiver.store, "wuhan")
    origin.enforce(policy)
    receiver.pull("wuhan")
    check(receiver, origin)
    for place in (0, 17, 699):
        assert not is_anywhere(receiver, f"actual-{place:06}".encode())
        assert not is_anywhere(receiver, before[place].facets[1].salt)
    gone = policy == NOTHING
    assert is_anywhere(receiver, "第000017号商行".encode()) is not gone
    assert is_anywhere(receiver, before[17].facets[0].salt) is not gone


def test_a_retraction_destroys(receiver: Receiver, origin: Origin) -> None:
    origin.take_in(*map(registration, range(700)))
    receiver.pull("wuhan")
    before = views(receiver.store, "wuhan")[17]
    origin.retract("wuhan-17")
    receiver.pull("wuhan")
    check(receiver, origin)
    assert not any(is_anywhere(receiver, secret) for secret in [b"actual-000017", *salts(before)])


def test_retracted_before_it_was_pulled(receiver: Receiver, origin: Origin) -> None:
    origin.take_in(*map(registration, range(20)))
    origin.retract("wuhan-17")
    receiver.pull("wuhan")
    check(receiver, origin)
    assert not is_anywhere(receiver, b"actual-000017")


def test_retracted_after_a_narrowing_the_peer_has_not_followed_yet(receiver: Receiver, origin: Origin) -> None:
    """The retraction itself is withheld from the peer by then: the revision has to destroy the record."""
    origin.take_in(*map(registration, range(20)))
    receiver.pull("wuhan")
    before = views(receiver.store, "wuhan")[17]
    origin.enforce(NOTHING)
    origin.retract("wuhan-17")
    receiver.pull("wuhan")
    check(receiver, origin)
    assert not any(is_anywhere(receiver, secret) for secret in [b"actual-000017", *salts(before)])


def test_replaced_by_what_the_peer_may_not_see(receiver: Receiver, origin: Origin) -> None:
    origin.enforce(NO_DEREGISTERED)
    origin.take_in(*map(registration, range(20)))
    receiver.pull("wuhan")
    before = views(receiver.store, "wuhan")[18]  # the change of policy came first
    origin.take_in(registration(17, status=DEREGISTERED))
    receiver.pull("wuhan")
    check(receiver, origin)
    assert not any(is_anywhere(receiver, secret) for secret in ["第000017号商行".encode(), *salts(before)])
    assert not receiver.store.by_subject(parse_header(before.header).subjects[0])


def test_a_version_replaced_by_a_hidden_one_is_hidden_too(receiver: Receiver, origin: Origin, tmp_path: Path) -> None:
    """The policy hides the newer version only after it was appended: nobody may answer from the older."""
    origin.take_in(*map(registration, range(20)))
    receiver.pull("wuhan")
    origin.take_in(registration(17, status=DEREGISTERED))
    origin.enforce(NO_DEREGISTERED)
    receiver.pull("wuhan")
    late = Receiver(tmp_path / "late.db")
    late.meet(origin, SimulatedPeer(origin))
    late.pull("wuhan")
    for each in (late, receiver):
        check(each, origin)
        assert not each.store.by_subject("reg:430100000017")
        assert not is_anywhere(each, "第000017号商行".encode())
    late.close()


def test_the_grant_changes_during_a_revision(receiver: Receiver, origin: Origin) -> None:
    """One message of the revision arrives, then the policy changes again."""
    origin.take_in(*(registration(n, scope="经营" * 500) for n in range(1200)))
    receiver.pull("wuhan")
    origin.enforce(WIDE)
    receiver.meet(origin, SimulatedPeer(origin, revise=lambda stream: islice(stream, 1)))
    with pytest.raises(NodeError) as cut:
        receiver.pull("wuhan")
    assert cut.value.reason is Reason.TRUNCATED_STREAM
    assert 0 < receiver.peer_status("wuhan").to_revise < 1200
    origin.enforce(PUBLIC)
    receiver.meet(origin, SimulatedPeer(origin))
    receiver.pull("wuhan")
    check(receiver, origin)
    assert not is_anywhere(receiver, b"0731-00000003")


def test_the_policy_changes_between_log_and_revision(receiver: Receiver, origin: Origin) -> None:
    """The revision would come under a grant nobody announced: it waits for the next pull."""
    origin.take_in(*map(registration, range(20)))
    receiver.pull("wuhan")
    origin.enforce(WIDE)

    class Changing(SimulatedPeer):
        def revise(self, from_index: int, upto_size: int, held_grant: str) -> Iterator[bytes]:
            origin.enforce(PUBLIC)
            return super().revise(from_index, upto_size, held_grant)

    receiver.meet(origin, Changing(origin))
    with pytest.raises(NodeError) as caught:
        receiver.pull("wuhan")
    assert caught.value.reason is Reason.GRANT_CHANGED
    assert receiver.peer_status("wuhan").state == "backing_off"
    receiver.pull("wuhan")
    check(receiver, origin)


def test_an_interrupted_revision_goes_on(receiver: Receiver, origin: Origin) -> None:
    origin.take_in(*(registration(n, scope="经营" * 500) for n in range(1200)))
    receiver.pull("wuhan")
    origin.enforce(WIDE)
    begun: list[int] = []

    class Failing(SimulatedPeer):
        def revise(self, from_index: int, upto_size: int, held_grant: str) -> Iterator[bytes]:
            begun.append(from_index)
            return islice(super().revise(from_index, upto_size, held_grant), 1)

    receiver.meet(origin, Failing(origin))
    for _ in range(20):
        try:
            receiver.pull("wuhan")
        except NodeError as cut:
            assert cut.reason is Reason.TRUNCATED_STREAM  # noqa: PT017
            receiver.close()
            receiver.open()
        else:
            break
    assert begun == sorted(set(begun))
    assert len(begun) > 2
    check(receiver, origin)


def test_large_records_of_which_little_is_seen_are_no_drip(receiver: Receiver, origin: Origin) -> None:
    """A few records fill the origin's pages, and their shared part hardly a line: batches must still be whole."""
    origin.enforce(PUBLIC)
    stores = [{"platform": "p", "url": "https://shop.example/" + "x" * 1500} for _ in range(100)]
    origin.take_in(*(registration(n, stores=stores) for n in range(MIN_BATCH_VIEWS + 50)))
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
    request = PullRequest(purpose="statistics", legal_basis="b")
    stream = share(origin.store, "wuhan", origin.policy.grant("changsha", "statistics"), request)
    assert [bool(view.header) for raw in stream for view in PullResponse.FromString(raw).views] == [False] * 5


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
