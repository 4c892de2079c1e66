"""Replicas: what this node has verified of the peers' logs. Cursor and records move in one transaction."""

from collections.abc import Sequence
from dataclasses import dataclass

from node.core.log.checkpoint import Checkpoint, parse_checkpoint
from node.core.log.merkle import EMPTY_ROOT
from node.core.log.record import disclosed_facets, record_id
from node.core.log.trusted_log import Revision, VerifiedBatch, VerifiedRecord
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite import rows
from node.storage.sqlite.ended import note_republished, remember_ended
from node.storage.sqlite.peer_state import destroy_payloads
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import position, write_tiles
from node.stubs.record.v1.record_pb2 import View

_SELECT = (
    "SELECT number, city, size, root, checkpoint, confirmed_at_ms, verified, withheld, held_grant, wanted_grant,"
    " revised, revise_upto, purpose, whole_size, whole_checkpoint FROM origin"
)
_SELECT_CITY = _SELECT + " WHERE city = ?"


@dataclass(frozen=True)
class Origin:
    """A city's log as it stands in this store (the own log is number 0).

    Attributes:
        size: Verified tree size: the cursor.
        checkpoint: The newest verified checkpoint; its size is never below `size`.
        confirmed_at_ms: When the origin last vouched for its log.
        held_grant: Digest of the rules under which the stored views were made.
        wanted_grant: Digest of the rules now in force; differs from `held_grant` while a revision is under way.
        revised: Every record below is under `wanted_grant`.
        revise_upto: Records from here on came under `wanted_grant` already.
        whole_checkpoint: The newest checkpoint whose records are all here, at tree size `whole_size`.
    """

    number: int
    city: str
    size: int
    root: bytes
    checkpoint: bytes | None
    confirmed_at_ms: int
    verified: int
    withheld: int
    held_grant: str
    wanted_grant: str
    revised: int
    revise_upto: int
    purpose: str
    whole_size: int
    whole_checkpoint: bytes | None

    @property
    def known(self) -> Checkpoint | None:
        """The newest verified checkpoint."""
        return parse_checkpoint(self.checkpoint) if self.checkpoint else None

    @property
    def to_revise(self) -> int:
        """Number of records that still stand under an earlier grant."""
        return self.revise_upto - self.revised


def read_origins(connection: Connection) -> list[Origin]:
    """Every origin, the own log first."""
    return [Origin(*row) for row in connection.execute(_SELECT + " ORDER BY number")]


def read_origin(connection: Connection, city: str) -> Origin | None:
    """One origin, or None where nothing of it was ever stored."""
    row = connection.execute(_SELECT_CITY, (city,)).fetchone()
    return Origin(*row) if row else None


def ensure_origin(connection: Connection, city: str) -> Origin:
    """The origin of a peer, made where there is none."""
    connection.execute("INSERT OR IGNORE INTO origin (city, root) VALUES (?, ?)", (city, EMPTY_ROOT))
    row = connection.execute(_SELECT_CITY, (city,)).fetchone()
    return Origin(*row)


def store_batch(connection: Connection, city: str, batch: VerifiedBatch, purpose: str, at_ms: int) -> int:
    """Stores a verified batch and moves the cursor; returns the number of destroyed views.

    Raises:
        NodeError: BATCH_REPLAYED, the cursor is not where the batch begins.
    """
    origin = ensure_origin(connection, city)
    if batch.size - len(batch.records) != origin.size:
        raise NodeError(
            Reason.BATCH_REPLAYED,
            _(
                "{city}: the batch up to {size} does not continue from {held}",
                city=city,
                size=batch.size,
                held=origin.size,
            ),
        )
    base = position(origin.number, 0)
    rows.insert_records(connection, [(base + r.leaf_index, r.leaf_hash, r.view) for r in batch.records])
    open_records = [record for record in batch.records if record.header is not None]
    _index(connection, origin.number, open_records)
    write_tiles(connection, origin.number, batch.tiles)
    _move(connection, origin, batch, len(open_records), purpose, at_ms)
    _regrant(connection, origin, batch.grant)
    destroyed = _follow(connection, origin, open_records, at_ms)
    note_republished(connection, origin.number, open_records, at_ms)
    retracted = [record.header.retracts for record in open_records if record.header and record.header.retracts]
    return destroyed + destroy_payloads(connection, city, retracted)


def _index(connection: Connection, origin: int, records: Sequence[VerifiedRecord]) -> None:
    base = position(origin, 0)
    entries = [
        entry
        for record in records
        if record.header is not None
        for entry in rows.subject_rows(record.header, base + record.leaf_index)
    ]
    rows.insert_subjects(connection, entries)


def _move(
    connection: Connection, origin: Origin, batch: VerifiedBatch, verified: int, purpose: str, at_ms: int
) -> None:
    # Compare-and-swap: two pulls of one peer can't both move the cursor.
    moved = connection.execute(
        "UPDATE origin SET size = ?, root = ?, checkpoint = ?, checkpoint_size = ?, confirmed_at_ms = ?, purpose = ?,"
        " verified = verified + ?, withheld = withheld + ? WHERE number = ? AND size = ?",
        (
            batch.size, batch.root, batch.checkpoint.note, batch.checkpoint.size, at_ms, purpose,
            verified, len(batch.records) - verified, origin.number, origin.size,
        ),
    )  # fmt: skip
    if moved.rowcount != 1:
        raise NodeError(Reason.BATCH_REPLAYED, _("{city}: another pull stored records meanwhile", city=origin.city))
    if batch.size == batch.checkpoint.size:
        connection.execute(
            "UPDATE origin SET whole_size = ?, whole_checkpoint = ? WHERE number = ?",
            (batch.size, batch.checkpoint.note, origin.number),
        )


def _regrant(connection: Connection, origin: Origin, grant: str) -> None:
    """Notes under which grant the batch came; another than before begins a revision of all that stands below it."""
    if grant == origin.wanted_grant:
        return
    if origin.size == 0:
        values = (grant, grant, 0, 0)
    elif origin.to_revise:  # a grant that changed during a revision: nothing is known of what stands
        values = ("", grant, 0, origin.size)
    else:
        values = (origin.wanted_grant, grant, 0, origin.size)
    connection.execute(
        "UPDATE origin SET held_grant = ?, wanted_grant = ?, revised = ?, revise_upto = ? WHERE number = ?",
        (*values, origin.number),
    )


def _follow(connection: Connection, origin: Origin, records: Sequence[VerifiedRecord], at_ms: int) -> int:
    """Does what the new headers ask: superseded records leave the index, retracted ones are destroyed."""
    destroyed = 0
    for record in records:
        header = record.header
        if header is not None and header.supersedes:
            replaced = rows.target_of(origin.number, header.supersedes)
            rows.supersede(connection, [(replaced, position(origin.number, record.leaf_index))], at_ms)
        if header is not None and header.retracts:
            target = rows.target_of(origin.number, header.retracts)
            by = position(origin.number, record.leaf_index)
            destroyed += _replace(connection, origin, target, None, "retracted", at_ms, by)
    return destroyed


def store_revision(connection: Connection, city: str, revision: Revision, at_ms: int) -> int:
    """Replaces stored views by what the grant now in force discloses; returns the number of destroyed views.

    Raises:
        NodeError: GRANT_CHANGED, the store waits for another revision than this one.
    """
    origin = ensure_origin(connection, city)
    if revision.begin != origin.revised or revision.grant != origin.wanted_grant:
        raise NodeError(
            Reason.GRANT_CHANGED,
            _("{city}: unexpected revision from {begin}", city=city, begin=revision.begin),
        )
    destroyed, lessened = 0, []
    for record in revision.records:
        count, names = _revise(connection, origin, record, at_ms)
        destroyed += count
        lessened += names
    destroyed += destroy_payloads(connection, city, lessened)
    note_republished(connection, origin.number, revision.records, at_ms)
    connection.execute("UPDATE origin SET revised = ? WHERE number = ?", (revision.end, origin.number))
    if revision.end == origin.revise_upto:
        connection.execute(
            "UPDATE origin SET held_grant = wanted_grant, revised = 0, revise_upto = 0 WHERE number = ?",
            (origin.number,),
        )
    return destroyed


def _revise(connection: Connection, origin: Origin, record: VerifiedRecord, at_ms: int) -> tuple[int, list[str]]:
    """Returns the number of views it destroys, and the ids of the records of which less is disclosed than before."""
    row = position(origin.number, record.leaf_index)
    stored = _read_view(connection, row)
    if stored == record.view:
        return 0, []
    if stored is None:
        retracts = record.header.retracts if record.header else ""
        return _widen(connection, origin, record, at_ms), [retracts] if retracts else []
    if record.view is not None and _shown(stored) <= _shown(record.view):
        return _replace(connection, origin, row, record.view, "widened", at_ms), []
    destroyed = _replace(connection, origin, row, record.view, "narrowed", at_ms)
    return destroyed, [record_id(origin.city, record.leaf_index)]


def _read_view(connection: Connection, row: int) -> bytes | None:
    stored = connection.execute("SELECT view FROM record WHERE position = ?", (row,)).fetchone()
    return stored[0] if stored else None


def _shown(view: bytes | None) -> frozenset[int]:
    return disclosed_facets(View.FromString(view)) if view else frozenset()


def _widen(connection: Connection, origin: Origin, record: VerifiedRecord, at_ms: int) -> int:
    """A record withheld whole until now comes to light; returns the number of views it destroys."""
    row = position(origin.number, record.leaf_index)
    connection.execute("UPDATE record SET view = ? WHERE position = ?", (record.view, row))
    _count(connection, origin, 1)
    rows.note_change(connection, row, "widened", at_ms)
    if record.header is not None and not _is_replaced(connection, row):
        rows.insert_subjects(connection, rows.subject_rows(record.header, row))
    return _follow(connection, origin, [record], at_ms)


def _is_replaced(connection: Connection, row: int) -> bool:
    """Whether a later record of the log has superseded this one, as far as this node may see."""
    return connection.execute(
        "SELECT 1 FROM change WHERE position = ? AND kind IN ('superseded', 'retracted') LIMIT 1", (row,)
    ).fetchone() is not None  # fmt: skip


def _replace(
    connection: Connection, origin: Origin, row: int, view: bytes | None, kind: str, at_ms: int, by: int | None = None
) -> int:
    """Puts `view` in the place of a stored one; with None the record is destroyed but for its leaf hash."""
    if _read_view(connection, row) is None:
        if kind == "retracted":
            rows.note_change(connection, row, kind, at_ms, by)
        return 0
    if view is None:
        gone = rows.unindex(connection, row)
        if gone is not None and kind == "retracted":
            remember_ended(connection, row, gone, at_ms)
        _count(connection, origin, -1)
    connection.execute("UPDATE record SET view = ? WHERE position = ?", (view, row))
    rows.note_change(connection, row, kind, at_ms, by)
    return 1


def _count(connection: Connection, origin: Origin, verified: int) -> None:
    connection.execute(
        "UPDATE origin SET verified = verified + ?, withheld = withheld - ? WHERE number = ?",
        (verified, verified, origin.number),
    )
