"""What `search.db` keeps of registrations answers as the log itself does, however far behind it is."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from node.core.log.record import Record, record_id
from node.core.standards import standard as standards
from node.core.standards.kinds import REGISTRATION
from node.storage.sqlite.forget import forget_log
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.search import SearchIndex
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from node.usecases.records.verify_operator import Asker, VerifyOperator
from tests.kit.clock import SetClock
from tests.kit.effort import effort
from tests.kit.stores.city import PURPOSE, City, only, operator, withheld

CODES = ["430100000000001", "430100000000002", "430100000000003"]
NAMES = ["长沙一行", "长沙二行"]
ASKERS = [Asker(PURPOSE, is_officer=True), Asker(PURPOSE, is_officer=False)]
CITIES = st.sampled_from(["changsha", "wuhan"])
PERSON = "龘靐齉爩"
SEE: dict[str, Callable[[Record], Record]] = {
    "all": lambda record: record,
    "public": only(1),
    "persons": only(2, 3),
    "none": withheld,
}


class World:
    """Changsha with the log of Wuhan, and two that answer: from the log alone, and from what is kept where it may."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changsha, self.wuhan = City(folder, "changsha"), City(folder, "wuhan")
        self.search_db, self.clock = folder / "search.db", SetClock()
        self.index = SearchIndex(self.search_db, self.changsha.path)
        self.open()

    def open(self) -> None:
        """Opens the readers, as a process that starts."""
        self.direct = self.verifier(Reader(self.changsha.path))
        self.reader = Reader(self.changsha.path, self.search_db)
        self.kept = self.verifier(self.reader)

    def verifier(self, reader: Reader) -> VerifyOperator:
        return VerifyOperator(reader, self.clock, 10**12)

    def follow(self) -> None:
        while self.index.follow():
            pass

    def forget_wuhan(self) -> None:
        self.changsha.close()
        forget_log(self.changsha.path, self.changsha.store.origin("wuhan"), (), self.changsha.clock.now_ms())
        self.changsha = City(self.folder, "changsha", signer=self.changsha.signer)

    def check(self) -> None:
        """The same answers from both, to every question, one by one and in a batch."""
        self.clock.at_ms += 1000  # origins are read again
        questions = [query.Question(uscc=code, name=NAMES[0], legal_representative=PERSON) for code in CODES]
        for asker in ASKERS:
            expected = self.direct.verify_all(questions, asker)
            assert self.kept.verify_all(questions, asker) == expected
            assert [ask(self.kept, question, asker) for question in questions] == expected

    def bytes(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.folder.glob("search.db*"))

    def close(self) -> None:
        self.index.close()
        self.changsha.close()
        self.wuhan.close()


def ask(verifier: VerifyOperator, question: query.Question, asker: Asker) -> query.Answer:
    return verifier.verify(question, asker).answer


def body(code: int, name: int = 0, **fields: object) -> OperatorRegistration:
    return operator("", legacy_number=CODES[code], name=NAMES[name], legal_representative=PERSON, **fields)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


class Histories(RuleBasedStateMachine):
    """Whatever happens to the logs, and whenever they are followed."""

    folders: Callable[[], Path]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(type(self).folders())
        self.stored: dict[str, list[str]] = {"changsha": [], "wuhan": []}
        self.at_ms = 1_800_000_000_000
        self.grants = 0

    @initialize()
    def begin(self) -> None:
        """Each city says something that is followed already."""
        for code in range(2):
            self.register("changsha", code, 0, moved=False)
            self.register("wuhan", code, 0, moved=False)
        self.pull("all")
        self.follow()

    def city(self, name: str) -> City:
        return self.world.changsha if name == "changsha" else self.world.wuhan

    @rule(
        name=st.sampled_from(["changsha", "wuhan"]), code=st.integers(0, 1), says=st.integers(0, 1), moved=st.booleans()
    )
    def register(self, name: str, code: int, says: int, moved: bool) -> None:
        """Appends, or supersedes what the city said of the operator before."""
        self.at_ms += 1000
        code += name == "wuhan"  # so that one operator is known to both, and one to each alone
        placed = self.city(name).register(body(code, says, status=5 if moved else 1), as_of_ms=self.at_ms)
        self.stored[name].append(placed)

    @rule(name=CITIES, data=st.data())
    def retract(self, name: str, data: st.DataObject) -> None:
        if self.stored[name]:
            record = data.draw(st.sampled_from(self.stored[name]))
            self.stored[name].remove(record)
            self.city(name).retract(record)

    @rule(see=st.sampled_from(sorted(SEE)))
    def pull(self, see: str) -> None:
        """Pulls under what may be another grant, and brings what is stored under it."""
        world = self.world
        self.grants += 1
        grant = f"g{self.grants}"
        world.changsha.pull(world.wuhan, SEE[see], grant=grant)
        if world.changsha.store.origin("wuhan").to_revise:
            world.changsha.revise(world.wuhan, SEE[see], grant)

    @rule()
    def follow_one_step(self) -> None:
        self.world.index.follow()

    @rule()
    def follow(self) -> None:
        self.world.follow()

    @rule()
    def start_anew(self) -> None:
        """The query process ends and starts."""
        self.world.index.close()
        self.world.index = SearchIndex(self.world.search_db, self.world.changsha.path)
        self.world.open()

    @rule()
    def forget(self) -> None:
        """The peer's log is forgotten, while the node is stopped."""
        if self.world.changsha.store.find_origin("wuhan"):
            self.world.forget_wuhan()
            self.start_anew()

    @invariant()
    def same_answers(self) -> None:
        self.world.check()

    def teardown(self) -> None:
        self.world.close()


def test_any_history_at_any_lag(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    from hypothesis.stateful import run_state_machine_as_test

    monkeypatch.setattr("node.storage.sqlite.search.BATCH", 3)
    monkeypatch.setattr("node.storage.sqlite.kept._FEW", 4)
    Histories.folders = staticmethod(lambda: tmp_path_factory.mktemp("world"))
    run_state_machine_as_test(Histories, settings=effort(15, 20))


def test_what_is_kept_answers(world: World) -> None:
    """No test here could fail if nothing were ever read from `search.db`: it answers when the log is gone."""
    world.changsha.register(body(0))
    world.follow()
    world.check()
    world.changsha.store.submit(lambda connection: connection.execute("DELETE FROM run")).result()
    question = query.Question(uscc=CODES[0], name=NAMES[0])
    assert ask(world.kept, question, ASKERS[0]).result == query.RESULT_MATCH
    assert world.kept.verify_all([question] * 300, ASKERS[0])[299].result == query.RESULT_MATCH
    assert ask(world.direct, question, ASKERS[0]).result == query.RESULT_NOT_FOUND


def test_a_narrowed_record_is_not_answered_from_what_is_kept(world: World) -> None:
    world.wuhan.register(body(0))
    world.changsha.pull(world.wuhan)
    world.follow()
    question = query.Question(uscc=CODES[0], legal_representative=PERSON)
    assert not ask(world.kept, question, ASKERS[0]).unseen
    world.wuhan.register(body(1))
    world.changsha.pull(world.wuhan, only(1), grant="h")
    world.changsha.revise(world.wuhan, only(1), "h")
    assert ask(world.kept, question, ASKERS[0]).unseen == ["legal_representative"]
    assert PERSON.encode() in world.bytes()
    world.follow()
    assert PERSON.encode() not in world.bytes()
    world.check()


@pytest.mark.parametrize("is_superseded", [True, False])
def test_what_was_destroyed_leaves_no_byte(world: World, is_superseded: bool) -> None:
    """A superseded record is not current, so nothing is answered from it."""
    record = world.changsha.register(body(0))
    world.changsha.append(
        [
            world.changsha.entry(operator("", legacy_number=f"f{number}", name=f"长沙第{number}行"))
            for number in range(50)
        ]
    )
    world.follow()
    assert PERSON.encode() in world.bytes()
    if is_superseded:
        other = operator("", legacy_number=CODES[0], name=NAMES[1])
        world.changsha.register(other, as_of_ms=1_900_000_000_000)
    else:
        world.changsha.retract(record)
    world.follow()
    assert PERSON.encode() not in world.bytes()
    world.check()


def test_another_log_in_its_place(world: World) -> None:
    """Longer than the one that was followed, with as many changes: neither size nor number of changes tells."""
    world.changsha.retract(world.changsha.register(body(0)))
    world.changsha.register(body(1))
    world.follow()
    world.changsha.close()
    world.index.close()
    world.changsha = City(world.folder, "changsha", world.folder / "restored.db")
    world.changsha.retract(world.changsha.register(body(1, 1)))
    for code in (0, 2, 1):
        world.changsha.register(body(code, 1))
    world.open()
    world.check()
    world.index = SearchIndex(world.search_db, world.changsha.path)
    world.check()
    world.follow()
    world.check()
    rows = [row for code in CODES for row in _positions(world, code)]
    assert len(rows) == len(CODES)
    assert world.reader._kept is not None
    assert set(world.reader._kept.at(rows)) == set(rows)


def test_a_damaged_file_answers_nothing(world: World) -> None:
    world.changsha.register(body(0))
    world.follow()
    world.index.close()
    for path in world.folder.glob("search.db-*"):
        path.unlink()
    world.search_db.write_bytes(b"no database" * 1000)
    world.open()
    world.check()
    world.search_db.unlink()
    world.open()
    world.check()
    world.index = SearchIndex(world.search_db, world.changsha.path)


def test_nothing_older_than_the_log_when_asked(world: World) -> None:
    """Several that answer, each with its own connections as processes have, while the log is written and followed."""
    newest, is_over, failures = [0], threading.Event(), list[str]()
    world.changsha.register(body(0), as_of_ms=1_800_000_000_000)
    asked = [0] * 3

    def answer(number: int) -> None:
        verifier = world.verifier(Reader(world.changsha.path, world.search_db))
        while not is_over.is_set() or not asked[number]:
            before = newest[0]
            record = ask(verifier, query.Question(uscc=CODES[0]), ASKERS[0]).record_id
            if not record or int(record.removeprefix(record_id("changsha", 0)[:-1])) < before:
                failures.append(f"{record} where changsha-{before} stood")
            asked[number] += 1

    def follow() -> None:
        while not is_over.is_set():
            world.index.follow()

    threads = [threading.Thread(target=answer, args=(number,)) for number in range(3)]
    threads.append(threading.Thread(target=follow))
    for thread in threads:
        thread.start()
    try:
        for count in range(1, 60):
            world.changsha.register(body(0, count % 2), as_of_ms=1_800_000_000_000 + count)
            newest[0] = count
    finally:
        is_over.set()
        for thread in threads:
            thread.join()
    assert failures == []


def test_public_facets_come_first() -> None:
    """Bodies are kept end to end, the public ones first: they are read in the order of their facets."""
    levels = [facet.level for facet in standards.get(REGISTRATION).facets]
    assert levels == sorted(levels)


def _positions(world: World, code: str) -> list[int]:
    return [record.index for record in world.changsha.store.subject_records(f"reg:{code}", OWN, 0, 100)]
