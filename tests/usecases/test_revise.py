"""Lies about a revision: caught, nothing of them stored, and the truth still gets through."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from itertools import repeat
from pathlib import Path

import pytest

from node.core.peer_view import MAX_BATCH_BYTES
from node.core.record import mask
from node.errors import NodeError, Reason, TrustError
from node.exchange.v1.exchange_pb2 import ReviseResponse
from node.record.v1.record_pb2 import View
from tests.kit.simulator.origin import Origin, SimulatedPeer, policy_text, registration
from tests.kit.simulator.receiver import Receiver, recompute, views
from tests.kit.simulator.telling import heard, with_header

Story = ReviseResponse
Tell = Callable[[Story], Iterable[Story | bytes]]


def _altered(story: Story, alter: Callable[[View], object]) -> list[Story]:
    alter(story.views[17].view)
    return [story]


def _set(**fields: int) -> Tell:
    def tell(story: Story) -> list[Story]:
        for name, value in fields.items():
            setattr(story, name, value)
        return [story]

    return tell


def _set_index(index: int) -> Tell:
    def tell(story: Story) -> list[Story]:
        story.views[17].index = index
        return [story]

    return tell


def _cut(story: Story, count: int) -> Story:
    """The first `count` records of the revision, truly told."""
    del story.views[count:]
    story.to_index = story.from_index + count
    return story


def _padded(story: Story) -> list[bytes]:
    return [story.SerializeToString() + b"\x9a\x06" + b"\x80\x80\x40" + bytes(1 << 20)]


LIES: dict[str, tuple[Reason, Tell]] = {
    "altered facet": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: setattr(v.facets[0], "body", b"x"))),
    "wrong salt": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: setattr(v.facets[0], "salt", bytes(16)))),
    "short salt": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: setattr(v.facets[0], "salt", bytes(15)))),
    "wrong mask": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: setattr(v.facets[3], "commitment", bytes(32)))),
    "altered header": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: v.CopyFrom(with_header(v, as_of_ms=1)))),
    "another record's view": (
        Reason.BAD_REVISION,
        lambda s: _altered(s, lambda v: v.CopyFrom(View.FromString(s.views[18].view.SerializeToString()))),
    ),
    "withheld under another hash": (
        Reason.BAD_REVISION,
        lambda s: _altered(s, lambda v: v.CopyFrom(View(leaf_hash=bytes(32)))),
    ),
    "empty view": (Reason.BAD_REVISION, lambda s: _altered(s, lambda v: v.Clear())),
    "index before the revision": (Reason.BAD_REVISION, _set_index(0)),
    "index twice": (Reason.BAD_REVISION, _set_index(16)),
    "index beyond the revision": (Reason.BAD_REVISION, _set_index(10_000)),
    "index beyond every log": (Reason.BAD_REVISION, _set_index(2**64 - 1)),
    "begins too late": (Reason.BATCH_GAP, _set(from_index=1)),
    "goes nowhere": (Reason.BATCH_GAP, _set(to_index=0)),
    "beyond what was asked": (Reason.BATCH_GAP, _set(to_index=701)),
    "beyond every log": (Reason.BATCH_GAP, _set(to_index=2**64 - 1)),
    "drip": (Reason.UNDERSIZE_BATCH, lambda s: [_cut(s, 1)]),
    "drip of nothing": (Reason.UNDERSIZE_BATCH, lambda s: repeat(ReviseResponse(to_index=1, grant=s.grant))),
    "too large": (Reason.OVERSIZE_BATCH, _padded),
    "noise": (Reason.MALFORMED_BATCH, lambda s: [b"\x0f" * 100]),
    "truncated": (Reason.MALFORMED_BATCH, lambda s: [s.SerializeToString()[:-1]]),
    "nothing": (Reason.BATCH_GAP, lambda s: [b""]),
}
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
    assert receiver.store.evidence(incident.number) == caught.value.evidence
    assert caught.value.evidence or reason is Reason.BATCH_GAP

    receiver.sync.release("wuhan")
    receiver.meet(origin, SimulatedPeer(origin))
    receiver.pull("wuhan")
    recompute(receiver.store, "wuhan")
    held = views(receiver.store, "wuhan")
    assert held == [view for batch in heard(origin.pull("changsha", 0, 0)) for view in batch.views]


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


def test_a_revision_that_leaves_views_out_leaves_them_as_they_were(
    stage: tuple[Origin, Path], receiver: Receiver
) -> None:
    """An origin may always show less than its grant says; it cannot show anything untrue by it."""
    origin, _ = stage
    before = views(receiver.store, "wuhan")

    def tell(story: Story) -> list[Story]:
        del story.views[:]
        return [story]

    receiver.meet(origin, _lying(tell, origin))
    receiver.pull("wuhan")
    recompute(receiver.store, "wuhan")
    assert views(receiver.store, "wuhan")[:700] == before[:700]


def test_what_is_hidden_stays_provable(stage: tuple[Origin, Path], receiver: Receiver) -> None:
    """Masked anew or withheld whole, a record still hashes to its leaf."""
    origin, _ = stage

    def tell(story: Story) -> list[Story]:
        for item in story.views[:100]:
            mask(item.view, ())
        return [story]

    receiver.meet(origin, _lying(tell, origin))
    receiver.pull("wuhan")
    recompute(receiver.store, "wuhan")
