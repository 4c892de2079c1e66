"""Opening and migrating the databases."""

from pathlib import Path

import pytest
from sqlite_utils import Database

from node.errors import NodeError, Reason
from node.storage import schema
from node.storage.schema import Error, check_sqlite_version, execute_all, is_migrated, open_reader, open_writer


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
        assert applied == len(schema.migrations._migrations)


def test_an_empty_file_is_not_migrated_yet(tmp_path: Path) -> None:
    (tmp_path / "node.db").touch()
    assert not is_migrated(tmp_path / "node.db")


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    open_writer(tmp_path / "node.db").close()
    with pytest.raises(Error, match="readonly"):
        open_reader(tmp_path / "node.db").execute("DELETE FROM record")


def test_an_sqlite_with_the_wal_bug_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "MIN_SQLITE", (99, 0, 0))
    with pytest.raises(NodeError) as caught:
        check_sqlite_version()
    assert caught.value.reason is Reason.UNSUPPORTED_SQLITE


def test_a_semicolon_in_a_comment_ends_no_statement() -> None:
    database = Database(memory=True)
    execute_all(
        database, "CREATE TABLE a (x TEXT); -- of a; not of b\nCREATE TABLE b (y TEXT -- empty; else the id\n);"
    )
    assert database.table_names() == ["a", "b"]
