"""`search.db`: operators by any part of their name, and what is answered about them (`kept.py`).

Derived from `node.db`; may be deleted, it is made again.

A name is indexed by its overlapping pairs of characters (长沙市 as 长沙 沙市 市), so a phrase of pairs finds every
part of two or more characters, and a prefix every single one. FTS5 with `contentless_delete` keeps the terms of a
deleted row until a merge, whatever `secure-delete` says; so the index is contentless and a row is taken out with the
`delete` command, for which the names are kept beside it. A test looks for the bytes.
"""

from pathlib import Path
from typing import NamedTuple

import structlog

from node.core.answer import fold
from node.core.log.body import read_body
from node.core.log.record import INDEX_BITS, Record
from node.core.log.run import cut
from node.core.registration import Registration, read_registration
from node.core.standards.kinds import REGISTRATION
from node.errors import NodeError
from node.storage.sqlite.kept import forget, is_of, keep, last_leaf
from node.storage.sqlite.query_db import open_query_database
from node.storage.sqlite.rows import insert_rows
from node.storage.sqlite.runs import reaching
from node.storage.sqlite.schema import Connection, Error, open_reader, read_migrations
from node.storage.sqlite.tree import position, split_position

_log = structlog.get_logger(__name__)
BATCH = 2000
migrations = read_migrations("search")


class _Current(NamedTuple):
    """What is taken in of current records.

    Attributes:
        named: Those with a name that this node may see: positions, folded names.
        unreadable: The positions of those that cannot be read.
        registrations: What questions are answered from.
    """

    named: list[tuple[int, str]]
    unreadable: list[tuple[int]]
    registrations: list[Registration]


def pairs(folded: str) -> str:
    """The index text of a folded name: its overlapping pairs of letters and digits, then the last one alone."""
    letters = "".join(filter(str.isalnum, folded))
    return " ".join(letters[at : at + 2] for at in range(len(letters)))


class SearchIndex:
    """Writes `search.db` from one thread: follows `node.db` in bounded steps."""

    def __init__(self, path: Path, node_db: Path) -> None:
        self._connection = open_query_database(path, migrations)
        self._log = open_reader(node_db)
        # Deleted names may stand in the write-ahead log, of an earlier run too, until that has been emptied.
        self._has_remains = True

    def follow(self) -> bool:
        """Takes in at most one batch of new records and of changes each; returns whether there may be more."""
        self._log.execute("BEGIN")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            sizes = self._log.execute("SELECT number, size FROM origin").fetchall()
            if not is_of(self._connection, self._log):
                self._begin_anew()
            behind = [self._follow_records(number, size) for number, size in sizes]
            changes = self._changes()
            deleted = [self._follow_change(row, kind) for row, kind in changes]
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        finally:
            self._log.execute("ROLLBACK")
        self._has_remains |= any(deleted)
        if self._has_remains:
            busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._has_remains = bool(busy)  # a search was in the way: again next time
        return any(behind) or len(changes) == BATCH

    def close(self) -> None:
        """Closes both databases."""
        self._log.close()
        self._connection.close()

    def _begin_anew(self) -> None:
        """Empties the index: another log than it followed was restored in its place."""
        self._connection.execute("INSERT INTO pair (pair) VALUES ('delete-all')")
        self._connection.execute("DELETE FROM name")
        self._connection.execute("DELETE FROM unreadable")
        self._connection.execute("DELETE FROM registration")
        self._connection.execute("DELETE FROM followed")
        self._connection.execute("UPDATE followed_change SET number = 0")
        self._has_remains = True

    def _follow_records(self, origin: int, size: int) -> bool:
        begin = self._followed(origin)
        end = min(begin + BATCH, size)
        if begin == end:
            return False
        _insert(self._connection, _read_current(self._log, origin, begin, end))
        self._connection.execute(
            "INSERT OR REPLACE INTO followed (origin, size, leaf_hash) VALUES (?, ?, ?)",
            (origin, end, last_leaf(self._log, origin, end)),
        )
        _log.debug("batch_indexed", origin=origin, begin=begin, end=end, target=size)
        return end < size

    def _followed(self, origin: int) -> int:
        stored = self._connection.execute("SELECT size FROM followed WHERE origin = ?", (origin,)).fetchone()
        return stored[0] if stored else 0

    def _changes(self) -> list[tuple[int, str]]:
        (after,) = self._connection.execute("SELECT number FROM followed_change").fetchone()
        changes = self._log.execute(
            "SELECT number, position, at_ms, kind FROM change WHERE number > ? ORDER BY number LIMIT ?", (after, BATCH)
        ).fetchall()
        if changes:
            self._connection.execute("UPDATE followed_change SET number = ?, position = ?, at_ms = ?", changes[-1][:3])
        return [(row, kind) for _number, row, _at_ms, kind in changes]

    def _follow_change(self, row: int, kind: str) -> bool:
        """Brings one record up to date, whatever happened to it; returns whether something was deleted."""
        was_there = _delete(self._connection, row)
        if kind in ("narrowed", "widened") and self._is_followed(row):
            _insert(self._connection, _read_current(self._log, *_place(row)))
        return was_there

    def _is_followed(self, row: int) -> bool:
        """Whether the record's turn has come; if not, it will be taken in as it then is."""
        rows = self._connection.execute(
            "SELECT 1 FROM followed WHERE origin = ? >> 40 AND size > ? & ((1 << 40) - 1)", (row, row)
        )
        return rows.fetchone() is not None


def _place(row: int) -> tuple[int, int, int]:
    """The origin number of a position, and the leaf indices [begin, end) of its record alone."""
    origin, index = split_position(row)
    return origin, index, index + 1


def _read_current(log: Connection, origin: int, begin: int, end: int) -> _Current:
    """What is taken in of the records [begin, end) that are current."""
    rows = log.execute(
        "SELECT position FROM change WHERE position >= ? AND position < ? AND kind IN ('superseded', 'retracted')",
        (position(origin, begin), position(origin, end)),
    )
    replaced = {split_position(row)[1] for (row,) in rows}
    taken = _Current([], [], [])
    for run, _standard in reaching(log, origin, begin, end):
        current = set(range(max(begin, run.first), min(end, run.end))) - replaced
        try:
            records = cut(run)
        except NodeError:  # damaged
            taken.unreadable.extend((position(origin, index),) for index in current)
            continue
        for record in records:
            if record.is_open and record.index in current:
                _take_in(origin, record, taken)
    return taken


def _take_in(origin: int, record: Record, taken: _Current) -> None:
    registration = read_registration(origin, record)
    if registration is not None:
        taken.registrations.append(registration)
    row = position(origin, record.index)
    try:
        folded = _folded_name(record)
    except NodeError:
        taken.unreadable.append((row,))
        return
    if folded:
        taken.named.append((row, folded))


def _folded_name(record: Record) -> str:
    """The folded name in a registration; empty where it has none that is disclosed, or is no registration.

    Raises:
        NodeError: Its body cannot be read.
    """
    if record.header.retracts:
        return ""
    body = read_body(record)
    return fold(str(getattr(body, "name", ""))) if record.header.standard == REGISTRATION else ""


def _insert(connection: Connection, taken: _Current) -> None:
    insert_rows(connection, "INSERT OR IGNORE INTO unreadable (position) VALUES ", taken.unreadable)
    insert_rows(connection, "INSERT INTO name (position, folded) VALUES ", taken.named)
    texts = [(row, pairs(folded)) for row, folded in taken.named]
    insert_rows(connection, "INSERT INTO pair (rowid, text) VALUES ", texts)
    keep(connection, taken.registrations)


def _delete(connection: Connection, row: int) -> bool:
    connection.execute("DELETE FROM unreadable WHERE position = ?", (row,))
    was_kept = forget(connection, row)
    stored = connection.execute("SELECT folded FROM name WHERE position = ?", (row,)).fetchone()
    if stored is None:
        return was_kept
    connection.execute("INSERT INTO pair (pair, rowid, text) VALUES ('delete', ?, ?)", (row, pairs(stored[0])))
    connection.execute("DELETE FROM name WHERE position = ?", (row,))
    return True


def count_unreadable(path: Path) -> dict[int, int]:
    """How many current records of each origin number cannot be read; none where there is no index yet."""
    try:
        connection = open_reader(path)
    except Error:
        return {}
    try:
        return dict(connection.execute("SELECT position >> ?, count(*) FROM unreadable GROUP BY 1", (INDEX_BITS,)))
    except Error:  # made by an earlier version, or being made
        return {}
    finally:
        connection.close()
