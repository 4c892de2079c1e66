"""Opens the databases that the query process alone writes: `usage.db` and `search.db`."""

import os
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlite_utils.migrations import Migrations

from node.storage.schema import Connection, check_sqlite_version, migrate

if TYPE_CHECKING:
    import sqlite3 as sqlite
else:
    from pysqlite3 import dbapi2 as sqlite

# Rows of one INSERT: below SQLite's limit of 32,766 parameters.
_ROWS = 500


def open_query_database(path: Path, migrations: Migrations) -> Connection:
    """Opens (creating, migrating) the writing connection; fsyncs each commit, deleted values leave no bytes behind.

    Raises:
        NodeError: UNSUPPORTED_SQLITE or NEWER_DATA.
    """
    check_sqlite_version()
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite.connect(f"file:{path}?mode=rw", uri=True, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    migrate(connection, migrations)
    return connection


def insert_rows(connection: Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts by many rows a statement: SQLite works through them without Python's lock, answering goes on."""
    for begin in range(0, len(rows), _ROWS):
        chunk = rows[begin : begin + _ROWS]
        marks = "(" + ",".join("?" * len(chunk[0])) + ")"
        connection.execute(into + ",".join([marks] * len(chunk)), tuple(chain.from_iterable(chunk)))
