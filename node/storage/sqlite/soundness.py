"""Whether a database is sound and of this version: asked of its file, whoever else has it open."""

import time
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.errors import translated
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.schema import Error, open_reader, read_migrations

# Instructions of SQLite between two looks at the clock.
_LOOK = 10_000


def is_migrated(path: Path) -> bool:
    """Whether the database has every table that this version knows of one with its name."""
    try:
        connection = open_reader(path)
    except Error:  # killed while it was being made: the writer that opens it next mends it
        return False
    try:
        return not read_migrations(path.stem).pending(Database(connection))
    finally:
        connection.close()


def check_database(path: Path) -> None:
    """Checks every page and index of a database.

    Raises:
        NodeError: STORAGE_CORRUPT.
    """
    with translated(), closing(open_reader(path)) as connection:
        verdict = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
    if verdict != "ok":
        raise NodeError(Reason.STORAGE_CORRUPT, _("{name} is damaged", name=path.name))


def is_damaged(path: Path, deadline_s: float) -> bool:
    """Whether a database shows damage to who reads its pages until `deadline_s` (monotonic seconds)."""
    try:
        connection = open_reader(path)
        try:
            connection.set_progress_handler(lambda: time.monotonic() > deadline_s, _LOOK)
            return bool(connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok")
        finally:
            connection.close()
    except Error:
        return time.monotonic() <= deadline_s  # after it the look was broken off


def journal_mode(reader: Reader) -> str:
    """The journal mode of a store's database; a node's is "wal"."""
    (mode,) = reader.connection.execute("PRAGMA journal_mode").fetchone()
    return str(mode)
