"""What a peer holds after the policy changed or a record was taken back, whatever was cut off meanwhile."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest

from node.core.log.record import SALT_BYTES
from node.errors import NodeError, Reason
from tests.kit.simulator.origin import DEREGISTERED, Origin, SimulatedPeer, policy_text, registration
from tests.kit.simulator.receiver import Receiver, check, is_anywhere, salts, views

WIDE = policy_text("wuhan", "public", "regulator", "personal")
PUBLIC = policy_text("wuhan", "public")
NOTHING = policy_text("wuhan")
NO_DEREGISTERED = policy_text("wuhan", "public", hides=f"int(body.status) == {DEREGISTERED}")


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
    assert views(receiver.store, "wuhan")[17].disclosed == {1, 2, 3}
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
        assert not is_anywhere(receiver, (before[place].facets[1] or b"")[:SALT_BYTES])
    gone = policy == NOTHING
    assert is_anywhere(receiver, "第000017号商行".encode()) is not gone
    assert is_anywhere(receiver, (before[17].facets[0] or b"")[:SALT_BYTES]) is not gone


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
    assert not receiver.store.by_subject(before.header.subjects[0])


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


def test_what_a_retracted_version_had_replaced_goes_with_it(receiver: Receiver, origin: Origin) -> None:
    """The peer holds every version; that the newest is taken back is all it is told."""
    for name in ("甲一商行", "甲二商行", "甲三商行"):
        origin.take_in(registration(1, name=name))
    receiver.pull("wuhan")
    before = views(receiver.store, "wuhan")
    origin.retract("wuhan-2")
    receiver.pull("wuhan")
    check(receiver, origin)
    assert not any(is_anywhere(receiver, secret) for secret in ["甲一".encode(), *salts(before[0]), *salts(before[1])])


def test_every_version_goes_with_one_that_is_replaced_by_a_hidden_one(receiver: Receiver, origin: Origin) -> None:
    origin.enforce(NO_DEREGISTERED)
    for name in ("甲一商行", "甲二商行"):
        origin.take_in(registration(1, name=name))
    receiver.pull("wuhan")
    origin.take_in(registration(1, status=DEREGISTERED))
    receiver.pull("wuhan")
    check(receiver, origin)
    assert not is_anywhere(receiver, "甲一".encode())


def test_a_version_once_hidden_by_a_later_one_stays_hidden(receiver: Receiver, origin: Origin) -> None:
    """Who pulled before and who comes late see the same, whatever replaced the one that hid it."""
    origin.take_in(registration(1, name="甲一商行"), registration(1, status=DEREGISTERED))
    receiver.pull("wuhan")
    origin.enforce(NO_DEREGISTERED)
    receiver.pull("wuhan")
    origin.take_in(registration(1, name="甲三商行"))
    receiver.pull("wuhan")
    check(receiver, origin)
    assert is_anywhere(receiver, "甲三".encode())
    assert not is_anywhere(receiver, "甲一".encode())


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


def test_a_correction_that_the_old_policy_hides_does_not_hide_what_the_new_one_takes_back(
    receiver: Receiver, origin: Origin
) -> None:
    """Under both policies nothing is shared by now; but the peer pulled before the correction, and still holds it."""
    origin.enforce(NO_DEREGISTERED)
    origin.take_in(registration(0))
    receiver.pull("wuhan")
    origin.enforce(NOTHING)
    origin.take_in(registration(0, status=DEREGISTERED))
    receiver.pull("wuhan")
    check(receiver, origin)
