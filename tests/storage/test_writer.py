"""The one writer: jobs in order, each for itself, a commit for all that wait."""

import threading
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path

import pytest

from node.errors import NodeError, Reason
from node.storage.sqlite.errors import storage_error
from node.storage.sqlite.schema import Connection, Error
from node.storage.sqlite.writer import MAX_GROUP, Writer


class Commits:
    """Counts commits, and fails them on demand."""

    def __init__(self) -> None:
        self.done = self.undone = 0
        self.failure: Exception | None = None

    def before_commit(self, connection: Connection) -> None:
        if self.failure:
            raise self.failure

    def after_commit(self) -> None:
        self.done += 1

    def after_rollback(self) -> None:
        self.undone += 1


@pytest.fixture
def writer(tmp_path: Path) -> Iterator[Writer]:
    made = Writer(tmp_path / "node.db")
    made.connection.execute("CREATE TABLE word (text TEXT UNIQUE)")
    made.participants = [Commits()]
    yield made
    if made._thread.is_alive():
        made.close()


def commits(writer: Writer) -> Commits:
    [participant] = writer.participants
    assert isinstance(participant, Commits)
    return participant


def put(text: str, then: Exception | None = None) -> "Job":
    return Job(text, then)


class Job:
    def __init__(self, text: str, then: Exception | None) -> None:
        self.text, self.then = text, then

    def __call__(self, connection: Connection) -> str:
        connection.execute("INSERT INTO word VALUES (?)", (self.text,))
        if self.then:
            raise self.then
        return self.text


def words(writer: Writer) -> list[str]:
    return [text for (text,) in writer.connection.execute("SELECT text FROM word ORDER BY rowid")]


def test_jobs_that_wait_are_one_commit_in_order(writer: Writer) -> None:
    futures = [writer.submit(put(str(number))) for number in range(MAX_GROUP)]
    writer.start()
    assert [future.result(20) for future in futures] == [str(number) for number in range(MAX_GROUP)]
    assert commits(writer).done == 1
    assert words(writer) == [str(number) for number in range(MAX_GROUP)]


def test_a_group_has_an_end(writer: Writer) -> None:
    futures = [writer.submit(put(str(number))) for number in range(MAX_GROUP + 1)]
    writer.start()
    wait(futures, 20)
    assert commits(writer).done == 2


def test_a_job_that_fails_is_undone_alone(writer: Writer) -> None:
    futures = [writer.submit(put("a")), writer.submit(put("b", ValueError("no"))), writer.submit(put("c"))]
    writer.start()
    wait(futures, 20)
    with pytest.raises(ValueError, match="no"):
        futures[1].result()
    assert words(writer) == ["a", "c"]
    assert (commits(writer).done, commits(writer).undone) == (1, 0)


def test_a_commit_that_fails_undoes_its_whole_group_and_the_next_goes_on(writer: Writer) -> None:
    commits(writer).failure = Error("database or disk is full")
    futures = [writer.submit(put("a")), writer.submit(put("b"))]
    writer.start()
    for future in futures:
        with pytest.raises(NodeError) as caught:
            future.result(20)
        assert caught.value.reason is Reason.STORAGE_FULL
    commits(writer).failure = None
    assert writer.submit(put("c")).result(20) == "c"
    assert words(writer) == ["c"]
    assert (commits(writer).done, commits(writer).undone) == (1, 1)


def test_closing_finishes_what_is_queued_and_takes_no_more(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "node.db")
    started = threading.Event()
    writer.start()
    writer.submit(lambda _: started.wait(20))
    queued = [writer.submit(lambda connection: connection.total_changes) for _ in range(5)]
    closing = threading.Thread(target=writer.close)
    closing.start()
    started.set()
    closing.join(20)
    assert all(future.result(1) is not None for future in queued)
    with pytest.raises(NodeError) as caught:
        writer.submit(lambda _: None).result(1)
    assert caught.value.reason is Reason.UNAVAILABLE


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Error("database or disk is full"), Reason.STORAGE_FULL),
        (Error("database disk image is malformed"), Reason.STORAGE_CORRUPT),
        (Error("no such table: x"), Reason.INTERNAL),
    ],
)
def test_what_sqlite_says_is_told_by_reason(error: Error, reason: Reason) -> None:
    told = storage_error(error)
    assert isinstance(told, NodeError)
    assert told.reason is reason


def test_another_error_stays_what_it_is() -> None:
    error = ValueError("x")
    assert storage_error(error) is error
