"""What is stored of a peer's log: the cursor, the grant, and that destroyed values leave no byte behind."""

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from node.core.log.record import Record
from node.core.log.trusted_log import TrustedLog, VerifiedBatch
from node.errors import NodeError, Reason
from node.storage.sqlite.replica import Origin
from node.storage.sqlite.schema import open_reader
from tests.kit.stores.city import City, _pulled, only, operator, withheld

MARK = "0731-MARKER-55501"
ALL = (1, 2, 3, 4)


def see_all(record: Record) -> Record:
    return record


def withhold(*indices: int) -> Callable[[Record], Record]:
    """Withholds the records of these indices whole."""
    return lambda record: withheld(record) if record.index in indices else record


@pytest.fixture
def cities(tmp_path: Path) -> Iterator[tuple[City, City]]:
    for name in "ro":
        (tmp_path / name).mkdir()
    receiver, origin = City(tmp_path / "r", "changsha"), City(tmp_path / "o", "wuhan")
    yield receiver, origin
    receiver.close()
    origin.close()


def at(city: City) -> Origin:
    return city.store.origin("wuhan")


def disclosed(city: City, end: int = 99) -> list[frozenset[int] | None]:
    """The disclosed facets of each stored record; None of one that is withheld whole or was destroyed."""
    records = city.store.records(at(city).number, 0, end)
    return [record.disclosed if record.is_open else None for record in records]


def held(city: City, subject: str) -> list[int]:
    return [record.index for number, record in city.store.by_subject(subject) if number == at(city).number]


def changes(city: City) -> list[str]:
    return [kind for (kind,) in city.store.connection.execute("SELECT kind FROM change ORDER BY number")]


def test_cursor_and_records_move_together(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.append([origin.entry(operator(legacy_number=str(number))) for number in range(600)])
    receiver.pull(origin, withhold(3, 4), batches=1)
    assert (at(receiver).size, at(receiver).verified, at(receiver).withheld) == (250, 248, 2)
    assert len(disclosed(receiver, 999)) == 250
    receiver.pull(origin)
    assert (at(receiver).size, at(receiver).verified, at(receiver).withheld) == (600, 598, 2)
    assert at(receiver).root == origin.store.origin("wuhan").root
    assert at(receiver).checkpoint == origin.store.log.note


def _verified(receiver: City, origin: City) -> VerifiedBatch:
    view = TrustedLog("wuhan", [origin.key], receiver.store.frontier("wuhan"), None)
    return view.verify_batch(next(_pulled(origin, view.size, 0, see_all, "g", 250)))


def test_a_batch_is_stored_once(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.register(operator())
    batch = _verified(receiver, origin)
    receiver.store.store_batches("wuhan", [batch], "verification").result(20)
    before = at(receiver)
    with pytest.raises(NodeError) as caught:
        receiver.store.store_batches("wuhan", [batch], "verification").result(20)
    assert caught.value.reason is Reason.BATCH_REPLAYED
    assert at(receiver) == before
    assert receiver.store.frontier("wuhan").size == 1


def test_a_superseded_record_leaves_the_index_but_stays(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.register(operator())
    receiver.pull(origin)
    origin.register(operator(name="新名"))
    receiver.pull(origin)
    assert held(receiver, "uscc:914300007121944054") == [1]
    assert None not in disclosed(receiver)
    assert changes(receiver) == ["superseded"]


def test_a_record_seen_only_after_what_replaces_it_is_not_current(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.register(operator())
    origin.register(operator(name="新名"))
    receiver.pull(origin, withhold(0))
    assert held(receiver, "uscc:914300007121944054") == [1]
    receiver.pull(origin, grant="wider")
    origin.register(operator("91420100MA00TEXT0W"))
    receiver.pull(origin, grant="wider")
    receiver.revise(origin, see_all, "wider")
    assert held(receiver, "uscc:914300007121944054") == [1]


def test_what_replaces_a_record_may_come_to_light_later(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.register(operator())
    origin.register(operator(name="新名"))
    receiver.pull(origin, withhold(1))
    assert held(receiver, "uscc:914300007121944054") == [0]
    origin.register(operator("91420100MA00TEXT0W"))
    receiver.pull(origin, grant="wider")
    receiver.revise(origin, see_all, "wider")
    assert held(receiver, "uscc:914300007121944054") == [1]
    assert (at(receiver).verified, at(receiver).withheld) == (3, 0)


def test_records_that_come_to_light_together_leave_one_current(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.register(operator())
    origin.register(operator(name="新名"))
    receiver.pull(origin, withhold(0, 1))
    assert held(receiver, "uscc:914300007121944054") == []
    origin.register(operator("91420100MA00TEXT0W"))
    receiver.pull(origin, grant="wider")
    receiver.revise(origin, see_all, "wider")
    assert held(receiver, "uscc:914300007121944054") == [1]


def test_a_retraction_may_come_to_light_later(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    record = origin.register(operator(phone=MARK))
    receiver.pull(origin)
    origin.retract(record)
    origin.register(operator("91420100MA00TEXT0W"))
    receiver.pull(origin, withhold(1))
    assert held(receiver, "uscc:914300007121944054") == [0]
    origin.register(operator("91410100MA00TEXT0Q"))
    receiver.pull(origin, grant="wider")
    receiver.revise(origin, see_all, "wider")
    assert held(receiver, "uscc:914300007121944054") == []
    assert disclosed(receiver)[0] is None


def holds(city: City, text: str) -> list[str]:
    """The files of a city's store in which these bytes are found.

    Another process looks: closing a database's file in this one would drop the locks that SQLite holds on it.
    """
    looked = ["grep", "--files-with-matches", "--text", "--recursive", text, str(city.path.parent)]
    return subprocess.run(looked, capture_output=True, text=True, check=False).stdout.splitlines()


def test_destroyed_values_leave_no_byte_in_any_file(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.append([origin.entry(operator(phone=MARK, legacy_number=str(number))) for number in range(40)])
    receiver.pull(origin)
    assert holds(receiver, MARK)
    receiver.pull(origin, grant="narrower")
    origin.register(operator("91420100MA00TEXT0W"))
    receiver.pull(origin, only(1), grant="narrower")
    receiver.revise(origin, only(1), "narrower")
    assert holds(receiver, MARK) == []
    assert {*disclosed(receiver)} == {frozenset({1})}
    assert changes(receiver) == ["narrowed"] * 40


def test_a_retracted_record_leaves_no_byte_with_the_peer(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    record = origin.register(operator(phone=MARK))
    receiver.pull(origin)
    assert holds(receiver, MARK)
    origin.retract(record)
    receiver.pull(origin)
    assert holds(receiver, MARK) == []
    assert disclosed(receiver)[0] is None
    assert (at(receiver).size, at(receiver).verified, at(receiver).withheld) == (2, 1, 1)
    assert changes(receiver) == ["retracted"]
    assert receiver.store.frontier("wuhan").root() == at(receiver).root


@pytest.mark.parametrize("gone", [0, 17, 31, 32, 39])
def test_of_a_run_one_record_leaves_no_byte_and_all_others_stay(cities: tuple[City, City], gone: int) -> None:
    receiver, origin = cities
    origin.append([origin.entry(operator(phone=f"{MARK}-{n:02}", legacy_number=str(n))) for n in range(40)])
    receiver.pull(origin)
    origin.retract(f"wuhan-{gone}")
    receiver.pull(origin)
    assert holds(receiver, f"{MARK}-{gone:02}") == []
    assert all(holds(receiver, f"{MARK}-{n:02}") for n in range(40) if n != gone)


def test_of_a_run_a_part_that_is_narrowed_leaves_no_byte(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.append([origin.entry(operator(phone=f"{MARK}-{n:02}", legacy_number=str(n))) for n in range(40)])
    receiver.pull(origin)

    def see(record: Record) -> Record:
        return only(1)(record) if 10 <= record.index < 35 else record

    receiver.pull(origin, see, grant="narrower")
    receiver.revise(origin, see, "narrower")
    assert [n for n in range(40) if not holds(receiver, f"{MARK}-{n:02}")] == list(range(10, 35))


def test_values_are_gone_from_the_files_once_a_reader_that_stood_in_the_way_has_left(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    record = origin.register(operator(phone=MARK))
    receiver.pull(origin)
    reader = open_reader(receiver.path)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM run").fetchone()
    origin.retract(record)
    receiver.pull(origin)
    assert holds(receiver, MARK)
    reader.execute("ROLLBACK")
    reader.close()
    origin.register(operator("91420100MA00TEXT0W"))
    receiver.pull(origin)
    assert holds(receiver, MARK) == []


def test_a_new_grant_begins_a_revision_and_a_changed_one_begins_it_anew(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.register(operator())
    receiver.pull(origin, grant="one")
    assert (at(receiver).held_grant, at(receiver).to_revise) == ("one", 0)
    origin.register(operator("91420100MA00TEXT0W"))
    receiver.pull(origin, grant="two")
    assert (at(receiver).held_grant, at(receiver).wanted_grant, at(receiver).to_revise) == ("one", "two", 1)
    origin.register(operator("91410100MA00TEXT0Q"))
    receiver.pull(origin, grant="three")
    assert (at(receiver).held_grant, at(receiver).wanted_grant, at(receiver).to_revise) == ("", "three", 2)
    receiver.revise(origin, see_all, "three")
    assert (at(receiver).held_grant, at(receiver).wanted_grant, at(receiver).to_revise) == ("three", "three", 0)


def test_a_revision_under_another_grant_than_the_one_awaited_is_refused(cities: tuple[City, City]) -> None:
    receiver, origin = cities
    origin.register(operator())
    receiver.pull(origin, grant="one")
    origin.register(operator("91420100MA00TEXT0W"))
    receiver.pull(origin, grant="two")
    with pytest.raises(NodeError) as caught:
        receiver.revise(origin, only(1), "three")
    assert caught.value.reason is Reason.GRANT_CHANGED
    assert disclosed(receiver) == [frozenset(ALL)] * 2
