"""Opens the databases that the query processes write: all of them `usage.db`, the first alone `search.db`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

from node.storage.sqlite.errors import translated
from node.storage.sqlite.library import check_sqlite_version
from node.storage.sqlite.schema import Connection, migrate

if TYPE_CHECKING:
    import sqlite3 as sqlite
else:
    from pysqlite3 import dbapi2 as sqlite


# How long a process waits for its turn to write: others commit in a few milliseconds.
_LOCKED_S = 30.0


def open_query_database(path: Path, migrations: Migrations) -> Connection:
    """Opens (creating, migrating) the writing connection; fsyncs each commit, deleted values leave no bytes behind.

    Raises:
        NodeError: UNSUPPORTED_SQLITE, NEWER_DATA, STORAGE_CORRUPT or STORAGE_FULL.
    """
    check_sqlite_version()
    with translated(path.name):
        return _open(path, migrations)


def _open(path: Path, migrations: Migrations) -> Connection:
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = sqlite.connect(
        f"file:{path}?mode=rw", uri=True, isolation_level=None, check_same_thread=False, timeout=_LOCKED_S
    )
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")
    migrate(connection, migrations)
    return connection
