"""Revision of a replica: what another grant discloses of records that are stored takes their place."""

from collections.abc import Set

from node.core.log.run import OpenedRun, StoredRun, cut, cut_one
from node.core.log.trusted_log import Revision
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite import rows
from node.storage.sqlite.ended import note_republished
from node.storage.sqlite.peer_state import destroy_payloads
from node.storage.sqlite.replica import Origin, count_open, ensure_origin, follow, listings_in
from node.storage.sqlite.runs import labelled, put_run, read_runs
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import position


def store_revision(connection: Connection, city: str, revision: Revision, at_ms: int) -> int:
    """Replaces stored records by what the grant now in force discloses; returns the number of changed records.

    Raises:
        NodeError: GRANT_CHANGED, the store waits for another revision than this one.
    """
    origin = ensure_origin(connection, city)
    if revision.begin != origin.revised or revision.grant != origin.wanted_grant:
        raise NodeError(
            Reason.GRANT_CHANGED,
            _("{city}: unexpected revision from {begin}", city=city, begin=revision.begin),
        )
    destroyed, lessened = 0, dict[int, bytes]()
    for run in revision.runs:
        destroyed += _revise(connection, origin, run, lessened, at_ms)
    destroyed += destroy_payloads(connection, city, lessened)
    note_republished(connection, origin.number, listings_in(revision.runs), at_ms)
    connection.execute("UPDATE origin SET revised = ? WHERE number = ?", (revision.end, origin.number))
    if revision.end == origin.revise_upto:
        connection.execute(
            "UPDATE origin SET held_grant = wanted_grant, revised = 0, revise_upto = 0 WHERE number = ?",
            (origin.number,),
        )
    return destroyed


def _revise(connection: Connection, origin: Origin, run: OpenedRun, lessened: dict[int, bytes], at_ms: int) -> int:
    """Puts a revised run in its place; returns the number of records of which something else was disclosed before.

    Adds to `lessened` those of which less is disclosed now, or that were taken back, as `follow`.
    """
    base, destroyed = position(origin.number, 0), 0
    come: set[int] = set()
    changes: list[rows.Change] = []
    for held in read_runs(connection, origin.number, run.stored.first, run.stored.end):
        before, after = _shown(held), run.disclosed
        if before == after:
            continue
        indices = range(held.first, held.end)
        is_wider = after is not None and (before is None or before <= after)
        changes += [rows.Change(base + index, "widened" if is_wider else "narrowed", at_ms) for index in indices]
        if not is_wider:
            lessened.update((record.index, record.own) for record in cut(held))
        if before is None:
            come.update(indices)
            continue
        destroyed += held.length
        if after is None:
            rows.unindex(connection, cut(held), base)
            count_open(connection, origin, -held.length)
    if changes:
        put_run(connection, origin.number, *labelled(run))
        rows.note_changes(connection, changes)
    return destroyed + _show(connection, origin, run, come, lessened, at_ms)


def _shown(held: StoredRun) -> frozenset[int] | None:
    """What is disclosed of a stored run; None where its records are withheld whole or were destroyed."""
    return None if held.content is None else cut_one(held, held.first).disclosed


def _show(
    connection: Connection, origin: Origin, run: OpenedRun, come: Set[int], lessened: dict[int, bytes], at_ms: int
) -> int:
    """Does what records that come to light ask, those `come` of a run; returns the number of records it destroys."""
    if not come:
        return 0
    base = position(origin.number, 0)
    count_open(connection, origin, len(come))
    replaced = {index for index in come if rows.was(connection, base + index, "superseded", "retracted")}
    rows.insert_subjects(connection, base, [entry for entry in run.entries if entry[1] in come - replaced])
    specials = [(index, own) for index, own in run.special if index in come]
    return follow(connection, origin, specials, lessened, at_ms)
