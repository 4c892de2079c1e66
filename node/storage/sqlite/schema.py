"""Opening, migrating (sqlite-utils) and checking the databases. The tables of `node.db`: `migrations/node/*.sql`.

A record's *position* is `origin number << 40 | leaf index`: runs of one city lie together, in log order, and a record
id leads to its run without an index. Origin 0 is the node's own log.
"""

import os
import re
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

from node.core.log.record import FORMAT
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.library import check_sqlite_version

if TYPE_CHECKING:
    import sqlite3 as sqlite
else:
    from pysqlite3 import dbapi2 as sqlite

PAGE_CACHE_KIB = 64 * 1024

Connection = sqlite.Connection
Error = sqlite.Error


_FOLDER = resources.files("node.storage.sqlite") / "migrations"
# The first migration of a log of format 1, which no release that was used has written.
_OF_FORMAT_1 = "m0001_log"
_COMMENT = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)


def read_migrations(database: str, folder: Traversable = _FOLDER) -> Migrations:
    """The migrations of a database, in order: the `*.sql` of its folder in `folder`, each named as its migration."""
    known = Migrations(database)
    files = [file for file in (folder / database).iterdir() if file.name.endswith(".sql")]
    for file in sorted(files, key=lambda file: file.name):
        _add(known, file.name.removesuffix(".sql"), file.read_text("utf-8"))
    return known


def _add(known: Migrations, name: str, statements: str) -> None:
    @known(name=name)
    def run(database: Database) -> None:
        execute_all(database, statements)


def execute_all(db: Database, statements: str) -> None:
    """Runs statements one by one: `executescript` would end the migration's transaction.

    Raises:
        ValueError: The last statement has no end.
    """
    *parts, rest = statements.split(";")
    statement = ""
    for part in parts:
        statement += part + ";"
        if sqlite.complete_statement(statement):  # else the semicolon stands in a comment
            db.execute(statement)
            statement = ""
    if _COMMENT.sub("", statement + rest).strip():
        raise ValueError(f"a statement has no end: {(statement + rest).strip()[:80]}")


migrations = read_migrations("node")


def open_writer(path: Path) -> Connection:
    """Opens (creating, migrating) the one writing connection; fsyncs each commit (synchronous=FULL).

    Raises:
        NodeError: UNSUPPORTED_SQLITE, NEWER_DATA or UNSUPPORTED_FORMAT.
    """
    check_sqlite_version()
    if not path.exists():
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    connection = _connect(f"file:{path}?mode=rw")
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA secure_delete=ON")  # destroyed values leave no bytes behind
    connection.execute("PRAGMA wal_autocheckpoint=16000")
    migrate(connection, migrations)
    return connection


def migrate(connection: Connection, known: Migrations) -> None:
    """Brings a database to this version.

    Raises:
        NodeError: NEWER_DATA, a newer version has had it, whose tables this one would not keep true;
            UNSUPPORTED_FORMAT, it holds a log of format 1.
    """
    database = Database(connection)
    every = {each.name for each in known.pending(Database(memory=True))}
    applied = {each.name for each in known.applied(database)}
    if known.name == migrations.name and _OF_FORMAT_1 in applied:
        connection.close()
        raise NodeError(
            Reason.UNSUPPORTED_FORMAT,
            _(
                "node.db holds a log of format 1; this release reads format {format} alone, and nothing turns one into"
                " the other: found the node anew",
                format=FORMAT,
            ),
        )
    later = applied - every
    if later:
        connection.close()
        names = ", ".join(sorted(later))
        raise NodeError(
            Reason.NEWER_DATA,
            _(
                "{name}.db was written by a newer version ({names}): run that version, or restore a backup",
                name=known.name,
                names=names,
            ),
        )
    known.apply(database)


def open_reader(path: Path) -> Connection:
    """Opens a read-only connection, for use by one thread at a time."""
    return _connect(f"file:{path}?mode=ro")


def _connect(uri: str) -> Connection:
    connection = sqlite.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute(f"PRAGMA cache_size=-{PAGE_CACHE_KIB}")
    connection.execute("PRAGMA temp_store=MEMORY")
    return connection
