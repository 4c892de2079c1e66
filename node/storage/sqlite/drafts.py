"""Drafts of acts: what one officer made and another has yet to approve. They are in no log."""

from typing import NamedTuple

from node.core.standards.validation import Finding
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.schema import Connection


class Draft(NamedTuple):
    """An act that waits for its approver.

    Attributes:
        number: 0 for one that is not stored yet.
        case: record id of the case's opening act; empty where the act is to open it.
        body: serialised message of the workflow's standard, as the maker left it.
        also_to: cities that are to see the case beside its parties.
        maker: account; empty while the software prepared it and nobody has taken it up.
        warnings: what its maker is told of it; not stored.
    """

    number: int
    workflow: str
    case: str
    act: str
    body: bytes
    also_to: tuple[str, ...]
    maker: str
    made_at_ms: int
    warnings: tuple[Finding, ...] = ()


_SELECT = "SELECT number, workflow, case_id, act, body, also_to, maker, made_at_ms FROM draft WHERE closed_by = ''"


def insert_draft(connection: Connection, draft: Draft) -> int:
    """Stores a draft; returns its number."""
    inserted = connection.execute(
        "INSERT INTO draft (workflow, case_id, act, body, also_to, maker, made_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (draft.workflow, draft.case, draft.act, draft.body, " ".join(draft.also_to), draft.maker, draft.made_at_ms),
    )
    return int(inserted.lastrowid or 0)


def read_drafts(connection: Connection) -> list[Draft]:
    """The open drafts, oldest first."""
    return [_draft(row) for row in connection.execute(_SELECT + " ORDER BY number")]


def read_draft(connection: Connection, number: int) -> Draft:
    """An open draft.

    Raises:
        NodeError: NOT_FOUND.
    """
    row = connection.execute(_SELECT + " AND number = ?", (number,)).fetchone()
    if row is None:
        raise NodeError(Reason.NOT_FOUND, _("no open draft {number}", number=number))
    return _draft(row)


def close_draft(connection: Connection, number: int, by: str, at_ms: int, record: str) -> None:
    """Closes a draft: `record` is what came of it, or empty. Its body goes; the log holds it, or nobody needs it."""
    connection.execute(
        "UPDATE draft SET body = x'', closed_by = ?, closed_at_ms = ?, record = ? WHERE number = ?",
        (by, at_ms, record, number),
    )


def _draft(row: tuple[int, str, str, str, bytes, str, str, int]) -> Draft:
    number, workflow, case, act, body, also_to, maker, made_at_ms = row
    return Draft(number, workflow, case, act, body, tuple(also_to.split()), maker, made_at_ms)
