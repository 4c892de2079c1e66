"""Lies about a revision: caught, nothing of them stored, and the truth still gets through."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.log import trusted_log
from node.core.log.run import mask
from node.core.log.trusted_log import MAX_BATCH_BYTES
from node.errors import NodeError, Reason, TrustError
from node.stubs.exchange.v1.exchange_pb2 import ReviseResponse
from node.stubs.record.v1.record_pb2 import Run
from node.usecases.exchange import pull, share
from tests.kit.simulator.lies.revisions import LIES, Story, Tell
from tests.kit.simulator.origin import Origin, SimulatedPeer, policy_text, registration
from tests.kit.simulator.receiver import Receiver, recompute, views
from tests.kit.simulator.telling import heard, records_of

assert MAX_BATCH_BYTES == 1 << 20


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Origin, Path]]:
    """A receiver that has the whole log and is due a revision of 700 records; its own log is empty."""
    folder = tmp_path_factory.mktemp("stage")
    origin = Origin(folder / "wuhan.db")
    origin.take_in(*map(registration, range(700)))
    receiver = Receiver(folder / "tmp.db")
    receiver.meet(origin, SimulatedPeer(origin))
    receiver.pull("wuhan")
    origin.enforce(policy_text("wuhan", "public", "personal"))
    receiver.meet(origin, SimulatedPeer(origin, revise=lambda _: ()))
    with pytest.raises(NodeError):
        receiver.pull("wuhan")
    receiver.sync.release("wuhan")
    receiver.store.connection.execute("VACUUM INTO ?", (str(folder / "due.db"),))
    receiver.close()
    yield origin, folder / "due.db"
    origin.close()


@pytest.fixture
def receiver(stage: tuple[Origin, Path], tmp_path: Path) -> Iterator[Receiver]:
    shutil.copy(stage[1], tmp_path / "changsha.db")
    made = Receiver(tmp_path / "changsha.db")
    made.meet(stage[0], SimulatedPeer(stage[0]))
    yield made
    made.close()


def _lying(tell: Tell, origin: Origin) -> SimulatedPeer:
    def twist(stream: Iterator[bytes]) -> Iterator[bytes]:
        story = ReviseResponse.FromString(next(stream))
        return (each if isinstance(each, bytes) else each.SerializeToString() for each in tell(story))

    return SimulatedPeer(origin, revise=twist)


@pytest.mark.parametrize(("reason", "tell"), LIES.values(), ids=LIES.keys())
def test_lie(reason: Reason, tell: Tell, stage: tuple[Origin, Path], receiver: Receiver) -> None:
    origin, _ = stage
    before = receiver.dump()
    receiver.meet(origin, _lying(tell, origin))
    with pytest.raises(TrustError) as caught:
        receiver.pull("wuhan")
    assert caught.value.reason is reason, caught.value
    assert receiver.dump() == before
    status = receiver.peer_status("wuhan")
    assert (status.state, status.last_reason, status.to_revise) == ("frozen", reason, 700)
    incident = receiver.status().incidents[0]
    assert receiver.store.peers.payload(incident.number) == caught.value.payload
    assert caught.value.payload or reason is Reason.BATCH_GAP

    receiver.sync.release("wuhan")
    receiver.meet(origin, SimulatedPeer(origin))
    receiver.pull("wuhan")
    recompute(receiver.store, "wuhan")
    held = views(receiver.store, "wuhan")
    assert held == records_of(heard(origin.pull("changsha", 0, 0)))


def test_another_grant_than_announced_is_not_taken(stage: tuple[Origin, Path], receiver: Receiver) -> None:
    """It may be honest (the policy changed in between): back-off, and nothing stored."""
    origin, _ = stage
    before = receiver.dump()

    def tell(story: Story) -> list[Story]:
        story.grant = "f" * 64
        return [story]

    receiver.meet(origin, _lying(tell, origin))
    with pytest.raises(NodeError) as caught:
        receiver.pull("wuhan")
    assert caught.value.reason is Reason.GRANT_CHANGED
    assert receiver.dump() == before
    assert receiver.peer_status("wuhan").state == "backing_off"


def test_a_revision_that_leaves_runs_out_leaves_them_as_they_were(
    stage: tuple[Origin, Path], receiver: Receiver
) -> None:
    """An origin may always show less than its grant says; it cannot show anything untrue by it."""
    origin, _ = stage
    before = views(receiver.store, "wuhan")

    def tell(story: Story) -> list[Story]:
        del story.runs[:]
        return [story]

    receiver.meet(origin, _lying(tell, origin))
    receiver.pull("wuhan")
    recompute(receiver.store, "wuhan")
    assert views(receiver.store, "wuhan")[:700] == before[:700]


def test_what_is_hidden_stays_provable(stage: tuple[Origin, Path], receiver: Receiver) -> None:
    """Masked anew or withheld whole, a record still hashes to its leaf."""
    origin, _ = stage

    def tell(story: Story) -> list[Story]:
        for item in story.runs[:4]:
            run = Run.FromString(item.run)
            mask(run, ())
            item.run = run.SerializeToString()
        return [story]

    receiver.meet(origin, _lying(tell, origin))
    receiver.pull("wuhan")
    recompute(receiver.store, "wuhan")


@pytest.mark.parametrize("scope", range(60, 400, 40))
def test_no_message_of_an_honest_revision_is_a_drip(scope: int, tmp_path: Path) -> None:
    """Where the room of messages and the longest span end one after the other, little must not be left between."""
    origin, receiver = Origin(tmp_path / "wuhan.db", policy=policy_text("wuhan")), Receiver(tmp_path / "changsha.db")
    origin.take_in(*(registration(number, scope="营" * (scope // 3)) for number in range(2_600)))
    receiver.meet(origin, SimulatedPeer(origin))
    receiver.pull("wuhan")
    origin.enforce(policy_text("wuhan", "public", "regulator"))
    with pytest.MonkeyPatch.context() as patch:
        for module in (share, trusted_log):
            patch.setattr(module, "MAX_REVISION_SPAN", 1_000)
        patch.setattr(pull, "MAX_REVISION_SPAN", 1_000)
        patch.setattr(share, "_BATCH_BUDGET", 450 * (scope + 250))
        patch.setattr(trusted_log, "MIN_BATCH_BYTES", 100 * (scope + 250))
        receiver.pull("wuhan")
    assert receiver.peer_status("wuhan").state == "ok"
    assert receiver.store.origin("wuhan").to_revise == 0
    recompute(receiver.store, "wuhan")
    receiver.close()
    origin.close()
