"""Opening and migrating the databases."""

from pathlib import Path

import pytest
from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from node.errors import NodeError, Reason
from node.storage.sqlite import library
from node.storage.sqlite.library import check_sqlite_version
from node.storage.sqlite.query_db import open_query_database
from node.storage.sqlite.schema import (
    Error,
    execute_all,
    migrations,
    open_reader,
    open_writer,
    read_migrations,
)
from node.storage.sqlite.soundness import is_migrated


def test_a_new_database_is_private_durable_and_whole(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / "node.db")
    assert (tmp_path / "node.db").stat().st_mode & 0o777 == 0o600
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert connection.execute("PRAGMA secure_delete").fetchone() == (1,)
    assert is_migrated(tmp_path / "node.db")
    connection.close()


def test_opened_again_nothing_is_migrated_twice(tmp_path: Path) -> None:
    for _ in range(2):
        connection = open_writer(tmp_path / "node.db")
        applied = connection.execute("SELECT count(*) FROM _sqlite_migrations").fetchone()[0]
        connection.close()
        assert applied == len(migrations._migrations)


@pytest.mark.parametrize("name", ["node", "usage", "search"])
def test_data_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name}.db"
    known = Migrations(name)
    newer = Migrations(name)
    newer(name="m0001_first")(lambda db: db.execute("CREATE TABLE first (x)"))
    known(name="m0001_first")(lambda db: db.execute("CREATE TABLE first (x)"))
    known(name="m0002_here")(lambda db: db.execute("CREATE TABLE here (x)"))
    newer(name="m0099_later")(lambda db: db.execute("CREATE TABLE later (x)"))
    open_query_database(path, newer).close()
    before = path.read_bytes()
    with pytest.raises(NodeError, match=r"newer version \(m0099_later\)") as caught:
        open_query_database(path, known)
    assert caught.value.reason is Reason.NEWER_DATA
    assert path.read_bytes() == before


def test_a_store_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    connection = open_writer(tmp_path / "node.db")
    connection.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('node', 'm0099_later', '2030-01-01')"
    )
    connection.close()
    with pytest.raises(NodeError) as caught:
        open_writer(tmp_path / "node.db")
    assert caught.value.reason is Reason.NEWER_DATA


def test_a_log_of_format_1_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "node.db"
    first = Migrations("node")
    first(name="m0001_log")(lambda db: db.execute("CREATE TABLE record (position INTEGER PRIMARY KEY)"))
    open_query_database(path, first).close()
    before = path.read_bytes()
    with pytest.raises(NodeError, match="format 1") as caught:
        open_writer(path)
    assert caught.value.reason is Reason.UNSUPPORTED_FORMAT
    assert path.read_bytes() == before


def test_an_empty_file_is_not_migrated_yet(tmp_path: Path) -> None:
    (tmp_path / "node.db").touch()
    assert not is_migrated(tmp_path / "node.db")


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    open_writer(tmp_path / "node.db").close()
    with pytest.raises(Error, match="readonly"):
        open_reader(tmp_path / "node.db").execute("DELETE FROM run")


def test_an_sqlite_with_the_wal_bug_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "MIN_SQLITE", (99, 0, 0))
    with pytest.raises(NodeError) as caught:
        check_sqlite_version()
    assert caught.value.reason is Reason.UNSUPPORTED_SQLITE


def test_a_semicolon_in_a_comment_ends_no_statement() -> None:
    database = Database(memory=True)
    execute_all(
        database, "CREATE TABLE a (x TEXT); -- of a; not of b\nCREATE TABLE b (y TEXT -- empty; else the id\n);"
    )
    assert database.table_names() == ["a", "b"]


@pytest.mark.parametrize(
    "rest",
    [
        "CREATE TABLE b (x) -- no semicolon",
        "CREATE TRIGGER c AFTER INSERT ON a BEGIN DELETE FROM a;",
        "CREATE TABLE 'b",
    ],
)
def test_a_statement_without_its_end_is_not_passed_over(rest: str) -> None:
    with pytest.raises(ValueError, match="has no end"):
        execute_all(Database(memory=True), f"CREATE TABLE a (x);\n{rest}")


def test_comments_after_the_last_statement_are_none() -> None:
    database = Database(memory=True)
    execute_all(database, "CREATE TABLE a (x);\n-- the end; really\n/* and;\nno more */\n")
    assert database.table_names() == ["a"]


def test_only_sql_files_are_migrations(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    for name in ("m0001_log.sql", "m0001_log.sql~", ".m0002_later.sql.swp", "README"):
        (tmp_path / "own" / name).write_text("CREATE TABLE a (x);")
    assert [each.name for each in read_migrations("own", tmp_path)._migrations] == ["m0001_log"]
