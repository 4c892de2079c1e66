"""A city that tells two histories: caught when its peers compare, frozen by all of them, proven to anybody."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node.core.checkpoint import LogKey, log_name, parse_checkpoint
from node.core.fork import MAX_FORK_BYTES, make_fork, parse_fork, verify_fork
from node.core.merkle import consistency_proof
from node.errors import NodeError, Reason, TransientError
from node.exchange.v1.exchange_pb2 import CompareRequest, PullResponse
from node.storage.forget import forget_log
from node.storage.links import read_forks
from node.storage.tree import position
from node.storage.witness import read_heard
from tests.cities import KeySigner
from tests.simulator.origin import Origin, SimulatedPeer, policy_text, registration
from tests.simulator.receiver import recompute
from tests.simulator.telling import Tree, note
from tests.simulator.towns import SIX, Country, Town, TownPeer

HONEST = tuple(city for city in SIX if city != "wuhan")


@pytest.fixture
def country(tmp_path: Path) -> Iterator[Country]:
    made = Country(tmp_path)
    yield made
    made.close()


@pytest.fixture
def other(tmp_path: Path, country: Country) -> Iterator[Origin]:
    """Wuhan's second history, under its one key: alike up to record 20."""
    (tmp_path / "second").mkdir()
    wuhan = country["wuhan"].origin
    made = Origin(tmp_path / "second" / "wuhan.db", "wuhan", wuhan.signer, HONEST, policy_text("wuhan", "public"))
    yield made
    made.close()


def tell(country: Country, first: int, other: Origin, second: int, *hears_second: str) -> None:
    """Wuhan has `first` records for all but those who hear the history of `second` records; it compares with nobody."""
    country["wuhan"].grow(0, first)
    other.take_in(*map(registration, range(1000, 1000 + second)))
    for city in HONEST:
        history = other if city in hears_second else country["wuhan"].origin
        country.peers[city, "wuhan"] = SimulatedPeer(history, city)


def evidence(town: Town) -> bytes:
    found = read_forks(town.store.connection)
    assert len(found) == 1
    return found[0]


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
    assert [each.size for each in read_heard(changsha.store.connection, "wuhan")] == [80]
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
    assert not read_forks(changsha.store.connection), "51 records that 50 do not lead to: only a bad proof"
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


# --- Accusers -------------------------------------------------------------------------------------------------------


def accuse(town: Town, raw: bytes, teller: str = "hefei") -> Reason | None:
    try:
        town.compare.answer(teller, CompareRequest(forks=[raw]))
    except NodeError as error:
        return error.reason
    return None


def forged(country: Country) -> dict[str, bytes]:
    """Accusations of honest Wuhan that prove nothing, each with what an accuser may have."""
    wuhan = country["wuhan"]
    signer, stranger = wuhan.origin.signer, KeySigner()
    country["wuhan"].grow(0, 60)
    tree = wuhan.store.tree(0, 60)
    small = note("wuhan", 40, wuhan.store.tree(0, 40).frontier.root(), signer)
    large = wuhan.store.origin("wuhan").checkpoint or b""
    root40, lie = wuhan.store.tree(0, 40).frontier.root(), bytes(32)
    proof = consistency_proof(tree.node, 40, 60)
    made_up = note("wuhan", 40, lie, stranger)
    under_its_id = note("wuhan", 40, lie, stranger, signer.public_key)
    hefei = country["hefei"].origin
    return {
        "both are true": make_fork("wuhan", small, large, root40, proof),
        "the same twice": make_fork("wuhan", large, large, parse_checkpoint(large).root),
        "signed by a stranger": make_fork("wuhan", made_up, large, root40, proof),
        "signed by a stranger under its key id": make_fork("wuhan", under_its_id, large, root40, proof),
        "a prefix that is not proven": make_fork("wuhan", small, large, lie, proof),
        "no proof": make_fork("wuhan", small, large, lie),
        "the larger first": make_fork("wuhan", large, small, lie, proof),
        "checkpoints of the accuser": make_fork("wuhan", note("hefei", 3, lie, hefei.signer), large, root40, proof),
        "a stranger to the federation": make_fork("guiyang", small, large, root40, proof),
        "not evidence": b"{}",
        "noise": bytes(range(256)),
        "without end": b" " * (MAX_FORK_BYTES + 1),
    }


def test_a_false_accusation_freezes_nobody(country: Country) -> None:
    for name, raw in forged(country).items():
        for town in (country["changsha"], country["wuhan"]):
            assert accuse(town, raw) in (Reason.FALSE_ACCUSATION, Reason.INVALID_ARGUMENT), name
    country.round()
    assert not any(country.frozen(city) for city in SIX)
    assert not any(town.status().incidents for town in country.towns.values())


def test_a_lying_accuser_among_the_answers_is_refused_and_the_pull_stands(country: Country) -> None:
    false = forged(country)["a prefix that is not proven"]

    class Accuser(TownPeer):
        def compare(self, told: bytes) -> bytes:
            answer = self.town.answer("changsha", told)
            answer.forks.append(false)
            return answer.SerializeToString()

    country["hefei"].grow(0, 5)
    country.peers["changsha", "hefei"] = Accuser(country["hefei"], "changsha")
    country["changsha"].pull("hefei")
    assert country["changsha"].store.origin("hefei").size == 5
    assert not country.frozen("wuhan") | country.frozen("hefei")


def test_garbage_for_an_answer_leaves_the_pull_as_good_as_it_was(country: Country) -> None:
    class Noisy(TownPeer):
        def compare(self, _: bytes) -> bytes:
            return b"\xff" * 100

    country["hefei"].grow(0, 5)
    country.peers["changsha", "hefei"] = Noisy(country["hefei"], "changsha")
    country["changsha"].pull("hefei")
    assert country["changsha"].store.origin("hefei").size == 5
    assert not country.frozen("hefei")


def test_what_an_accuser_can_make_a_node_keep_is_bounded(country: Country, other: Origin) -> None:
    """Even one in league with the origin, which signs whatever it likes."""
    changsha, signer = country["changsha"], country["wuhan"].origin.signer
    for size in range(1, 200):
        changsha.compare.answer("hefei", CompareRequest(checkpoints=[note("wuhan", size, bytes(31) + b"x", signer)]))
    assert len(read_heard(changsha.store.connection, "wuhan")) == 1
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    country.round(*HONEST)
    raw = evidence(changsha)
    for count in (40, 60, 70):
        tree = Tree([bytes([number]) * 32 for number in range(count)])
        country["taiyuan"].compare.answer(
            "hefei", CompareRequest(checkpoints=[note("wuhan", count, tree.root, signer)])
        )
    assert evidence(changsha) == raw
    assert len(country["taiyuan"].store.incidents()) == 1


# --- The evidence file ----------------------------------------------------------------------------------------------


def test_any_altered_byte_of_the_evidence_proves_nothing(country: Country, other: Origin) -> None:
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    raw, keys = evidence(country["changsha"]), country.federation.member("wuhan").log_keys
    whole = verify_fork(parse_fork(raw), keys)
    for place in range(0, len(raw), 7):
        found = _proven(raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :], keys)
        # What still proves has other white space, or bits at an end of base64 that say nothing.
        assert found in (None, (whole.smaller[:3], whole.larger[:3]))


def _proven(raw: bytes, keys: Iterable[LogKey]) -> object:
    """What evidence proves; None where it proves nothing."""
    try:
        found = verify_fork(parse_fork(raw), keys)
    except NodeError:
        return None
    return found.smaller[:3], found.larger[:3]


def test_evidence_is_of_no_use_with_other_keys(country: Country, other: Origin) -> None:
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    fork = parse_fork(evidence(country["changsha"]))
    for keys in ((), (LogKey(log_name("wuhan"), KeySigner().public_key),)):
        with pytest.raises(NodeError, match="false_accusation"):
            verify_fork(fork, keys)


# --- An officer sees it, and gets out of it -------------------------------------------------------------------------


def test_an_officer_is_alerted(country: Country, other: Origin) -> None:
    tell(country, 50, other, 80, "hefei")
    assert not country["changsha"].status().alerts
    country.round(*HONEST)
    country.round("wuhan")
    for city in SIX:
        [alert] = country[city].status().alerts
        assert (alert.reason, alert.city) == (Reason.LOG_FORKED, "wuhan")
        assert "check-fork" in alert.text or "peer evidence" in alert.text
        assert "wuhan" in alert.text


def test_a_rebuilt_log_is_pulled_from_its_beginning(country: Country, other: Origin, tmp_path: Path) -> None:
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    changsha = country["changsha"]
    before = changsha.store.origin("wuhan")
    raw = evidence(changsha)
    changsha.store.submit(lambda connection: forget_log(connection, before, 1)).result()
    (tmp_path / "new").mkdir()
    new = Origin(tmp_path / "new" / "wuhan.db", "wuhan", KeySigner(), HONEST, policy_text("wuhan", "public"))
    new.take_in(*map(registration, range(7)))
    old_members = country.members
    changsha.members = lambda: [new.member if each.city == "wuhan" else each for each in old_members()]
    changsha.open()
    country.peers["changsha", "wuhan"] = SimulatedPeer(new, "changsha")
    changsha.pull("wuhan")
    after = changsha.store.origin("wuhan")
    assert (after.size, changsha.store.link("wuhan").frozen) == (7, False)
    assert after.number > before.number
    recompute(changsha.store, "wuhan")
    assert [changsha.store.evidence(each.number) for each in changsha.store.incidents()] == [raw]
    # Who has not forgotten yet tells of the old fork; under the new card it proves nothing, and is no false accusation.
    assert accuse(changsha, raw) is None
    assert not changsha.store.link("wuhan").frozen
    assert not changsha.status().alerts
    new.close()


def test_what_is_forgotten_leaves_nothing(country: Country, other: Origin) -> None:
    tell(country, 50, other, 80, "hefei")
    country.round(*HONEST)
    changsha = country["changsha"]
    origin = changsha.store.origin("wuhan")
    changsha.store.submit(lambda connection: forget_log(connection, origin, 1)).result()
    within = (position(origin.number, 0), position(origin.number + 1, 0))
    for table in ("record", "subject", "republished"):
        count = f"SELECT count(*) FROM {table} WHERE position >= ? AND position < ?"
        assert changsha.store.connection.execute(count, within).fetchone() == (0,)
    tiles = changsha.store.connection.execute("SELECT count(*) FROM tile WHERE origin = ?", (origin.number,))
    assert tiles.fetchone() == (0,)
    assert changsha.store.frontier("wuhan").size == 0


HALF = "\ud800"  # of a pair
LONE = {"city": HALF, "smaller": HALF + "\n\n", "larger": HALF, "prefix_root": "A" * 43 + "=", "consistency": []}
SAID = st.one_of(st.binary(max_size=300), st.just(json.dumps(LONE).encode()))


@given(SAID)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_whatever_is_said_is_refused_with_a_reason(country: Country, raw: bytes) -> None:
    for told in (CompareRequest(forks=[raw]), CompareRequest(checkpoints=[raw])):
        with pytest.raises(NodeError):
            country["changsha"].compare.answer("hefei", told)


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
    assert changsha.store.link("wuhan").last_reason == Reason.LOG_FORKED
    assert evidence(changsha) == fork
    with pytest.raises(NodeError) as refused:
        changsha.sync.release("wuhan")
    assert refused.value.reason is Reason.LOG_FORKED
