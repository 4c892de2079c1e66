"""What every store must do: append once, commit whole groups or nothing, take up where it stood."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.core.checkpoint import parse_checkpoint, verify_checkpoint
from node.core.merkle import Frontier
from node.core.record import open_view
from node.errors import NodeError, Reason
from node.record.v1.record_pb2 import Header, View
from node.storage.links import Link
from node.storage.log import OWN, Entry, Fate, Placed
from node.storage.schema import Connection, Error
from node.storage.store import Store
from tests.cities import NOW_MS, City, operator

CITY = "changsha"


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    made = City(tmp_path, CITY)
    yield made
    made.close()


def _digest16(*parts: bytes) -> bytes:
    return sha256(b"|".join(parts)).digest()[:16]


def entry(key: str, body: str = "x", as_of_ms: int = NOW_MS, size: int = 0) -> Entry:
    header = Header(standard="operator.registration", version=1, city=CITY, as_of_ms=as_of_ms, subjects=[f"uscc:{key}"])
    bodies = (body.encode() + bytes(size), b"", b"", b"")
    return Entry(header, bodies, _digest16(key.encode()), _digest16(*bodies))


def append(city: City, *entries: Entry) -> list[Placed]:
    return city.store.append(entries).result(20)


def check_whole(city: City, size: int) -> None:
    """Every leaf is there, the tree is the signed one, every view opens to its leaf, and the log opens again."""
    rows = city.store.records(OWN, 0, size + 10)
    assert [index for index, _, _ in rows] == list(range(size))
    frontier = Frontier()
    frontier.extend([leaf for _, leaf, _ in rows])
    checkpoint = verify_checkpoint(city.store.log.note, f"{CITY}.gongzhi.internal/log", [city.key])
    origin = city.store.origin(CITY)
    assert (checkpoint.size, checkpoint.root) == (origin.size, origin.root) == (size, frontier.root())
    assert origin.checkpoint == city.store.log.note
    for index, leaf, stored in rows:
        opened = open_view(View.FromString(stored or b""))
        assert opened.leaf_hash == leaf
        assert opened.header is not None
        assert opened.header.id == f"{CITY}-{index}"


def reopen(city: City) -> None:
    city.close()
    city.store = Store(city.path, CITY, city.signer, city.clock)


def test_a_row_is_taken_once(city: City) -> None:
    assert append(city, entry("a"), entry("b")) == [(Fate.ACCEPTED, f"{CITY}-0"), (Fate.ACCEPTED, f"{CITY}-1")]
    assert append(city, entry("a")) == [(Fate.DUPLICATE, f"{CITY}-0")]
    reopen(city)
    assert append(city, entry("a"), entry("a")) == [(Fate.DUPLICATE, f"{CITY}-0")] * 2
    check_whole(city, 2)


def test_a_changed_row_supersedes_its_earlier_version(city: City) -> None:
    append(city, entry("a", "old"))
    assert append(city, entry("a", "new")) == [(Fate.SUPERSEDED, f"{CITY}-1")]
    header = open_view(View.FromString(city.store.records(OWN, 1, 2)[0][2] or b"")).header
    assert header is not None
    assert header.supersedes == f"{CITY}-0"
    assert [index for _, index, _ in city.store.by_subject("uscc:a")] == [1]
    assert append(city, entry("a", "new")) == [(Fate.DUPLICATE, f"{CITY}-1")]
    check_whole(city, 2)


def test_versions_of_one_row_in_one_batch(city: City) -> None:
    fates = [placed.fate for placed in append(city, entry("a", "1"), entry("a", "1"), entry("a", "2"))]
    assert fates == [Fate.ACCEPTED, Fate.DUPLICATE, Fate.SUPERSEDED]
    assert [index for _, index, _ in city.store.by_subject("uscc:a")] == [1]
    check_whole(city, 2)


def test_a_batch_that_names_a_row_twice_adds_nothing_when_it_is_sent_again(city: City) -> None:
    """Also under a later moment: a file that was copied is as old as the copy."""
    append(city, entry("a", "1"), entry("b"), entry("a", "2"))
    for as_of_ms in (NOW_MS, NOW_MS + 5):
        again = append(city, *(entry(*row, as_of_ms) for row in (("a", "1"), ("b", "x"), ("a", "2"))))
        assert again == [
            (Fate.OUTDATED, f"{CITY}-2"),
            (Fate.DUPLICATE, f"{CITY}-1"),
            (Fate.DUPLICATE, f"{CITY}-2"),
        ]
    check_whole(city, 3)


def test_batches_that_name_a_row_twice_add_nothing_when_they_are_sent_again(city: City) -> None:
    for body in ("1", "2", "3"):
        append(city, entry("a", body))
    reopen(city)
    for body, fate in (("1", Fate.OUTDATED), ("2", Fate.OUTDATED), ("3", Fate.DUPLICATE)):
        assert append(city, entry("a", body)) == [(fate, f"{CITY}-2")]
    check_whole(city, 3)


def test_a_row_may_go_back_to_what_it_was_at_a_later_moment(city: City) -> None:
    append(city, entry("a", "1"), entry("a", "2"))
    assert append(city, entry("a", "1", NOW_MS + 1)) == [(Fate.SUPERSEDED, f"{CITY}-2")]
    assert append(city, entry("a", "3", NOW_MS + 2), entry("a", "1", NOW_MS + 1)) == [
        (Fate.SUPERSEDED, f"{CITY}-3"),
        (Fate.OUTDATED, f"{CITY}-3"),
    ]


def test_an_older_version_changes_nothing(city: City) -> None:
    append(city, entry("a", "new", NOW_MS))
    assert append(city, entry("a", "old", NOW_MS - 1)) == [(Fate.OUTDATED, f"{CITY}-0")]
    check_whole(city, 1)


def test_a_retracted_row_sent_again_is_a_new_record(city: City) -> None:
    append(city, entry("a"))
    city.retract(f"{CITY}-0")
    assert city.store.by_subject("uscc:a") == []
    assert city.store.retracted(0, 9) == {0}
    assert append(city, entry("a")) == [(Fate.ACCEPTED, f"{CITY}-2")]
    assert [index for _, index, _ in city.store.by_subject("uscc:a")] == [2]
    check_whole(city, 3)


rows_of = st.lists(
    st.tuples(st.sampled_from("abc"), st.sampled_from("xyz"), st.integers(NOW_MS, NOW_MS + 2)), max_size=12
)


@given(st.lists(rows_of, max_size=5))
@settings(max_examples=25, deadline=None)
def test_any_sequence_of_batches_is_as_the_model_says(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[tuple[str, str, int]]]
) -> None:
    city = City(tmp_path_factory.mktemp("model"), CITY)
    held: dict[str, tuple[str, int, int]] = {}
    replaced: dict[str, set[tuple[str, int]]] = defaultdict(set)
    size = 0
    for batch in batches:
        placed = append(city, *(entry(*row) for row in batch))
        last = {key: (body, as_of_ms) for key, body, as_of_ms in batch}
        for (key, body, as_of_ms), (fate, record) in zip(batch, placed, strict=True):
            now, at, index = held.get(key, ("", 0, 0))
            is_said_again = last[key][0] == now and last[key][1] >= as_of_ms
            if key in held and now == body:
                expected = Fate.DUPLICATE
            elif key in held and (as_of_ms < at or (body, as_of_ms) in replaced[key] or is_said_again):
                expected = Fate.OUTDATED
            else:
                expected, index = Fate.SUPERSEDED if key in held else Fate.ACCEPTED, size
                replaced[key].add((now, at))
                held[key], size = (body, as_of_ms, size), size + 1
            assert (fate, record) == (expected, f"{CITY}-{index}")
    for batch in batches[-1:] * 2:
        assert not {each.fate for each in append(city, *(entry(*row) for row in batch))} - {
            Fate.DUPLICATE,
            Fate.OUTDATED,
        }
    reopen(city)
    check_whole(city, size)
    for key, (_, _, index) in held.items():
        assert [found for _, found, _ in city.store.by_subject(f"uscc:{key}")] == [index]
    city.close()


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
