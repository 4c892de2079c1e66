"""What the own log and the replicas write alike: rows by the many, the subject index, the changes."""

from collections.abc import Iterable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from node.core.log.record import Record
from node.core.log.subjects import IndexEntry, index_entries
from node.core.standards.kinds import kind_of
from node.storage.sqlite.schema import Connection
from node.stubs.record.v1.record_pb2 import Own

# Parameters of one INSERT: well below SQLite's limit of 32,766.
_PARAMETERS = 4000
_INSERT_SUBJECTS = "INSERT OR IGNORE INTO subject_fresh (digest, position) VALUES "
_SETTLE = "INSERT OR IGNORE INTO subject_settled (digest, position) SELECT digest, position FROM subject_fresh"
_MOST_FRESH = 1 << 16
"""Rows of the index that may be fresh. At a million records to put these into the large table one by one, in any order,
costs 2.7 times as much as to merge them; a merge holds the writer for some 50 ms."""
_INSERT_CHANGES = "INSERT INTO change (position, kind, at_ms, by_position) VALUES "
SubjectRow = tuple[int, int]
"""An index key, and the position of a record that stands under it."""


class Change(NamedTuple):
    """What happened to a stored record.

    Attributes:
        position: Of the record.
        kind: superseded | retracted | narrowed | widened.
        at_ms: When.
        by_position: Of the record that superseded or retracted it.
    """

    position: int
    kind: str
    at_ms: int
    by_position: int | None = None


def insert_rows(connection: Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts by many rows a statement: SQLite gives Python's lock away once for all of them, not at each.

    Args:
        connection: In a transaction.
        into: `INSERT INTO <table> (<columns>) VALUES `.
        rows: A value for each column.
    """
    step = _PARAMETERS // len(rows[0]) if rows else 1
    for begin in range(0, len(rows), step):
        chunk = rows[begin : begin + step]
        marks = "(" + ",".join("?" * len(chunk[0])) + ")"
        connection.execute(into + ",".join([marks] * len(chunk)), tuple(chain.from_iterable(chunk)))


def insert_subjects(connection: Connection, base: int, entries: Iterable[IndexEntry]) -> None:
    """Indexes records of one log by subject; `base` is the position of its first record."""
    # In order of keys: neighbours of one commit then fall on pages that were touched just before.
    insert_rows(connection, _INSERT_SUBJECTS, sorted([(key, base + index) for key, index in entries]))
    (fresh,) = connection.execute("SELECT count(*) FROM subject_fresh").fetchone()
    if fresh >= _MOST_FRESH:
        connection.execute(_SETTLE)
        connection.execute("DELETE FROM subject_fresh")


def unindex(connection: Connection, records: Iterable[Record], base: int) -> None:
    """Takes open records of one log out of the subject index."""
    subjects = ((Own.FromString(record.own).subjects, kind_of(record.standard), record.index) for record in records)
    rows = [(key, base + index) for each in subjects for key, index in index_entries(*each)]
    for table in ("subject_fresh", "subject_settled"):
        connection.executemany(f"DELETE FROM {table} WHERE digest = ? AND position = ?", rows)  # noqa: S608 - one of two


def note_changes(connection: Connection, changes: Sequence[Change]) -> None:
    """Notes what happened to stored records."""
    insert_rows(connection, _INSERT_CHANGES, changes)


def was(connection: Connection, row: int, *kinds: str) -> bool:
    """Whether any of these things happened to the record at a position."""
    among = ",".join("?" * len(kinds))
    select = f"SELECT 1 FROM change WHERE position = ? AND kind IN ({among}) LIMIT 1"  # noqa: S608 - question marks
    return connection.execute(select, (row, *kinds)).fetchone() is not None
