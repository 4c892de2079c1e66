"""The tables of a plain program: one row for each record, one index row for each of its subjects.

They are the node's own of format 1, so that a limit stays what it was whatever the node's tables become.
"""

from collections.abc import Sequence
from itertools import accumulate
from pathlib import Path

from node.storage.sqlite.rows import insert_rows
from node.storage.sqlite.schema import Connection, open_writer

_TABLES = """
    CREATE TABLE plain_record (
        position INTEGER PRIMARY KEY,
        leaf_hash BLOB NOT NULL,
        view BLOB
    );
    CREATE TABLE plain_subject (
        digest INTEGER NOT NULL, position INTEGER NOT NULL,
        PRIMARY KEY (digest, position)
    ) WITHOUT ROWID;
"""
# Records of one INSERT: what they are cut from stays in the processor's cache.
_RECORDS = 500
# Of a place in joined views: the offset stands above the length.
_LENGTH_BITS = 24
_INSERT_RECORDS = """
    INSERT INTO plain_record (position, leaf_hash, view)
    SELECT ?1 + key, substr(?2, key * 32 + 1, 32),
           CASE WHEN value & 0xFFFFFF THEN substr(?3, (value >> 24) + 1, value & 0xFFFFFF) END
    FROM json_each(?4)
"""
_INSERT_SUBJECTS = "INSERT OR IGNORE INTO plain_subject (digest, position) VALUES "
RecordRow = tuple[int, bytes, bytes]
SubjectRow = tuple[int, int]


def open_tables(path: Path) -> Connection:
    """A new database with the settings of a node's."""
    connection = open_writer(path)
    for statement in _TABLES.split(";")[:-1]:
        connection.execute(statement)
    return connection


def insert(connection: Connection, records: Sequence[RecordRow], subjects: Sequence[SubjectRow]) -> None:
    """Stores records (position, leaf hash, view) without a gap, and their index rows (digest, position), in a commit.

    One statement cuts two strings of bytes into rows, which costs about half of binding them.
    """
    connection.execute("BEGIN IMMEDIATE")
    for begin in range(0, len(records), _RECORDS):
        chunk = records[begin : begin + _RECORDS]
        views = [view for _, _, view in chunk]
        ends = accumulate(map(len, views))
        places = [end - len(view) << _LENGTH_BITS | len(view) for end, view in zip(ends, views, strict=True)]
        hashes = b"".join([leaf_hash for _, leaf_hash, _ in chunk])
        connection.execute(_INSERT_RECORDS, (chunk[0][0], hashes, b"".join(views), str(places)))
    insert_rows(connection, _INSERT_SUBJECTS, subjects)
    connection.execute("COMMIT")
