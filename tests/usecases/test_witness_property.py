"""Whatever the order in which cities grow, pull and compare: the honest are never frozen, a forker always is."""

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from node.core.log.checkpoint import LogKey, parse_checkpoint
from node.core.log.fork import parse_fork, verify_fork
from node.errors import NodeError
from node.stubs.exchange.v1.exchange_pb2 import CompareRequest
from tests.kit.effort import effort
from tests.kit.simulator.origin import Origin, SimulatedPeer, policy_text, registration
from tests.kit.simulator.towns import Country, Town

FOUR = ("changsha", "wuhan", "hefei", "nanchang")
HONEST = tuple(city for city in FOUR if city != "wuhan")
city = st.sampled_from(FOUR)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("grow"), city, st.integers(1, 4)),
        st.tuples(st.just("pull"), city, city),
        st.tuples(st.just("hear"), city, city),  # one tells the other all it knows, late or again
    ),
    max_size=25,
)
few = effort(12)


class World:
    """Four cities, and every message that was ever told."""

    def __init__(self, folder: Path) -> None:
        self.country = Country(folder, FOUR)
        self.told: dict[str, list[bytes]] = {each: [] for each in FOUR}
        self.rows = 0

    def run(self, step: tuple[str, str, object]) -> None:
        what, who, arg = step
        town = self.country[who]
        if what == "grow":
            assert isinstance(arg, int)
            town.grow(self.rows, arg)
            self.rows += arg
        elif what == "pull" and arg != who:
            town.pull(str(arg))
            self.told[who] += town.compare.checkpoints()
        elif what == "hear":
            for note in self.told[str(arg)][-60:]:
                hear(town, note, str(arg))

    def close(self) -> None:
        self.country.close()


def hear(town: Town, note: bytes, teller: str) -> None:
    try:
        town.compare.answer(teller, CompareRequest(checkpoints=[note]))
    except NodeError as error:
        raise AssertionError("a true checkpoint was refused") from error


def check_cosigned(country: Country) -> None:
    """Every checkpoint anyone keeps stands in the log of its city, and none names its own city for a witness."""
    for town in country.towns.values():
        for other in country.towns.values():
            for kept in town.store.checkpoints.cosigned(other.city):
                checkpoint = parse_checkpoint(kept.note)
                tree = other.store.tree(0, checkpoint.size)
                assert tree.frontier.root() == checkpoint.root
                assert f"{other.city}.gongzhi.internal/witness".encode() not in kept.note


@few
@given(steps)
def test_the_honest_are_never_frozen_and_sign_one_history(told: list[tuple[str, str, object]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        try:
            for step in told:
                world.run(step)
            assert not any(world.country.frozen(each) for each in FOUR)
            check_cosigned(world.country)
            for _ in range(2):
                world.country.round()
            for town in world.country.towns.values():
                for other in world.country.towns.values():
                    size = other.store.origin(other.city).size
                    kept = town.store.checkpoints.cosigned(other.city)
                    assert (kept[0].size, kept[0].witnesses) == (size, 3) if size else not kept
        finally:
            world.close()


@few
@given(steps, st.integers(1, 6), st.integers(1, 6), st.sets(st.sampled_from(HONEST), min_size=1, max_size=2))
def test_a_forker_is_caught_whatever_the_order(
    told: list[tuple[str, str, object]], first: int, second: int, hears_second: set[str]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        country = world.country
        (Path(folder) / "second").mkdir()
        signer = country["wuhan"].origin.signer
        other = Origin(Path(folder) / "second" / "w.db", "wuhan", signer, HONEST, policy_text("wuhan", "public"))
        try:
            country["wuhan"].grow(10_000, first)
            other.take_in(*map(registration, range(20_000, 20_000 + second)))
            for each in HONEST:
                history = other if each in hears_second else country["wuhan"].origin
                country.peers[each, "wuhan"] = SimulatedPeer(history, each)
            for step in told:
                if step[0] != "hear" and step[1] != "wuhan":
                    world.run(step)
            for _ in range(3):
                country.round(*HONEST)
            assert country.frozen("wuhan") >= set(HONEST)
            assert not any(country.frozen(each) for each in HONEST)
            for each in HONEST:
                _check(country[each], country.federation.member("wuhan").log_keys)
        finally:
            world.close()
            other.close()


def _check(town: Town, keys: tuple[LogKey, ...]) -> None:
    [raw] = town.store.peers.forks()
    proven = verify_fork(parse_fork(raw), keys)
    assert proven.smaller.size <= proven.larger.size
