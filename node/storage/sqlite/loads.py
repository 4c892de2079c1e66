"""Loads: the records that one client made of one file, so that a wrong file can be retracted whole."""

from collections.abc import Sequence
from typing import NamedTuple

from node.core.log.record import parse_record_id
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.schema import Connection


class Load(NamedTuple):
    """One file, as one client handed it in.

    Attributes:
        number: 0 for one that is not stored yet.
        client: name of the adapter or officer.
        file: name of the file or table; may be empty.
        records: made of its rows; `retracted` counts those retracted since.
        asked_by: account of the officer who asked to take it back, and why: `purpose`, `legal_basis`; else empty.
        approved_by: account of the officer who approved that.
    """

    number: int
    client: str
    standard: str
    source: str
    file: str
    begun_at_ms: int
    purpose: str = ""
    legal_basis: str = ""
    asked_by: str = ""
    asked_at_ms: int = 0
    approved_by: str = ""
    approved_at_ms: int = 0
    records: int = 0
    retracted: int = 0


# The own log is origin 0: a leaf index is a position.
_SELECT = """
    SELECT load.*, coalesce(sum(records), 0), coalesce(sum((
        SELECT count(DISTINCT position) FROM change
        WHERE kind = 'retracted' AND position BETWEEN first_index AND first_index + records - 1
    )), 0)
    FROM load LEFT JOIN load_run ON load_run.load = load.number
"""


def insert_load(connection: Connection, load: Load) -> int:
    """Stores a load that begins; returns its number."""
    inserted = connection.execute(
        "INSERT INTO load (client, standard, source, file, begun_at_ms) VALUES (?, ?, ?, ?, ?)",
        (load.client, load.standard, load.source, load.file, load.begun_at_ms),
    )
    return int(inserted.lastrowid or 0)


def note_records(connection: Connection, load: int, records: Sequence[str]) -> None:
    """Notes the records that one append made of a load: they stand one after the other."""
    if records:
        first = parse_record_id(records[0])[1]
        connection.execute(
            "INSERT INTO load_run (load, first_index, records) VALUES (?, ?, ?)", (load, first, len(records))
        )


def read_load(connection: Connection, number: int) -> Load:
    """A load.

    Raises:
        NodeError: NOT_FOUND.
    """
    row = connection.execute(_SELECT + " WHERE load.number = ? GROUP BY load.number", (number,)).fetchone()
    if row is None:
        raise NodeError(Reason.NOT_FOUND, _("no load {number}", number=number))
    return Load(*row)


def read_loads(connection: Connection, before: int, limit: int) -> list[Load]:
    """The newest loads with a number below `before`, newest first."""
    ordered = " WHERE load.number < ? GROUP BY load.number ORDER BY load.number DESC LIMIT ?"
    return [Load(*row) for row in connection.execute(_SELECT + ordered, (before, limit))]


def read_runs(connection: Connection, number: int) -> list[tuple[int, int]]:
    """Where the records of a load stand in the own log: [begin, end), in order."""
    rows = connection.execute(
        "SELECT first_index, first_index + records FROM load_run WHERE load = ? ORDER BY first_index", (number,)
    )
    return rows.fetchall()


def ask_retraction(connection: Connection, load: Load) -> None:
    """Notes who asks to take a load back, and why; an earlier question is replaced."""
    connection.execute(
        "UPDATE load SET purpose = ?, legal_basis = ?, asked_by = ?, asked_at_ms = ? WHERE number = ?",
        (load.purpose, load.legal_basis, load.asked_by, load.asked_at_ms, load.number),
    )


def approve_retraction(connection: Connection, number: int, by: str, at_ms: int) -> None:
    """Notes who approves that a load is retracted."""
    connection.execute("UPDATE load SET approved_by = ?, approved_at_ms = ? WHERE number = ?", (by, at_ms, number))
