"""Forgets a peer's log whole, because the city has rebuilt it under a new key."""

from node.core.log.merkle import EMPTY_ROOT
from node.storage.sqlite.replica import Origin
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import position


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
