"""Registrations as `search.db` keeps them: a question is answered without a run being parsed.

`search.db` follows the log half a second behind and is never the truth. Which records stand under a subject is read in
`node.db`; a row here only says what such a record holds, and only where nothing has happened to the record since:

1. positions from the index of `node.db`; 2. their rows here, and the change up to which they are true, in one
statement; 3. which records have changed since, from `node.db` again, unless that change was the newest at 1.

What has no row or has changed since is read from the log. So a row that is used was true at 1.
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from node.core.registration import Registration, from_bits, to_bits
from node.storage.sqlite.connections import Connections
from node.storage.sqlite.many import MARKS, full_chunks
from node.storage.sqlite.rows import insert_rows
from node.storage.sqlite.schema import Connection, Error
from node.storage.sqlite.tree import position, read_leaf_hashes, split_position

_COLUMNS = "position, subjects, version, as_of_ms, issued_at_ms, valid_until_ms, disclosed, public, others"
_INSERT = f"INSERT INTO registration ({_COLUMNS}) VALUES "  # noqa: S608 - names of columns
_SELECT = f"SELECT (SELECT number FROM followed_change), {_COLUMNS} FROM registration WHERE position "  # noqa: S608
_SELECT_ONE, _SELECT_CHUNK = _SELECT + "= ?", _SELECT + f"IN ({MARKS})"
_SELECT_CHANGED = "SELECT position FROM change WHERE number > ? LIMIT ?"
# Where more has changed since, all is read from the log: it is as much work.
_FEW = 1000


class KeptRegistrations:
    """Reads rows of `search.db` as far as they are true of `node.db`; with one connection to each a thread."""

    def __init__(self, path: Path, log: Callable[[], Connection]) -> None:
        """Opens nothing yet.

        Args:
            path: Of `search.db`.
            log: The calling thread's connection to `node.db`.
        """
        self._connections = Connections(path)
        self._log = log
        self._is_of_this_log = False

    def at(self, rows: Sequence[int], newest: int | None = None) -> dict[int, Registration]:
        """The registrations at these positions that are kept and have not changed since; the others are left out.

        Args:
            rows: Positions, from the index.
            newest: Number of the newest change when that was read; None where it is not known.
        """
        try:
            return self._read(rows, newest) if rows else {}
        except Error:  # damaged, or made by an earlier version: the log itself answers
            return {}

    def _read(self, rows: Sequence[int], newest: int | None) -> dict[int, Registration]:
        connection, log = self._connections.current(), self._log()
        # Once for all: no other database can take the place of one that is open.
        if not self._is_of_this_log:
            self._is_of_this_log = is_of(connection, log)
            if not self._is_of_this_log:
                return {}
        if len(rows) == 1:
            kept = connection.execute(_SELECT_ONE, rows).fetchall()
        else:
            kept = [row for chunk in full_chunks(rows) for row in connection.execute(_SELECT_CHUNK, chunk)]
        registrations = {row[1]: _registration(row) for row in kept}
        if kept and (followed := kept[0][0]) != newest:  # of the first chunk: later ones may only be ahead of it
            changed = log.execute(_SELECT_CHANGED, (followed, _FEW)).fetchall()
            if len(changed) == _FEW:
                return {}
            for (row,) in changed:
                registrations.pop(row, None)
        return registrations


def is_of(connection: Connection, log: Connection) -> bool:
    """Whether `search.db` follows this log, not one in whose place it was restored: its last leaves tell.

    A leaf holds random salts and when it was issued, a change when it happened: another log has others there.
    """
    number, row, at_ms = connection.execute("SELECT number, position, at_ms FROM followed_change").fetchone()
    change = log.execute("SELECT position, at_ms FROM change WHERE number = ?", (number,)).fetchone()
    if number and change != (row, at_ms):
        return False
    followed = connection.execute("SELECT origin, size, leaf_hash FROM followed").fetchall()
    origins = {origin for (origin,) in log.execute("SELECT number FROM origin")}  # a forgotten one is none any more
    return all(last_leaf(log, origin, size) == leaf_hash for origin, size, leaf_hash in followed if origin in origins)


def last_leaf(log: Connection, origin: int, size: int) -> bytes | None:
    """The hash of the last leaf of a log at a size above 0; None where it has no such leaf here."""
    return next(iter(read_leaf_hashes(log, origin, size - 1, size)), None)


def keep(connection: Connection, registrations: Iterable[Registration]) -> None:
    """Puts registrations into `search.db` whose positions have no row; in a transaction."""
    insert_rows(connection, _INSERT, [_row(each) for each in registrations if _has_lines(each.subjects)])


def forget(connection: Connection, row: int) -> bool:
    """Takes the row of a position out of `search.db`; returns whether there was one."""
    return connection.execute("DELETE FROM registration WHERE position = ?", (row,)).rowcount > 0


def _has_lines(subjects: Iterable[str]) -> bool:
    """Whether subjects can stand a line each; the log itself answers where not."""
    return not any("\n" in subject for subject in subjects)


def _row(kept: Registration) -> tuple[int | str | bytes, ...]:
    return (
        position(kept.origin, kept.leaf),
        "\n".join(kept.subjects),
        kept.version,
        kept.as_of_ms,
        kept.issued_at_ms,
        kept.valid_until_ms,
        to_bits(kept.disclosed),
        kept.public,
        kept.others,
    )


def _registration(row: tuple[Any, ...]) -> Registration:
    """The registration in a row of `_SELECT`."""
    _number, place, subjects, version, as_of_ms, issued_at_ms, valid_until_ms, disclosed, public, others = row
    return Registration(
        *split_position(place),
        subjects.split("\n"),
        version,
        as_of_ms,
        issued_at_ms,
        valid_until_ms,
        from_bits(disclosed),
        public,
        others,
    )
