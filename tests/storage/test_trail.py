"""The trail of administration is only added to, by any process, and shows what was altered."""

import threading
from pathlib import Path

import pytest

from node.storage.sqlite.schema import Error
from node.storage.sqlite.trail import Act, Trail, first_broken, read_trail


def act(number: int) -> Act:
    return Act(number * 1000, "os:root(0)", "local", "gongzhi client add", f"client{number}", "done")


@pytest.fixture
def trail(tmp_path: Path) -> Trail:
    made = Trail(tmp_path)
    for number in range(5):
        made.add(act(number))
    return made


def test_acts_are_read_in_order_and_since_a_moment(trail: Trail, tmp_path: Path) -> None:
    assert [each.act for each in read_trail(tmp_path)] == [act(number) for number in range(5)]
    assert [each.number for each in read_trail(tmp_path, 3000)] == [4, 5]
    assert first_broken(tmp_path) is None


def test_nothing_is_changed_or_deleted_through_sql(trail: Trail, tmp_path: Path) -> None:
    for statement in ("DELETE FROM act", "UPDATE act SET who = 'nobody'"):
        with pytest.raises(Error, match="only added to"):
            trail._connection.execute(statement)
    assert len(read_trail(tmp_path)) == 5


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("UPDATE act SET who = 'os:else(1)' WHERE number = 3", 3),
        ("UPDATE act SET result = 'done' || result WHERE number = 1", 1),
        ("DELETE FROM act WHERE number = 2", 3),
        ("DELETE FROM act WHERE number = 1", 2),
    ],
)
def test_who_goes_around_the_triggers_breaks_the_chain(
    trail: Trail, tmp_path: Path, statement: str, number: int
) -> None:
    for verb in ("update", "delete"):
        trail._connection.execute(f"DROP TRIGGER act_no_{verb}")
    trail._connection.execute(statement)
    assert first_broken(tmp_path) == number


def test_several_writers_keep_one_chain(trail: Trail, tmp_path: Path) -> None:
    def write() -> None:
        own = Trail(tmp_path)
        for number in range(10):
            own.add(act(number))
        own.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(read_trail(tmp_path)) == 45
    assert first_broken(tmp_path) is None


def test_only_its_owner_reads_it(trail: Trail, tmp_path: Path) -> None:
    assert (tmp_path / "trail.db").stat().st_mode & 0o777 == 0o600
