"""Back-off, jitter, circuit and freeze: kept in the store, for each peer alone."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node.config import Sync as Settings
from node.errors import NodeError, Reason, TransientError, TrustError
from node.storage.sqlite import peer_state
from tests.kit.simulator.origin import Origin, SimulatedPeer, registration
from tests.kit.simulator.receiver import Receiver, recompute
from tests.kit.stores.city import PURPOSE

SETTINGS = Settings(purpose=PURPOSE, backoff_base_s=4, backoff_max_s=60)


class Failing(SimulatedPeer):
    """A peer that fails so often, then serves; counts how often it was asked."""

    def __init__(self, origin: Origin, error: Exception, times: int = 1_000_000) -> None:
        super().__init__(origin)
        self._error = error
        self.times = times
        self.asked = 0

    def pull(self, from_size: int, known_size: int) -> Iterator[bytes]:
        self.asked += 1
        if self.asked <= self.times:
            raise self._error
        yield from super().pull(from_size, known_size)


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[Origin]:
    made = Origin(tmp_path / "wuhan.db")
    made.take_in(*map(registration, range(5)))
    yield made
    made.close()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    made = Receiver(tmp_path / "changsha.db", settings=SETTINGS)
    yield made
    made.close()


def down() -> TransientError:
    return TransientError(Reason.UNAVAILABLE, "nobody there")


def test_waits_double_within_their_jitter_up_to_the_ceiling(receiver: Receiver, origin: Origin) -> None:
    receiver.meet(origin, Failing(origin, down()))
    shares = []
    for failures in range(1, 60):
        with pytest.raises(TransientError):
            receiver.pull("wuhan")
        link = receiver.store.peers.state("wuhan")
        ceiling_ms = min(4000 * 2 ** (failures - 1), 60_000)
        wait_ms = link.next_attempt_at_ms - receiver.clock.at_ms
        assert link.failures == failures
        assert ceiling_ms / 2 - 1 <= wait_ms <= ceiling_ms
        shares.append(wait_ms / ceiling_ms)
    assert max(shares) - min(shares) > 0.2, "no jitter: all nodes would come back at once"


def test_a_schedule_waits_for_the_back_off_and_an_officer_does_not(receiver: Receiver, origin: Origin) -> None:
    peer = Failing(origin, down(), times=1)
    receiver.meet(origin, peer)
    receiver.sync.run_due("wuhan")
    assert receiver.peer_status("wuhan").state == "backing_off"
    assert receiver.peer_status("wuhan").last_reason == Reason.UNAVAILABLE
    until_ms = receiver.store.peers.state("wuhan").next_attempt_at_ms
    receiver.clock.at_ms = until_ms - 1
    receiver.sync.run_due("wuhan")
    assert peer.asked == 1
    receiver.clock.at_ms = until_ms
    receiver.sync.run_due("wuhan")
    assert peer.asked == 2
    assert receiver.peer_status("wuhan").state == "ok"
    assert receiver.store.peers.state("wuhan").failures == 0


def test_a_clock_that_is_put_back_does_not_lengthen_the_wait(receiver: Receiver, origin: Origin) -> None:
    peer = Failing(origin, down(), times=1)
    receiver.meet(origin, peer)
    receiver.clock.at_ms += 600_000
    receiver.sync.run_due("wuhan")
    receiver.clock.at_ms -= 600_000
    receiver.sync.run_due("wuhan")
    assert peer.asked == 1
    receiver.clock.pass_ms(4_000)
    receiver.sync.run_due("wuhan")
    assert peer.asked == 2
    assert receiver.peer_status("wuhan").state == "ok"


@pytest.mark.parametrize("step_ms", [-7_200_000, -400 * 86_400_000, 370 * 86_400_000])
def test_since_when_a_peer_was_not_heard_does_not_go_by_a_clock_that_is_set(
    receiver: Receiver, origin: Origin, step_ms: int
) -> None:
    receiver.meet(origin, SimulatedPeer(origin))
    receiver.pull("wuhan")
    receiver.clock._at_ms += step_ms  # by the wall clock alone
    receiver.clock.pass_ms(90_000)
    status = receiver.peer_status("wuhan")
    assert (status.lag_s, status.lag_at_least) == (90, False)


def test_a_peer_not_heard_since_the_start_is_never_heard_just_now(receiver: Receiver, origin: Origin) -> None:
    receiver.meet(origin, SimulatedPeer(origin))
    receiver.pull("wuhan")
    receiver.close()
    receiver.open()
    receiver.clock.at_ms -= 7_200_000
    receiver.clock.pass_ms(90_000)
    status = receiver.peer_status("wuhan")
    assert (status.lag_s, status.lag_at_least) == (90, True)


def test_back_off_outlives_a_restart(receiver: Receiver, origin: Origin) -> None:
    peer = Failing(origin, down(), times=3)
    receiver.meet(origin, peer)
    for _ in range(3):
        with pytest.raises(TransientError):
            receiver.pull("wuhan")
    link = receiver.store.peers.state("wuhan")
    receiver.close()
    receiver.open()
    assert receiver.store.peers.state("wuhan") == link
    assert link.failures == 3
    receiver.sync.run_due("wuhan")
    assert peer.asked == 3
    assert receiver.pull("wuhan").tree_size == 5


def test_a_freeze_outlives_a_restart_and_only_an_officer_ends_it(receiver: Receiver, origin: Origin) -> None:
    peer = Failing(origin, TrustError(Reason.BAD_SIGNATURE, "forged"), times=1)
    receiver.meet(origin, peer)
    with pytest.raises(TrustError):
        receiver.pull("wuhan")
    receiver.close()
    receiver.open()
    receiver.clock.at_ms += 10**9
    for _ in range(3):
        receiver.sync.run_due("wuhan")
        with pytest.raises(NodeError) as frozen:
            receiver.pull("wuhan")
        assert frozen.value.reason is Reason.PEER_FROZEN
    assert peer.asked == 1
    receiver.sync.release("wuhan")
    assert receiver.pull("wuhan").tree_size == 5
    recompute(receiver.store, "wuhan")


def test_what_nobody_foresaw_backs_off_too(receiver: Receiver, origin: Origin) -> None:
    """An error that is not of ours must not become a pull at every turn of the schedule."""
    peer = Failing(origin, ValueError("never thought of"), times=1)
    receiver.meet(origin, peer)
    with pytest.raises(ValueError, match="never thought of"):
        receiver.pull("wuhan")
    status = receiver.peer_status("wuhan")
    assert (status.state, status.last_reason, status.failures) == ("backing_off", Reason.INTERNAL, 1)
    assert "never thought of" not in status.last_error
    receiver.sync.run_due("wuhan")
    assert peer.asked == 1


def test_a_liar_cannot_fill_the_disk_with_evidence(
    receiver: Receiver, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peer_state, "MAX_INCIDENTS_PER_CITY", 5)
    error = TrustError(Reason.MALFORMED_BATCH, "noise")
    error.payload = bytes(100)
    receiver.meet(origin, Failing(origin, error))
    for _ in range(5 + 7):
        with pytest.raises(TrustError):
            receiver.pull("wuhan")
        receiver.sync.release("wuhan")
    kept = receiver.store.peers.incidents(1000)
    assert len(kept) == 5
    assert kept[0].number == 5 + 7


def test_a_stranger_is_no_peer(receiver: Receiver) -> None:
    for call in (receiver.pull, receiver.sync.release):
        with pytest.raises(NodeError) as caught:
            call("atlantis")
        assert caught.value.reason is Reason.NOT_FOUND


def test_two_pulls_of_one_peer_never_run_at_once(receiver: Receiver, origin: Origin) -> None:
    """While one pull is under way the schedule passes by and an officer's waits its turn."""

    inside, may_go = threading.Event(), threading.Event()
    at_once: list[int] = []

    class Slow(SimulatedPeer):
        def pull(self, from_size: int, known_size: int) -> Iterator[bytes]:
            at_once.append(1)
            inside.set()
            assert may_go.wait(10)
            yield from super().pull(from_size, known_size)

    receiver.meet(origin, Slow(origin))
    first = threading.Thread(target=receiver.sync.run_due, args=("wuhan",))
    first.start()
    assert inside.wait(10)
    receiver.sync.run_due("wuhan")
    assert len(at_once) == 1
    may_go.set()
    assert receiver.pull("wuhan").tree_size == 5
    first.join(10)
    assert len(at_once) == 2
    recompute(receiver.store, "wuhan")


def test_a_peer_that_hangs_up_while_connecting_backs_off(receiver: Receiver, origin: Origin) -> None:
    @contextmanager
    def refuse(_: object) -> Iterator[SimulatedPeer]:
        if receiver.members:
            raise TransientError(Reason.TLS_REFUSED, "no")
        yield SimulatedPeer(origin)

    receiver.meet(origin, SimulatedPeer(origin))
    receiver.sync._connect = refuse
    with pytest.raises(TransientError):
        receiver.pull("wuhan")
    assert receiver.peer_status("wuhan").last_reason == Reason.TLS_REFUSED
