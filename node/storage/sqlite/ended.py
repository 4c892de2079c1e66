"""Listings that had ended, by marks alone: what was destroyed must be known again when it is published again.

A mark is an HMAC under a key of this store: it confirms a suspected listing to whoever holds the store, tells none, and
says nothing beside the marks of another node.
"""

import hmac
from collections.abc import Iterable

from google.protobuf.message import Message

from node.core.log.body import read_body
from node.core.log.record import INDEX_BITS, Record, record_id
from node.core.screening import case_of, marks
from node.core.standards.kinds import LISTINGS
from node.errors import NodeError
from node.storage.sqlite.rows import was
from node.storage.sqlite.runs import IS_OPEN
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import position

_REPUBLISHED = (
    "SELECT city, republished.position & ? FROM republished JOIN origin ON origin.number = republished.position >> ?"  # noqa: S608 - made of constants
    f" WHERE {IS_OPEN.format(row='republished.position')} AND NOT EXISTS (SELECT 1 FROM change"
    "  WHERE change.position = republished.position AND kind IN ('superseded', 'retracted'))"
    " ORDER BY republished.position LIMIT ?"
)


def remember_ended(connection: Connection, row: int, record: Record, at_ms: int) -> None:
    """Marks a listing, the open record at position `row`, as ended. Runs in a writer's job, before it is gone.

    A record that was superseded has not ended by being retracted: its correction stands.
    """
    body = _read_listing(record)
    if body is None or was(connection, row, "superseded"):
        return
    rows = [(mark, at_ms) for mark in _sealed(connection, marks(record.header.city, record.header.standard, body))]
    connection.executemany("INSERT OR IGNORE INTO ended (mark, at_ms) VALUES (?, ?)", rows)


def note_republished(connection: Connection, origin: int, records: Iterable[Record], at_ms: int) -> None:
    """Notes the open records of a peer that list a party again by a decision that had ended. Runs in a writer's job."""
    for record in records:
        body = _read_listing(record)
        if body is None or case_of(record.header) or _is_act(body):
            continue
        if are_ended(connection, marks(record.header.city, record.header.standard, body)):
            row = position(origin, record.index)
            connection.execute("INSERT OR IGNORE INTO republished (position, at_ms) VALUES (?, ?)", (row, at_ms))


def _read_listing(record: Record) -> Message | None:
    """What a record of a list says; None of another. What cannot be read was never a hit either."""
    if record.standard not in LISTINGS:
        return None
    try:
        return read_body(record)
    except NodeError:
        return None


def _is_act(body: Message) -> bool:
    return "act" in body.DESCRIPTOR.fields_by_name and body.HasField("act")


def read_republished(connection: Connection, limit: int) -> list[str]:
    """The first record ids of what peers published again and neither retracted nor replaced."""
    rows = connection.execute(_REPUBLISHED, ((1 << INDEX_BITS) - 1, INDEX_BITS, limit))
    return [record_id(city, index) for city, index in rows]


def are_ended(connection: Connection, marks: Iterable[str]) -> bool:
    """Whether any of these marks is of a listing that had ended."""
    sealed = _sealed(connection, marks)
    among = ",".join("?" * len(sealed))
    return connection.execute(f"SELECT 1 FROM ended WHERE mark IN ({among}) LIMIT 1", sealed).fetchone() is not None  # noqa: S608 - question marks


def _sealed(connection: Connection, marks: Iterable[str]) -> list[bytes]:
    (key,) = connection.execute("SELECT key FROM ended_key").fetchone()
    return [hmac.digest(key, mark.encode(), "sha256") for mark in marks]
