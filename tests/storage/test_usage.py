"""Usage records: durable soon, none lost at close, and no answer without one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node.core.members.clients import Kind
from node.errors import NodeError, Reason
from node.rpc.principal import Principal
from node.storage.sqlite.query_db import open_query_database
from node.storage.sqlite.schema import open_reader
from node.storage.sqlite.usage import Usage, UsageLog, migrations
from node.stubs.query.v1 import query_pb2 as query
from node.usecases.records.usage import UsageRecorder
from tests.kit.clock import SetClock
from tests.kit.waiting import eventually

ROW = Usage(1, "officer", "officer", "Verify", "p", "b", 1, "uscc:x", "changsha", "match")
REASON = query.Reason(purpose="p", legal_basis="b")
CALLER = Principal(Kind.PLATFORM, "jd")


def rows(path: Path) -> list[tuple[object, ...]]:
    return list(open_reader(path).execute("SELECT * FROM usage ORDER BY number"))


def test_close_loses_nothing(tmp_path: Path) -> None:
    log = UsageLog(tmp_path / "usage.db")
    for number in range(3000):
        log.note(ROW._replace(at_ms=number))
    log.close()
    assert [row[1] for row in rows(tmp_path / "usage.db")] == list(range(3000))
    assert rows(tmp_path / "usage.db")[0][1:] == ROW._replace(at_ms=0)


def test_a_row_is_durable_soon_while_the_log_stays_open(tmp_path: Path) -> None:
    log = UsageLog(tmp_path / "usage.db")
    log.note(ROW)
    eventually(lambda: len(rows(tmp_path / "usage.db")) == 1, timeout_s=5)
    log.close()


def test_others_cannot_read_it(tmp_path: Path) -> None:
    UsageLog(tmp_path / "usage.db").close()
    assert (tmp_path / "usage.db").stat().st_mode & 0o777 == 0o600


def test_a_full_queue_refuses(tmp_path: Path) -> None:
    log = UsageLog(tmp_path / "usage.db", max_waiting=10)
    with another_writer(tmp_path / "usage.db"):
        assert _refusal(log) is Reason.UNAVAILABLE
    log.close()


def test_a_failing_disk_refuses_until_it_is_well(tmp_path: Path) -> None:
    log = UsageLog(tmp_path / "usage.db")
    (pages,) = log._connection.execute("PRAGMA page_count").fetchone()
    log._connection.execute(f"PRAGMA max_page_count={pages}")
    big = ROW._replace(subject=b"x" * 100_000)
    log.note(big)
    assert _refusal(log) is Reason.STORAGE_FULL
    log._connection.execute("PRAGMA max_page_count=1000000")
    eventually(lambda: _takes(log))
    log.close()
    kept = rows(tmp_path / "usage.db")
    assert kept[0][8] == b"x" * 100_000
    assert len(kept) > 2


def test_a_failing_question_is_recorded(tmp_path: Path) -> None:
    log = UsageLog(tmp_path / "usage.db")
    recorder = UsageRecorder(log, SetClock())
    with pytest.raises(ZeroDivisionError), recorder.using(CALLER, "Verify", REASON, "uscc:x"):
        raise ZeroDivisionError
    with pytest.raises(NodeError), recorder.using(CALLER, "Verify", query.Reason(purpose="p" * 501, legal_basis="b")):
        pass
    with recorder.using(CALLER, "Show", REASON, "x" * 1000) as use:
        use.records(["wuhan", "changsha", "wuhan"])
    log.close()
    kept = rows(tmp_path / "usage.db")
    assert [row[-1] for row in kept] == ["internal", "invalid_argument", "records=3"]
    assert [len(str(row[8])) for row in kept] == [6, 0, 200]
    assert kept[2][9] == "changsha,wuhan"
    assert kept[0][2:4] == ("platform", "jd")


def _refusal(log: UsageLog) -> Reason:
    """Why the log takes no more, after it took some."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            log.note(ROW)
        except NodeError as error:
            return error.reason
        time.sleep(0.001)
    raise AssertionError("it took everything")


def _takes(log: UsageLog) -> bool:
    try:
        log.note(ROW)
    except NodeError:
        return False
    return True


@contextmanager
def another_writer(path: Path) -> Iterator[None]:
    """Holds the database's lock."""
    connection = open_query_database(path, migrations)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("ROLLBACK")
    connection.close()
