"""Every commit is whole: of jobs that fail, disks that are full, and who may see what."""

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from node.core.log.checkpoint import parse_checkpoint
from node.errors import NodeError, Reason
from node.storage.sqlite.links import Link
from node.storage.sqlite.log import OWN, Entry, Fate, Placed
from node.storage.sqlite.schema import Connection, Error
from tests.kit.stores.city import City, operator
from tests.kit.stores.rows import CITY, append, check_whole, entry, reopen


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path, CITY)
    yield made
    made.close()


class Gate:
    """Keeps the writer busy until it is opened, so that what is handed in meanwhile shares one commit."""

    def __init__(self, city: City) -> None:
        self._open, entered = threading.Event(), threading.Event()

        def wait(*_: object) -> None:
            entered.set()
            self._open.wait(20)

        city.store.submit(wait)
        assert entered.wait(20)

    def open(self) -> None:
        self._open.set()


def test_appends_that_wait_share_one_signed_commit(city: City) -> None:
    notes = set()
    gate = Gate(city)
    futures = [city.store.append([entry(str(number))]) for number in range(20)]
    for future in futures:
        future.add_done_callback(lambda _: notes.add(city.store.log.note))
    assert not any(future.done() for future in futures)
    gate.open()
    assert [future.result(20)[0].id for future in futures] == [f"{CITY}-{number}" for number in range(20)]
    assert [parse_checkpoint(note).size for note in notes] == [20]
    check_whole(city, 20)


def _fail(_: Sequence[Placed], __: Sequence[Entry], ___: object) -> Sequence[Entry]:
    raise NodeError(Reason.INVALID_POLICY, "the job fails after its rows were written")


def test_a_failing_job_harms_no_other_of_its_group(city: City) -> None:
    gate = Gate(city)
    before = city.store.append([entry("a")])
    failing = city.store.append([entry("b")], _fail)
    after = city.store.append([entry("c")])
    gate.open()
    assert before.result(20) == [(Fate.ACCEPTED, f"{CITY}-0")]
    with pytest.raises(NodeError, match="the job fails"):
        failing.result(20)
    assert after.result(20) == [(Fate.ACCEPTED, f"{CITY}-1")]
    check_whole(city, 2)
    assert append(city, entry("b")) == [(Fate.ACCEPTED, f"{CITY}-2")]
    reopen(city)
    check_whole(city, 3)


def test_a_failing_job_alone_leaves_the_log_as_it_was(city: City) -> None:
    append(city, entry("a"))
    note = city.store.log.note
    with pytest.raises(NodeError, match="the job fails"):
        city.store.append([entry("b")], _fail).result(20)
    assert city.store.log.note == note
    reopen(city)
    check_whole(city, 1)


def _pages(city: City, more: int | None) -> None:
    """Lets the database grow by `more` pages and no further; None: without end."""

    def limit(connection: Connection) -> None:
        count = connection.execute("PRAGMA page_count").fetchone()[0]
        wanted = 2**32 - 2 if more is None else count + more
        connection.execute(f"PRAGMA max_page_count={wanted}").fetchone()

    city.store.submit(limit).result(20)


def test_a_full_disk_stores_nothing_of_the_group_and_says_so(city: City) -> None:
    append(city, *(entry(str(number)) for number in range(300)))
    note = city.store.log.note
    _pages(city, 2)
    gate = Gate(city)
    futures = [city.store.append([entry(f"big{number}", size=100_000)]) for number in range(3)]
    gate.open()
    for future in futures:
        with pytest.raises(NodeError) as caught:
            future.result(20)
        assert caught.value.reason is Reason.STORAGE_FULL
    assert city.store.log.note == note
    check_whole(city, 300)


def test_the_node_goes_on_when_there_is_room_again(city: City) -> None:
    append(city, entry("a"))
    _pages(city, 2)
    for _ in range(3):
        with pytest.raises(NodeError, match="full"):
            append(city, entry("big", size=100_000))
    _pages(city, None)
    assert append(city, entry("big", size=100_000)) == [(Fate.ACCEPTED, f"{CITY}-1")]
    check_whole(city, 2)
    reopen(city)
    check_whole(city, 2)


class _FailsOnce:
    """Takes part in commits after the log has signed, and spoils the next one."""

    def __init__(self) -> None:
        self.spoils = True

    def before_commit(self, connection: Connection) -> None:
        if self.spoils:
            self.spoils = False
            raise Error("database or disk is full")

    def after_commit(self) -> None: ...

    def after_rollback(self) -> None: ...


def test_a_checkpoint_that_was_not_stored_is_never_shown(city: City) -> None:
    """A failed commit, then one that changes no record: the note of the failed one must not come out."""
    append(city, entry("a"))
    note = city.store.log.note
    city.store._writer.participants.append(_FailsOnce())
    with pytest.raises(NodeError, match="full"):
        append(city, entry("b"))
    city.store.set_link(Link("wuhan", 1)).result(20)
    assert city.store.log.note == note
    check_whole(city, 1)
    assert append(city, entry("b")) == [(Fate.ACCEPTED, f"{CITY}-1")]
    check_whole(city, 2)


def test_a_closed_store_refuses(city: City) -> None:
    city.close()
    with pytest.raises(NodeError) as caught:
        city.store.append([entry("a")]).result(20)
    assert caught.value.reason is Reason.UNAVAILABLE


def test_what_is_queued_is_finished_before_closing(city: City) -> None:
    gate = Gate(city)
    futures = [city.store.append([entry(str(number))]) for number in range(50)]
    closing = threading.Thread(target=city.close)
    closing.start()
    gate.open()
    closing.join(20)
    assert all(future.result(20)[0].fate is Fate.ACCEPTED for future in futures)
    reopen(city)
    check_whole(city, 50)


def test_a_record_is_found_under_each_of_its_subjects(city: City) -> None:
    city.register(operator(legacy_number="430100000012345"))
    for subject in ("uscc:914300007121944054", "reg:430100000012345"):
        assert [index for _, index, _ in city.store.by_subject(subject)] == [0], subject
    assert city.store.by_subject("uscc:91430100MA00TEXT01") == []


def test_a_reader_sees_only_what_was_committed(city: City) -> None:
    append(city, entry("a"))
    gate = Gate(city)
    future = city.store.append([entry("b")])
    assert len(city.store.records(OWN, 0, 9)) == 1
    gate.open()
    future.result(20)
    assert len(city.store.records(OWN, 0, 9)) == 2
