"""Forgets a peer's log whole, because the city has rebuilt it under a new key."""

from collections.abc import Iterable
from pathlib import Path

from node.core.log.merkle import EMPTY_ROOT
from node.core.log.run import MAX_RUN_RECORDS
from node.storage.sqlite.replica import Origin
from node.storage.sqlite.schema import Connection, open_writer
from node.storage.sqlite.tree import position


def forget_log(path: Path, origin: Origin, misread: Iterable[int], at_ms: int) -> None:
    """Destroys all that was had of a log, in the database of a node that is stopped.

    The city's new log gets a number that no log had before: what is derived from places in the old one can never be
    taken for the new one's.

    Args:
        path: `node.db`; incidents and their payloads stay in it.
        origin: The log.
        misread: Leaf indices of own acts in cases of that log, which would be misread from now on.
        at_ms: When.
    """
    connection = open_writer(path)
    try:
        connection.execute("BEGIN IMMEDIATE")
        _forget(connection, origin, at_ms)
        rows = [(index,) for index in misread]
        connection.executemany("INSERT OR IGNORE INTO misread (position) VALUES (?)", rows)
        connection.execute("COMMIT")
        # What is destroyed leaves no bytes, neither in free pages nor in the write-ahead log.
        connection.execute("VACUUM")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _forget(connection: Connection, origin: Origin, at_ms: int) -> None:
    within = (position(origin.number, 0), position(origin.number + 1, 0))
    connection.execute(
        "INSERT INTO change (position, kind, at_ms) SELECT first + value, 'forgotten', ? FROM run, json_each(?)"
        " WHERE first >= ? AND first < ? AND content IS NOT NULL AND value < length(hashes) / 32 ORDER BY 1",
        (at_ms, str([*range(MAX_RUN_RECORDS)]), *within),
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
    "DELETE FROM subject_fresh WHERE position >= ? AND position < ?",
    "DELETE FROM subject_settled WHERE position >= ? AND position < ?",
    "DELETE FROM republished WHERE position >= ? AND position < ?",
    "DELETE FROM run WHERE first >= ? AND first < ?",
)
_OF_CITY = (
    "DELETE FROM link WHERE city = ?",
    "DELETE FROM witnessed WHERE city = ?",
    "DELETE FROM cosigned WHERE city = ?",
    "DELETE FROM cosignature WHERE city = ?",
    "DELETE FROM heard WHERE city = ?",
)
