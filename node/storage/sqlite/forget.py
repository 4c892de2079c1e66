"""Forgets a peer's log whole, because the city has rebuilt it under a new key."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from node.core.log.merkle import EMPTY_ROOT
from node.storage.sqlite.log import OWN
from node.storage.sqlite.replica import Origin, read_origin
from node.storage.sqlite.schema import Connection, open_writer
from node.storage.sqlite.tree import position

_OWN_NAMING = (
    "SELECT position, view FROM record WHERE position >= ? AND position < ?"
    " AND view IS NOT NULL AND instr(view, CAST(? AS BLOB))"
    " AND position NOT IN (SELECT position FROM change WHERE kind = 'retracted') ORDER BY position"
)


class StoppedStore:
    """The store of a node that is stopped: forgets a log, which a running node could not follow."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def find_origin(self, city: str) -> Origin | None:
        """One origin, or None where nothing of it was ever stored."""
        return read_origin(self._connection, city)

    def own_records_naming(self, text: str) -> Iterator[tuple[int, bytes]]:
        """The own records, not retracted, whose stored view has `text` in it, in order: (leaf index, view)."""
        yield from self._connection.execute(_OWN_NAMING, (position(OWN, 0), position(OWN + 1, 0), text))

    def forget(self, origin: Origin, misread: Iterable[int], at_ms: int) -> None:
        """Destroys all that was had of a log (`forget_log`), down to the bytes.

        Args:
            origin: Whose log it is.
            misread: Leaf indices of the own acts in its cases, which are marked as such (`Reader.is_misread`).
            at_ms: Dates the destruction.
        """
        connection = self._connection
        connection.execute("BEGIN IMMEDIATE")
        forget_log(connection, origin, at_ms)
        rows = [(position(OWN, index),) for index in misread]
        connection.executemany("INSERT OR IGNORE INTO misread (position) VALUES (?)", rows)
        connection.execute("COMMIT")
        # What is destroyed leaves no bytes, neither in free pages nor in the write-ahead log.
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


@contextmanager
def open_stopped(path: Path) -> Iterator[StoppedStore]:
    """Opens the store of a stopped node, whose data folder the caller holds.

    Raises:
        NodeError: UNSUPPORTED_SQLITE or NEWER_DATA.
    """
    connection = open_writer(path)
    try:
        yield StoppedStore(connection)
    finally:
        connection.close()


def forget_log(connection: Connection, origin: Origin, at_ms: int) -> None:
    """Destroys all that was had of a log, in the caller's transaction; incidents and their payloads stay.

    The city's new log gets a number that no log had before: what is derived from places in the old one can never be
    taken for the new one's.
    """
    within = (position(origin.number, 0), position(origin.number + 1, 0))
    connection.execute(
        "INSERT INTO change (position, kind, at_ms) SELECT position, 'forgotten', ? FROM record"
        " WHERE position >= ? AND position < ? AND view IS NOT NULL",
        (at_ms, *within),
    )
    for statement in _OF_PLACES:
        connection.execute(statement, within)
    connection.execute("DELETE FROM tile WHERE origin = ?", (origin.number,))
    (newest,) = connection.execute("SELECT max(number) FROM origin").fetchone()
    connection.execute("DELETE FROM origin WHERE number = ?", (origin.number,))
    connection.execute(
        "INSERT INTO origin (number, city, root) VALUES (?, ?, ?)", (newest + 1, origin.city, EMPTY_ROOT)
    )
    for statement in _OF_CITY:
        connection.execute(statement, (origin.city,))


_OF_PLACES = (
    "DELETE FROM subject WHERE position >= ? AND position < ?",
    "DELETE FROM republished WHERE position >= ? AND position < ?",
    "DELETE FROM record WHERE position >= ? AND position < ?",
)
_OF_CITY = (
    "DELETE FROM link WHERE city = ?",
    "DELETE FROM witnessed WHERE city = ?",
    "DELETE FROM cosigned WHERE city = ?",
    "DELETE FROM cosignature WHERE city = ?",
    "DELETE FROM heard WHERE city = ?",
)
