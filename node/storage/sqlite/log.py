"""The node's own log: idempotent appends, one signed checkpoint a commit."""

import os
from collections.abc import Callable, Sequence
from enum import Enum
from functools import partial
from io import BytesIO
from typing import NamedTuple

from node.core.log.checkpoint import LogKey, format_checkpoint, log_name
from node.core.log.merkle import EMPTY_ROOT, Frontier, Tile
from node.core.log.record import SALT_BYTES, record_id, seal
from node.core.log.trusted_log import MAX_RECORD_BYTES, VerifiedBatch, VerifiedRecord
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock, Signer
from node.storage.sqlite import rows
from node.storage.sqlite.ended import remember_ended
from node.storage.sqlite.idempotency import Version, forget_version, move_version, read_versions, write_versions
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import check_tree, position, write_tiles
from node.stubs.record.v1.record_pb2 import Header

OWN = 0
# Content of a row that only its record is known of: whatever is handed in for it is another.
_UNKNOWN = b""
_STANDING = (
    "SELECT view FROM record WHERE position = :row"
    " AND NOT EXISTS (SELECT 1 FROM change WHERE position = :row AND kind = 'retracted')"
)


class Entry(NamedTuple):
    """A record to be appended.

    Attributes:
        header: Complete but for id, supersedes and facets, which the log sets.
        bodies: One facet body for each facet number.
        key: Idempotency key, 16 bytes; None for an entry that is never sent twice.
        more_keys: Further keys that the record stands for; it is a duplicate where the log holds all of them.
        content: Digest of the content, 16 bytes.
    """

    header: Header
    bodies: Sequence[bytes]
    key: bytes | None = None
    content: bytes = b""
    more_keys: Sequence[bytes] = ()

    @property
    def keys(self) -> tuple[bytes, ...]:
        """Every key that the record stands for."""
        return () if self.key is None else (self.key, *self.more_keys)


class AppendOutcome(Enum):
    """What became of an entry."""

    ACCEPTED = 1
    DUPLICATE = 2
    SUPERSEDED = 3
    OUTDATED = 4


class AppendResult(NamedTuple):
    """What became of an entry and the id of the record that now stands for it."""

    outcome: AppendOutcome
    id: str


class KnownAs(NamedTuple):
    """By what the log knows an adopted record, should it be appended again.

    Attributes:
        keys: Its idempotency keys.
        content: Digest of its content, 16 bytes; `_UNKNOWN` where only the record is known.
    """

    keys: Sequence[bytes] = ()
    content: bytes = _UNKNOWN


KnownAsOf = Callable[[VerifiedRecord], KnownAs]
DeriveEntries = Callable[[Sequence[AppendResult], Sequence[Entry], Callable[[str], bytes | None]], Sequence[Entry]]


class _Run(NamedTuple):
    """What one append adds to the tables; `salts` holds random bytes for its seals."""

    salts: BytesIO
    leaves: list[bytes]
    records: list[rows.RecordRow]
    subjects: list[rows.SubjectRow]
    superseded: list[tuple[int, int]]
    retracted: list[tuple[int, int]]
    versions: dict[bytes, Version]


class OwnLog:
    """Appends to the log inside the writer's transactions; signs one checkpoint for each."""

    def __init__(self, connection: Connection, city: str, signer: Signer, clock: Clock) -> None:
        """Takes up the log where the store stands, making it if there is none.

        Raises:
            NodeError: STORAGE_CORRUPT, the stored tree is not the one last signed.
        """
        self.city = city
        self._signer = signer
        self._clock = clock
        self._key = LogKey(log_name(city), signer.public_key)
        self.held_back: NodeError | None = None
        """Why nothing may be appended now; set before the writer starts on appends."""
        connection.execute(
            "INSERT OR IGNORE INTO origin (number, city, root) VALUES (?, ?, ?)", (OWN, city, EMPTY_ROOT)
        )
        self._note = self._signed_note = b""
        self._frontier = self._pending = _restore(connection, city)
        self._sign(connection)
        self.after_commit()

    def append(
        self, connection: Connection, entries: Sequence[Entry], derive: DeriveEntries | None = None
    ) -> list[AppendResult]:
        """Appends entries in order, skipping those the log already holds. Runs in a writer's job.

        Args:
            connection: The writer's, in a transaction.
            entries: In order.
            derive: (placed, entries, view of an own record id) -> entries that must follow in the same transaction.
        """
        if self.held_back is not None:
            # Anew each time: on one exception tracebacks, and what they hold, would pile up.
            raise NodeError(self.held_back.reason, self.held_back.message)
        frontier = self._pending.copy()
        placed = self._extend(connection, frontier, entries)
        if derive is not None:
            self._extend(connection, frontier, derive(placed, entries, partial(self._read_view, connection)))
        self._pending = frontier  # only now: a job that failed before this is undone whole
        return placed

    def adopt(self, connection: Connection, batch: VerifiedBatch, known_as: KnownAsOf) -> None:
        """Stores again, from a peer's copy, records of this log that were lost here. Runs in a writer's job.

        Args:
            connection: The writer's, in a transaction.
            batch: Verified as any peer's, by this city's own keys: it goes on where the log ends.
            known_as: By what a record is known, so that it is not appended again.
        """
        run = _Run(BytesIO(), [], [], [], [], [], {})
        for record in batch.records:
            run.records.append((position(OWN, record.leaf_index), record.leaf_hash, record.view))
            if record.header is not None:
                self._take_up(connection, record.header, record.leaf_index, known_as(record), run)
        self._write(connection, run, batch.tiles)
        self._pending = batch.frontier

    @staticmethod
    def _take_up(connection: Connection, header: Header, index: int, known_as: KnownAs, run: _Run) -> None:
        row = position(OWN, index)
        run.subjects.extend(rows.subject_rows(header, row))
        if header.retracts:
            run.retracted.append((rows.target_of(OWN, header.retracts), row))
            return
        version = Version(known_as.content, header.as_of_ms, index)
        replaced = rows.target_of(OWN, header.supersedes) if header.supersedes else None
        if replaced is not None:
            run.superseded.append((replaced, row))
        if replaced is None or not move_version(connection, replaced, version):
            write_versions(connection, dict.fromkeys(known_as.keys, version))

    @property
    def note(self) -> bytes:
        """The newest durable checkpoint, signed."""
        return self._note

    def before_commit(self, connection: Connection) -> None:
        """Signs the checkpoint of the transaction (writer's Participant)."""
        if self._pending.size != self._signed_size:
            self._sign(connection)

    def after_commit(self) -> None:
        """The transaction is durable (writer's Participant)."""
        self._frontier = self._pending
        self._signed_size = self._frontier.size
        self._note = self._signed_note

    def after_rollback(self) -> None:
        """Nothing of the transaction happened (writer's Participant)."""
        self._pending = self._frontier
        self._signed_note = self._note  # what was signed for it is never shown

    def _read_view(self, connection: Connection, record: str) -> bytes | None:
        """None where the record is not there, was destroyed or was retracted."""
        row = connection.execute(_STANDING, {"row": rows.target_of(OWN, record)}).fetchone()
        return row[0] if row else None

    def _extend(self, connection: Connection, frontier: Frontier, entries: Sequence[Entry]) -> list[AppendResult]:
        # Drawn at once: each draw gives Python's lock away, and with it a turn of the writer.
        salts = BytesIO(os.urandom(SALT_BYTES * sum(len(entry.bodies) for entry in entries)))
        run = _Run(salts, [], [], [], [], [], {})
        known = read_versions(connection, [key for entry in entries for key in entry.keys])
        last = {entry.key: entry for entry in entries}
        placed = [self._place(entry, known, last[entry.key], frontier.size + len(run.leaves), run) for entry in entries]
        self._write(connection, run, frontier.extend(run.leaves))
        return placed

    def _place(self, entry: Entry, known: dict[bytes, Version], last: Entry, index: int, run: _Run) -> AppendResult:
        """Places an entry; `last` is the last one of its row in the batch."""
        is_known = all(key in known for key in entry.keys)
        version = known.get(entry.key) if entry.key and is_known else None
        if version is not None:
            if version.content == entry.content:
                # What was true in between comes too late from now on.
                _renew(entry, version.said_again(entry.header.as_of_ms), known, run)
                return AppendResult(AppendOutcome.DUPLICATE, record_id(self.city, version.leaf_index))
            if _is_outdated(entry, version, last):
                _renew(entry, version.passing_over(entry.content, entry.header.as_of_ms), known, run)
                return AppendResult(AppendOutcome.OUTDATED, record_id(self.city, version.leaf_index))
            entry.header.supersedes = record_id(self.city, version.leaf_index)
            run.superseded.append((position(OWN, version.leaf_index), position(OWN, index)))
        self._seal(entry, index, run)
        newest = (entry.content, entry.header.as_of_ms, index)
        for key in entry.keys:
            known[key] = run.versions[key] = version.followed_by(*newest) if version else Version(*newest)
        return AppendResult(AppendOutcome.SUPERSEDED if version else AppendOutcome.ACCEPTED, entry.header.id)

    def _seal(self, entry: Entry, index: int, run: _Run) -> None:
        header, row = entry.header, position(OWN, index)
        header.id = record_id(self.city, index)
        leaf_hash, view = seal(header, entry.bodies, run.salts.read(SALT_BYTES * len(entry.bodies)))
        if len(view) > MAX_RECORD_BYTES:
            raise NodeError(
                Reason.TOO_LARGE,
                _(
                    "the record has {count} bytes; at most {most} are allowed",
                    count=len(view),
                    most=MAX_RECORD_BYTES,
                ),
            )
        run.leaves.append(leaf_hash)
        run.records.append((row, leaf_hash, view))
        run.subjects.extend(rows.subject_rows(header, row))
        if header.retracts:
            run.retracted.append((rows.target_of(OWN, header.retracts), row))

    def _write(self, connection: Connection, run: _Run, tiles: list[Tile]) -> None:
        at_ms = self._clock.now_ms()
        rows.insert_records(connection, run.records)
        rows.insert_subjects(connection, run.subjects)
        write_tiles(connection, OWN, tiles)
        write_versions(connection, run.versions)
        rows.supersede(connection, run.superseded, at_ms)
        for row, by in run.retracted:
            if (view := rows.unindex(connection, row)) is not None:
                remember_ended(connection, row, view, at_ms)
            rows.note_change(connection, row, "retracted", at_ms, by)
            forget_version(connection, row)

    def _sign(self, connection: Connection) -> None:
        size, root, at_ms = self._pending.size, self._pending.root(), self._clock.now_ms()
        note = self._signed_note = format_checkpoint(self._key, size, root, self._signer.sign)
        connection.execute(
            "UPDATE origin SET size = ?, root = ?, checkpoint = ?, checkpoint_size = ?, whole_checkpoint = ?,"
            " whole_size = ?, verified = ?, confirmed_at_ms = ? WHERE number = ?",
            (size, root, note, size, note, size, size, at_ms, OWN),
        )


def _renew(entry: Entry, version: Version, known: dict[bytes, Version], run: _Run) -> None:
    """Keeps what an entry that is not stored tells of the version of its row."""
    if entry.key is not None and known[entry.key] != version:
        known[entry.key] = run.versions[entry.key] = version


def _is_outdated(entry: Entry, version: Version, last: Entry) -> bool:
    """Whether a row says what was true before its version in the log: older, replaced, or replaced in its own batch."""
    as_of_ms = entry.header.as_of_ms
    is_said_again = last.content == version.content and last.header.as_of_ms >= as_of_ms
    return as_of_ms < version.as_of_ms or is_said_again or version.has_replaced(entry.content, as_of_ms)


def _restore(connection: Connection, city: str) -> Frontier:
    named, size, root = connection.execute("SELECT city, size, root FROM origin WHERE number = ?", (OWN,)).fetchone()
    if named != city:
        raise NodeError(
            Reason.INVALID_CONFIG,
            _("this data folder holds the log of {named!r}, not of {city!r}", named=named, city=city),
        )
    return check_tree(connection, OWN, size, root)
