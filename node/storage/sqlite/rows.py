"""What the own log and the replicas write alike: record rows, the subject index, the changes."""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from hashlib import sha256
from itertools import accumulate, chain
from struct import Struct
from typing import Any

from node.core.answer import STANDARD as REGISTRATION
from node.core.log.record import parse_header, parse_record_id
from node.core.screening import LISTS
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import position
from node.stubs.record.v1.record_pb2 import Header, View

# Parameters of one INSERT: well below SQLite's limit of 32,766.
_PARAMETERS = 4000
# Records of one INSERT: what they are cut from stays in the processor's cache.
_RECORDS = 500
# Of a place in joined views: the offset stands above the length.
_LENGTH_BITS = 24
_INSERT_RECORDS = """
    INSERT INTO record (position, leaf_hash, view)
    SELECT ?1 + key, substr(?2, key * 32 + 1, 32),
           CASE WHEN value & 0xFFFFFF THEN substr(?3, (value >> 24) + 1, value & 0xFFFFFF) END
    FROM json_each(?4)
"""
_INSERT_SUBJECTS = "INSERT OR IGNORE INTO subject (digest, position) VALUES "
_INT64 = Struct(">q")
# The bits of an index key that say the kind.
_KINDS = 3
RecordRow = tuple[int, bytes, bytes | None]
SubjectRow = tuple[int, int]


def subject_digest(subject: str) -> int:
    """64 bits that stand for a subject; a reader compares the subject itself after the look-up."""
    digest: int = _INT64.unpack_from(sha256(subject.encode()).digest())[0]
    return digest


class Kind(IntEnum):
    """What an index key leads to: one kind of record about a party is found among however many of the others."""

    OTHER = 0
    REGISTRATION = 1
    LISTING = 2


def index_key(digest: int, kind: Kind) -> int:
    """The key under which records of one kind about a subject stand: 62 bits of its digest, and the kind."""
    return digest & ~_KINDS | kind


def index_keys(digest: int) -> list[int]:
    """The keys of every kind of record about a subject."""
    return [index_key(digest, kind) for kind in Kind]


def kind_of(standard: str) -> Kind:
    """The kind of the records of a standard."""
    if standard == REGISTRATION:
        return Kind.REGISTRATION
    return Kind.LISTING if standard in LISTS else Kind.OTHER


def insert_records(connection: Connection, records: Sequence[RecordRow]) -> None:
    """Stores records of one log, in its order and without a gap: (position, leaf hash, view or None).

    One statement cuts two strings of bytes into rows, so SQLite works through them without Python's lock, at about half
    the cost of bound rows.
    """
    for begin in range(0, len(records), _RECORDS):
        chunk = records[begin : begin + _RECORDS]
        views = [view or b"" for _, _, view in chunk]
        ends = accumulate(map(len, views))
        places = [end - len(view) << _LENGTH_BITS | len(view) for end, view in zip(ends, views, strict=True)]
        hashes = b"".join([leaf_hash for _, leaf_hash, _ in chunk])
        connection.execute(_INSERT_RECORDS, (chunk[0][0], hashes, b"".join(views), str(places)))


def insert_subjects(connection: Connection, subjects: Sequence[SubjectRow]) -> None:
    """Indexes records by subject: (digest, position)."""
    insert_rows(connection, _INSERT_SUBJECTS, subjects)


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


def subject_rows(header: Header, row: int) -> list[SubjectRow]:
    """The index entries of a record that stands at position `row`."""
    kind = kind_of(header.standard)
    return [(index_key(subject_digest(subject), kind), row) for subject in header.subjects]


def target_of(origin: int, record: str) -> int:
    """The position of a record that a header of the same log names."""
    return position(origin, parse_record_id(record)[1])


def unindex(connection: Connection, row: int) -> bytes | None:
    """Takes a record out of the subject index; returns its stored view."""
    stored = connection.execute("SELECT view FROM record WHERE position = ?", (row,)).fetchone()
    if stored is None or stored[0] is None:
        return None
    header = parse_header(View.FromString(stored[0]).header)
    connection.executemany("DELETE FROM subject WHERE digest = ? AND position = ?", subject_rows(header, row))
    return bytes(stored[0])


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
