"""A city that tells two histories: caught when its peers compare, frozen by all of them, proven to anybody."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from node.core.log.fork import make_fork, parse_fork, verify_fork
from node.errors import NodeError, Reason, TransientError
from node.storage.sqlite.tree import position
from node.stubs.exchange.v1.exchange_pb2 import CompareRequest, PullResponse
from tests.kit.keys import KeySigner
from tests.kit.simulator.forks import HONEST, accuse, evidence, tell
from tests.kit.simulator.origin import Origin, SimulatedPeer, policy_text, registration
from tests.kit.simulator.receiver import recompute
from tests.kit.simulator.telling import note
from tests.kit.simulator.towns import SIX, Country, Town, TownPeer


@pytest.mark.parametrize(("first", "second"), [(50, 50), (50, 80), (80, 50), (300, 700)])
def test_two_histories_are_caught_by_all_and_proven(country: Country, other: Origin, first: int, second: int) -> None:
    tell(country, first, other, second, "hefei", "taiyuan")
    country.round(*HONEST)
    country.round(*HONEST)
    assert country.frozen("wuhan") >= set(HONEST)
    for city in HONEST:
        raw = evidence(country[city])
        proven = verify_fork(parse_fork(raw), country.federation.member("wuhan").log_keys)
        assert (proven.smaller.size, proven.larger.size) == tuple(sorted((first, second)))
        assert all(country.frozen(honest) == set() for honest in HONEST)
        status = country[city].status()
        assert [each.state for each in status.peers if each.city == "wuhan"] == ["frozen"]
        assert [each.reason for each in status.incidents] == [Reason.LOG_FORKED]
        assert country[city].alarms == 1


def test_the_forker_itself_is_told_and_publishes_no_more(country: Country, other: Origin) -> None:
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    country.round("wuhan")
    assert "wuhan" in country.frozen("wuhan")
    with pytest.raises(NodeError) as held:
        country["wuhan"].origin.retract("wuhan-1")
    assert held.value.reason is Reason.LOG_FORKED
    country["wuhan"].open()
    with pytest.raises(NodeError, match="log_forked"):
        country["wuhan"].origin.retract("wuhan-1")


def test_the_others_go_on(country: Country, other: Origin) -> None:
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    country["changsha"].grow(0, 10)
    country.round(*HONEST)
    assert country["hefei"].store.origin("changsha").size == 10


def test_a_fork_that_grows_is_caught_once_the_tree_has_grown_so_far(country: Country, other: Origin) -> None:
    """What is heard beyond the verified tree is remembered, whoever told it, until it can be decided."""
    tell(country, 50, other, 80, "hefei")
    changsha, hefei = country["changsha"], country["hefei"]
    hefei.sync.run_due("wuhan")
    changsha.compare.answer("hefei", CompareRequest(checkpoints=[hefei.store.origin("wuhan").checkpoint or b""]))
    assert [each.size for each in changsha.store.checkpoints.heard("wuhan")] == [80]
    changsha.pull("wuhan")
    assert not country.frozen("wuhan"), "of 50 records nothing can be said about a tree of 80"
    country["wuhan"].grow(2000, 100)
    changsha.pull("wuhan")
    assert "changsha" in country.frozen("wuhan")
    verify_fork(parse_fork(evidence(changsha)), country.federation.member("wuhan").log_keys)


def test_nothing_is_cosigned_while_a_larger_checkpoint_is_open(country: Country, other: Origin) -> None:
    """What a restored node cosigned after its backup comes back to it this way: it does not cosign backwards."""
    tell(country, 50, other, 80, "hefei")
    changsha, hefei = country["changsha"], country["hefei"]
    hefei.sync.run_due("wuhan")
    changsha.compare.answer("hefei", CompareRequest(checkpoints=[hefei.store.origin("wuhan").checkpoint or b""]))
    signed: list[bytes] = []
    changsha.key.sign = lambda message: signed.append(message) or bytes(64)  # type: ignore[method-assign, func-returns-value]
    changsha.pull("wuhan")
    assert changsha.store.origin("wuhan").size == 50
    assert not signed


def test_a_fork_shown_to_one_city_alone_is_proven_too(country: Country, other: Origin) -> None:
    """The same size, another root, in the pull itself."""
    tell(country, 50, other, 50)
    changsha = country["changsha"]
    changsha.pull("wuhan")
    country.peers["changsha", "wuhan"] = SimulatedPeer(other, "changsha")
    other.take_in(registration(5000))
    with pytest.raises(NodeError) as frozen:
        changsha.sync.run_now("wuhan", lambda _: None)
    assert frozen.value.reason is Reason.TREE_FORKED
    assert not changsha.store.peers.forks(), "51 records that 50 do not lead to: only a bad proof"
    changsha.sync.release("wuhan")
    other.retract("wuhan-3")
    small = note("wuhan", 30, other.store.tree(0, 30).frontier.root(), other.signer)
    changsha.compare.answer("hefei", CompareRequest(checkpoints=[small]))
    verify_fork(parse_fork(evidence(changsha)), country.federation.member("wuhan").log_keys)


def test_rolled_back_to_another_history_is_proven_by_the_pull(country: Country, other: Origin) -> None:
    tell(country, 50, other, 40)
    changsha = country["changsha"]
    changsha.pull("wuhan")
    checkpoint = other.store.origin("wuhan").checkpoint or b""

    def rolled_back(stream: Iterator[bytes]) -> Iterator[bytes]:
        for raw in stream:
            batch = PullResponse.FromString(raw)
            batch.checkpoint = checkpoint
            yield batch.SerializeToString()

    country.peers["changsha", "wuhan"] = SimulatedPeer(country["wuhan"].origin, "changsha", rolled_back)
    with pytest.raises(NodeError) as frozen:
        changsha.sync.run_now("wuhan", lambda _: None)
    assert frozen.value.reason is Reason.TREE_ROLLED_BACK
    proven = verify_fork(parse_fork(evidence(changsha)), country.federation.member("wuhan").log_keys)
    assert (proven.smaller.size, proven.larger.size) == (40, 50)


def test_an_old_checkpoint_shown_again_proves_nothing(country: Country) -> None:
    country["wuhan"].grow(0, 40)
    old = country["wuhan"].store.origin("wuhan").checkpoint or b""
    country["wuhan"].grow(100, 40)
    country.round("changsha")
    assert country["changsha"].compare.answer("hefei", CompareRequest(checkpoints=[old])) is not None
    assert not country.frozen("wuhan")


def test_no_release_for_a_fork(country: Country, other: Origin) -> None:
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    with pytest.raises(NodeError) as refused:
        country["changsha"].sync.release("wuhan")
    assert refused.value.reason is Reason.LOG_FORKED
    assert "forget" in refused.value.message
    assert "changsha" in country.frozen("wuhan")


def test_an_officer_is_alerted(country: Country, other: Origin) -> None:
    tell(country, 50, other, 80, "hefei")
    assert not country["changsha"].status().alerts
    country.round(*HONEST)
    country.round("wuhan")
    for city in SIX:
        [alert] = country[city].status().alerts
        assert (alert.reason, alert.city) == (Reason.LOG_FORKED, "wuhan")
        assert "check-fork" in alert.text or "peer payload" in alert.text
        assert "wuhan" in alert.text


def test_a_rebuilt_log_is_pulled_from_its_beginning(country: Country, other: Origin, tmp_path: Path) -> None:
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    changsha = country["changsha"]
    before = changsha.store.origin("wuhan")
    raw = evidence(changsha)
    changsha.forget(before)
    (tmp_path / "new").mkdir()
    new = Origin(tmp_path / "new" / "wuhan.db", "wuhan", KeySigner(), HONEST, policy_text("wuhan", "public"))
    new.take_in(*map(registration, range(7)))
    old_members = country.members
    changsha.members = lambda: [new.member if each.city == "wuhan" else each for each in old_members()]
    changsha.open()
    country.peers["changsha", "wuhan"] = SimulatedPeer(new, "changsha")
    changsha.pull("wuhan")
    after = changsha.store.origin("wuhan")
    assert (after.size, changsha.store.peers.state("wuhan").frozen) == (7, False)
    assert after.number > before.number
    recompute(changsha.store, "wuhan")
    assert [changsha.store.peers.payload(each.number) for each in changsha.store.peers.incidents()] == [raw]
    # Who has not forgotten yet tells of the old fork; under the new card it proves nothing, and is no false accusation.
    assert accuse(changsha, raw) is None
    assert not changsha.store.peers.state("wuhan").frozen
    assert not changsha.status().alerts
    new.close()


def test_what_is_forgotten_leaves_nothing(country: Country, other: Origin) -> None:
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    changsha = country["changsha"]
    origin = changsha.store.origin("wuhan")
    changsha.forget(origin)
    within = (position(origin.number, 0), position(origin.number + 1, 0))
    for table, place in (("run", "first"), ("subject", "position"), ("republished", "position")):
        count = f"SELECT count(*) FROM {table} WHERE {place} >= ? AND {place} < ?"
        assert changsha.store.connection.execute(count, within).fetchone() == (0,)
    tiles = changsha.store.connection.execute("SELECT count(*) FROM tile WHERE origin = ?", (origin.number,))
    assert tiles.fetchone() == (0,)
    assert changsha.store.frontier("wuhan").size == 0


class _ToldMeanwhile(TownPeer):
    """While it is pulled from, a third city tells the puller that this log was forked; then the pull fails."""

    def __init__(self, town: Town, puller: Town, fork: bytes, *, lies: bool) -> None:
        super().__init__(town, puller.city)
        self._puller, self._fork, self._lies = puller, fork, lies

    def pull(self, from_size: int, known_size: int) -> Iterator[bytes]:
        self._puller.compare.answer("hefei", CompareRequest(forks=[self._fork]))
        if not self._lies:
            raise TransientError(Reason.UNAVAILABLE, "gone")
        yield b"garbage"


@pytest.mark.parametrize("lies", [False, True])
def test_a_pull_under_way_does_not_lift_the_freeze(country: Country, lies: bool) -> None:
    """How the pull ended is written after the fork was proven; it must not stand in place of the proof."""
    changsha, wuhan = country["changsha"], country["wuhan"]
    wuhan.grow(0, 10)
    country.round()
    told = [note("wuhan", 10, bytes([n]) * 32, wuhan.origin.signer) for n in (1, 2)]
    fork = make_fork("wuhan", told[0], told[1], b"\2" * 32)
    country.peers["changsha", "wuhan"] = _ToldMeanwhile(wuhan, changsha, fork, lies=lies)
    changsha.pull("wuhan")
    assert changsha.store.peers.state("wuhan").last_reason == Reason.LOG_FORKED
    assert evidence(changsha) == fork
    with pytest.raises(NodeError) as refused:
        changsha.sync.release("wuhan")
    assert refused.value.reason is Reason.LOG_FORKED
