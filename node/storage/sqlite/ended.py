"""Listings that had ended, by marks alone: what was destroyed must be known again when it is published again.

A mark is an HMAC under a key of this store: it confirms a suspected listing to whoever holds the store, tells none, and
says nothing beside the marks of another node.
"""

import hmac
from collections.abc import Iterable

from google.protobuf.message import Message

from node.core.log.body import read_body, read_view
from node.core.log.record import INDEX_BITS, record_id
from node.core.log.trusted_log import VerifiedRecord
from node.core.screening import LISTS, case_of, marks
from node.errors import NodeError
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import position

_OF_LISTS = b"listing."


def remember_ended(connection: Connection, row: int, view: bytes, at_ms: int) -> None:
    """Marks the listing in `view`, the record at position `row`, as ended. Runs in a writer's job, before it is gone.

    A record that was superseded has not ended by being retracted: its correction stands.
    """
    if _OF_LISTS not in view or _is_superseded(connection, row):
        return
    header, stored = read_view(view)
    if header.standard not in LISTS:
        return
    try:
        body = read_body(header, stored)
    except NodeError:  # what cannot be read was never a hit either
        return
    rows = [(mark, at_ms) for mark in _sealed(connection, marks(header.city, header.standard, body))]
    connection.executemany("INSERT OR IGNORE INTO ended (mark, at_ms) VALUES (?, ?)", rows)


def note_republished(connection: Connection, origin: int, records: Iterable[VerifiedRecord], at_ms: int) -> None:
    """Notes the records of a peer that list a party again by a decision that had ended. Runs in a writer's job."""
    for record in records:
        header, view = record.header, record.view
        if header is None or view is None or header.standard not in LISTS or case_of(header):
            continue
        try:
            body = read_body(*read_view(view))
        except NodeError:
            continue
        if not _is_act(body) and are_ended(connection, marks(header.city, header.standard, body)):
            row = position(origin, record.leaf_index)
            connection.execute("INSERT OR IGNORE INTO republished (position, at_ms) VALUES (?, ?)", (row, at_ms))


def _is_act(body: Message) -> bool:
    return "act" in body.DESCRIPTOR.fields_by_name and body.HasField("act")


def read_republished(connection: Connection, limit: int) -> list[str]:
    """The first record ids of what peers published again and neither retracted nor replaced."""
    rows = connection.execute(
        "SELECT city, republished.position & ? FROM republished JOIN record USING (position)"
        " JOIN origin ON origin.number = republished.position >> ? WHERE view IS NOT NULL AND NOT EXISTS"
        " (SELECT 1 FROM change WHERE change.position = record.position AND kind IN ('superseded', 'retracted'))"
        " ORDER BY republished.position LIMIT ?",
        ((1 << INDEX_BITS) - 1, INDEX_BITS, limit),
    )
    return [record_id(city, index) for city, index in rows]


def are_ended(connection: Connection, marks: Iterable[str]) -> bool:
    """Whether any of these marks is of a listing that had ended."""
    sealed = _sealed(connection, marks)
    among = ",".join("?" * len(sealed))
    return connection.execute(f"SELECT 1 FROM ended WHERE mark IN ({among}) LIMIT 1", sealed).fetchone() is not None  # noqa: S608 - question marks


def _sealed(connection: Connection, marks: Iterable[str]) -> list[bytes]:
    (key,) = connection.execute("SELECT key FROM ended_key").fetchone()
    return [hmac.digest(key, mark.encode(), "sha256") for mark in marks]


def _is_superseded(connection: Connection, row: int) -> bool:
    return connection.execute(
        "SELECT 1 FROM change WHERE position = ? AND kind = 'superseded' LIMIT 1", (row,)
    ).fetchone() is not None  # fmt: skip
