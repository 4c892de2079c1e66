"""What the own log and the replicas write alike: record rows, the subject index, the changes."""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from itertools import chain
from struct import Struct
from typing import Any

from node.core.record import parse_header, parse_record_id
from node.record.v1.record_pb2 import Header, View
from node.storage.schema import Connection
from node.storage.tree import position

# Rows of one INSERT: below SQLite's limit of 32,766 parameters.
_ROWS = 2000
_INT64 = Struct(">q")
RecordRow = tuple[int, bytes, bytes | None]
SubjectRow = tuple[int, int]


def subject_digest(subject: str) -> int:
    """The 64-bit index key of a subject; a reader compares the subject itself after the look-up."""
    digest: int = _INT64.unpack_from(sha256(subject.encode()).digest())[0]
    return digest


def insert_records(connection: Connection, records: Sequence[RecordRow]) -> None:
    """Stores records: (position, leaf hash, view or None)."""
    _insert(connection, "INSERT INTO record (position, leaf_hash, view) VALUES ", records)


def insert_subjects(connection: Connection, subjects: Sequence[SubjectRow]) -> None:
    """Indexes records by subject: (digest, position)."""
    _insert(connection, "INSERT OR IGNORE INTO subject (digest, position) VALUES ", subjects)


def _insert(connection: Connection, into: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Inserts by many rows a statement: SQLite works through them without Python's lock, other threads go on."""
    for begin in range(0, len(rows), _ROWS):
        chunk = rows[begin : begin + _ROWS]
        marks = "(" + ",".join("?" * len(chunk[0])) + ")"
        connection.execute(into + ",".join([marks] * len(chunk)), tuple(chain.from_iterable(chunk)))


def subject_rows(header: Header, row: int) -> list[SubjectRow]:
    """The index entries of a record that stands at position `row`."""
    return [(subject_digest(subject), row) for subject in header.subjects]


def target_of(origin: int, record: str) -> int:
    """The position of a record that a header of the same log names."""
    return position(origin, parse_record_id(record)[1])


def unindex(connection: Connection, row: int) -> bytes | None:
    """Takes a record out of the subject index; returns its stored view."""
    found = connection.execute("SELECT view FROM record WHERE position = ?", (row,)).fetchone()
    if found is None or found[0] is None:
        return None
    header = parse_header(View.FromString(found[0]).header)
    connection.executemany("DELETE FROM subject WHERE digest = ? AND position = ?", subject_rows(header, row))
    return bytes(found[0])


def supersede(connection: Connection, rows: Iterable[tuple[int, int]], at_ms: int) -> None:
    """Takes replaced records out of the index: (row, row of what replaces it); their views stay as history."""
    for row, by in rows:
        unindex(connection, row)
        note_change(connection, row, "superseded", at_ms, by)


def note_change(connection: Connection, row: int, kind: str, at_ms: int, by: int | None = None) -> None:
    """Notes what happened to a stored view: superseded | retracted | narrowed | widened."""
    connection.execute(
        "INSERT INTO change (position, kind, at_ms, by_position) VALUES (?, ?, ?, ?)", (row, kind, at_ms, by)
    )
