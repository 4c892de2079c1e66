"""The checker finds what is wrong: each violation is planted in real stores and has to be named."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from node.core.log.checkpoint import LogKey
from node.core.standards import standard as standards
from node.testing import Acknowledged, Rule, Violation, batch, check_stores
from tests.kit.keys import KeySigner
from tests.kit.simulator.origin import Origin, SimulatedPeer, policy_text, registration
from tests.kit.simulator.receiver import Receiver
from tests.kit.simulator.telling import note

RECORDS = 250
OPEN = policy_text("wuhan", "public", "regulator")
# Of the run that holds the record at a position.
_HOLDING = "WHERE first = (SELECT max(first) FROM run WHERE first <= ?)"


class World:
    """Wuhan shares with Changsha; nothing is wrong yet."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.wuhan = Origin(folder / "wuhan.db", policy=OPEN)
        self.changsha = Receiver(folder / "changsha.db")
        self.changsha.meet(self.wuhan, SimulatedPeer(self.wuhan))
        ids = self.wuhan.take_in(*map(registration, range(RECORDS)))
        self.acknowledged = [Acknowledged(each, _subject(number)) for number, each in enumerate(ids)]
        self.corrected = self.wuhan.take_in(registration(7, name="更正商行"))[0]
        self.wuhan.retract(ids[9])
        self.changsha.pull("wuhan")

    def found(self, liars: Sequence[str] = ()) -> set[tuple[Rule, str, str]]:
        return {(each.rule, each.holder, each.about) for each in self.violations(liars)}

    def violations(self, liars: Sequence[str] = ()) -> list[Violation]:
        stores = {"wuhan": self.wuhan.path, "changsha": self.changsha.path}
        return check_stores(stores, self._keys_of, self.acknowledged, liars)

    def write(self, at: Origin | Receiver, statement: str, *values: object) -> None:
        """Does to a store what no node does."""
        at.store.submit(lambda connection: connection.execute(statement, values)).result()

    def _keys_of(self, city: str) -> Sequence[LogKey]:
        signers: Mapping[str, object] = {"wuhan": self.wuhan.member.log_keys}
        return signers.get(city, ())  # type: ignore[return-value]

    def close(self) -> None:
        self.wuhan.close()
        self.changsha.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def _subject(number: int) -> str:
    return standards.get("operator.registration").subjects(registration(number))[0]


def _position(number: int, index: int) -> int:
    return number << 40 | index


def test_nothing_wrong_is_nothing_found(world: World) -> None:
    assert world.violations() == []


def test_an_acknowledged_record_that_is_not_there(world: World) -> None:
    world.acknowledged.append(Acknowledged(f"wuhan-{world.wuhan.size}"))
    assert world.found() == {(Rule.LOST, "wuhan", "wuhan")}


def test_another_record_under_an_acknowledged_id(world: World) -> None:
    world.acknowledged.append(Acknowledged("wuhan-3", _subject(4)))
    assert world.found() == {(Rule.LOST, "wuhan", "wuhan")}


def test_a_row_that_stands_twice(world: World) -> None:
    again = batch([registration(3)], source="registry", as_of_ms=1)
    again.rows[0].key = "keyed otherwise than the first time"
    world.wuhan._ingest.finish(world.wuhan._ingest.begin(again))
    world.changsha.pull("wuhan")
    assert world.found() == {(Rule.TWICE, "wuhan", "wuhan")}


@pytest.mark.parametrize("holder", ["wuhan", "changsha"])
def test_an_altered_record(holder: str, world: World) -> None:
    at = world.wuhan if holder == "wuhan" else world.changsha
    number = at.store.origin("wuhan").number
    world.write(at, f"UPDATE run SET hashes = zeroblob(length(hashes)) {_HOLDING}", _position(number, 5))
    assert (Rule.AUDIT, holder, "wuhan") in world.found()


def test_a_log_that_nobody_signed(world: World) -> None:
    world.wuhan.signer = KeySigner()
    assert {rule for rule, _, _ in world.found()} == {Rule.AUDIT}


def test_a_fork(world: World) -> None:
    other = Origin(world.folder / "other.db", signer=world.wuhan.signer, policy=OPEN)
    other.take_in(*map(registration, range(RECORDS + 10)))
    fooled = Receiver(world.folder / "fooled.db")
    fooled.meet(other, SimulatedPeer(other))
    fooled.pull("wuhan")
    world.changsha.close()
    world.changsha = fooled
    assert world.found() == {(Rule.FORKED, "changsha", "wuhan")}
    other.close()


@pytest.mark.parametrize("size", [5, RECORDS + 2, 10**6])
def test_a_witness_that_signed_what_is_not_in_the_log(size: int, world: World) -> None:
    world.write(world.changsha, "INSERT INTO witnessed (city, size, root) VALUES ('wuhan', ?, zeroblob(32))", size)
    assert world.found() == {(Rule.FORKED, "changsha", "wuhan")}


@pytest.mark.parametrize("holder", ["wuhan", "changsha"])
def test_a_cosigned_checkpoint_that_is_not_of_the_log(holder: str, world: World) -> None:
    at = world.wuhan if holder == "wuhan" else world.changsha
    forged = note("wuhan", 5, bytes(32), world.wuhan.signer)
    world.write(at, "INSERT INTO cosigned (city, size, note) VALUES ('wuhan', 5, ?)", forged)
    assert world.found() == {(Rule.FORKED, holder, "wuhan")}


def test_a_log_that_was_rolled_back(world: World) -> None:
    restored = Origin(world.folder / "restored.db", signer=world.wuhan.signer, policy=OPEN)
    world.wuhan.close()
    world.wuhan = restored
    assert {(Rule.FORKED, "changsha", "wuhan"), (Rule.LOST, "wuhan", "wuhan")} <= world.found()


def test_records_that_did_not_arrive(world: World) -> None:
    world.wuhan.take_in(registration(RECORDS))
    assert world.found() == {(Rule.BEHIND, "changsha", "wuhan")}


def test_a_city_that_holds_nothing(world: World) -> None:
    world.changsha.close()
    world.changsha = Receiver(world.folder / "empty.db")
    assert world.found() == {(Rule.BEHIND, "changsha", "wuhan")}


def test_values_beyond_the_policy(world: World) -> None:
    world.wuhan.enforce(policy_text("wuhan", "public"))
    assert (Rule.EXPOSED, "changsha", "wuhan") in world.found()


def test_a_record_that_was_to_be_withheld(world: World) -> None:
    world.wuhan.enforce(policy_text("wuhan", "public", "regulator", hides="int(body.status) == 1"))
    assert any("should be a hash" in each.what for each in world.violations() if each.rule is Rule.EXPOSED)


def test_a_retracted_record_that_is_still_held(world: World) -> None:
    (kept,) = world.changsha.store.records(world.changsha.store.origin("wuhan").number, 11, 12)
    world.wuhan.retract("wuhan-11")
    world.changsha.pull("wuhan")
    assert world.violations() == []
    row = _position(world.changsha.store.origin("wuhan").number, 11)
    content = kept.run().SerializeToString()
    world.write(world.changsha, "UPDATE run SET content = ? WHERE first = ?", content, row)
    assert (Rule.EXPOSED, "changsha", "wuhan") in world.found()


def test_values_that_policy_allows_and_are_not_there(world: World) -> None:
    world.wuhan.enforce(policy_text("wuhan", "public", "regulator", "personal"))
    assert (Rule.HIDDEN, "changsha", "wuhan") in world.found()


def test_a_record_that_may_be_seen_and_is_a_hash(world: World) -> None:
    row = _position(world.changsha.store.origin("wuhan").number, 20)
    world.write(world.changsha, f"UPDATE run SET content = NULL, standard = '' {_HOLDING}", row)
    assert (Rule.HIDDEN, "changsha", "wuhan") in world.found()


def test_an_honest_city_that_is_held_for_a_liar(world: World) -> None:
    world.changsha.store.peers.add_incident("wuhan", "tree_forked", "", b"").result()
    assert world.found() == {(Rule.ACCUSED, "changsha", "wuhan")}
    assert world.found(liars=["wuhan"]) == set()
