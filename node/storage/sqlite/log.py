"""The node's own log: idempotent appends, one signed checkpoint a commit."""

from collections.abc import Iterable, Sequence
from functools import partial

from node.core.log.checkpoint import LogKey, format_checkpoint, log_name
from node.core.log.merkle import EMPTY_ROOT, Frontier, Tile, split_hashes
from node.core.log.record import Record, parse_record_id, record_id
from node.core.log.run import cut
from node.core.log.subjects import IndexEntry, index_entries
from node.core.log.trusted_log import VerifiedBatch
from node.core.standards.kinds import kind_of
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock, Signer
from node.storage.sqlite import rows
from node.storage.sqlite.ended import remember_ended
from node.storage.sqlite.entry import (
    AppendOutcome,
    AppendResult,
    DeriveEntries,
    Entry,
    KnownAs,
    KnownAsOf,
    seal_entries,
)
from node.storage.sqlite.idempotency import Version, forget_version, move_version, read_versions, write_versions
from node.storage.sqlite.runs import Labelled, insert_runs, labelled, read_at, read_record
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import check_tree, position, write_tiles
from node.stubs.record.v1.record_pb2 import Own

OWN = 0


class _Addition:
    """What one append adds to the tables."""

    def __init__(self, size: int) -> None:
        self.size = size
        """Of the log with what is added so far."""
        self.sealed: list[Entry] = []
        self.runs: list[Labelled] = []
        self.subjects: list[IndexEntry] = []
        self.superseded: list[tuple[int, int]] = []
        """Leaf indices: of what is replaced, of what replaces it."""
        self.retracted: list[tuple[int, int]] = []
        self.versions: dict[bytes, Version] = {}


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
            derive: (placed, entries, own record of an id) -> entries that must follow in the same transaction.
        """
        if self.held_back is not None:
            # Anew each time: on one exception tracebacks, and what they hold, would pile up.
            raise NodeError(self.held_back.reason, self.held_back.message)
        frontier = self._pending.copy()
        placed = self._extend(connection, frontier, entries)
        if derive is not None:
            self._extend(connection, frontier, derive(placed, entries, partial(self._read_standing, connection)))
        self._pending = frontier  # only now: a job that failed before this is undone whole
        return placed

    def adopt(self, connection: Connection, batch: VerifiedBatch, known_as: KnownAsOf) -> None:
        """Stores again, from a peer's copy, records of this log that were lost here. Runs in a writer's job.

        Args:
            connection: The writer's, in a transaction.
            batch: Verified as any peer's, by this city's own keys: it goes on where the log ends.
            known_as: By what a record is known, so that it is not appended again.
        """
        added = _Addition(batch.size)
        for run in batch.runs:
            added.runs.append(labelled(run))
            added.subjects.extend(run.entries)
            for record in cut(run.stored) if run.shared else ():
                self._take_up(connection, record, known_as(record), added)
        self._write(connection, added, batch.tiles)
        self._pending = batch.frontier

    @staticmethod
    def _take_up(connection: Connection, record: Record, known_as: KnownAs, added: _Addition) -> None:
        own = Own.FromString(record.own)
        if own.retracts:
            added.retracted.append((own.retracts - 1, record.index))
            return
        version = Version(known_as.content, record.header.as_of_ms, record.index)
        if own.supersedes:
            added.superseded.append((own.supersedes - 1, record.index))
        if not own.supersedes or not move_version(connection, own.supersedes - 1, version):
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

    def _read_standing(self, connection: Connection, record: str) -> Record | None:
        """An own record; None where it is not there, was destroyed or was retracted."""
        index = parse_record_id(record)[1]
        stored = read_record(connection, OWN, index)
        is_standing = (
            stored is not None and stored.is_open and not rows.was(connection, position(OWN, index), "retracted")
        )
        return stored if is_standing else None

    def _extend(self, connection: Connection, frontier: Frontier, entries: Sequence[Entry]) -> list[AppendResult]:
        added = _Addition(frontier.size)
        known = read_versions(connection, [key for entry in entries for key in entry.keys])
        last = {entry.key: entry for entry in entries}
        placed = [self._place(entry, known, last[entry.key], added) for entry in entries]
        sealed = seal_entries(added.sealed, frontier.size)
        added.runs.extend(sealed)
        leaves = [leaf_hash for run, _standard in sealed for leaf_hash in split_hashes(run.hashes)]
        self._write(connection, added, frontier.extend(leaves))
        return placed

    def _place(self, entry: Entry, known: dict[bytes, Version], last: Entry, added: _Addition) -> AppendResult:
        """Places an entry; `last` is the last one of its row in the batch."""
        is_known = all(key in known for key in entry.keys)
        version = known.get(entry.key) if entry.key and is_known else None
        if version is not None:
            if version.content == entry.content:
                # What was true in between comes too late from now on.
                _renew(entry, version.said_again(entry.as_of_ms), known, added)
                return AppendResult(AppendOutcome.DUPLICATE, record_id(self.city, version.leaf_index))
            if _is_outdated(entry, version, last):
                _renew(entry, version.passing_over(entry.content, entry.as_of_ms), known, added)
                return AppendResult(AppendOutcome.OUTDATED, record_id(self.city, version.leaf_index))
            entry.own.supersedes = version.leaf_index + 1
            added.superseded.append((version.leaf_index, added.size))
        index = self._take(entry, added)
        newest = (entry.content, entry.as_of_ms, index)
        for key in entry.keys:
            known[key] = added.versions[key] = version.followed_by(*newest) if version else Version(*newest)
        outcome = AppendOutcome.SUPERSEDED if version else AppendOutcome.ACCEPTED
        return AppendResult(outcome, record_id(self.city, index))

    @staticmethod
    def _take(entry: Entry, added: _Addition) -> int:
        """Takes an entry into the log; returns its leaf index."""
        index = added.size
        added.sealed.append(entry)
        added.size += 1
        added.subjects += index_entries(entry.own.subjects, kind_of(entry.shared.common.standard), index)
        if entry.own.retracts:
            added.retracted.append((entry.own.retracts - 1, index))
        return index

    def _write(self, connection: Connection, added: _Addition, tiles: list[Tile]) -> None:
        at_ms = self._clock.now_ms()
        insert_runs(connection, OWN, added.runs)
        rows.insert_subjects(connection, position(OWN, 0), added.subjects)
        write_tiles(connection, OWN, tiles)
        write_versions(connection, added.versions)
        _supersede(connection, added.superseded, at_ms)
        _retract(connection, added.retracted, at_ms)

    def _sign(self, connection: Connection) -> None:
        size, root, at_ms = self._pending.size, self._pending.root(), self._clock.now_ms()
        note = self._signed_note = format_checkpoint(self._key, size, root, self._signer.sign)
        connection.execute(
            "UPDATE origin SET size = ?, root = ?, checkpoint = ?, checkpoint_size = ?, whole_checkpoint = ?,"
            " whole_size = ?, verified = ?, confirmed_at_ms = ? WHERE number = ?",
            (size, root, note, size, note, size, size, at_ms, OWN),
        )


def _supersede(connection: Connection, pairs: Sequence[tuple[int, int]], at_ms: int) -> None:
    """Takes replaced records out of the index: (leaf index, that of what replaces it); they stay as history."""
    by_row = [(position(OWN, index), position(OWN, by)) for index, by in pairs]
    _unindex(connection, dict(by_row))
    rows.note_changes(connection, [rows.Change(row, "superseded", at_ms, by) for row, by in by_row])


def _retract(connection: Connection, pairs: Sequence[tuple[int, int]], at_ms: int) -> None:
    """Takes retracted records out of the index: (leaf index, that of what retracts it)."""
    by_row = [(position(OWN, index), position(OWN, by)) for index, by in pairs]
    for row, record in _unindex(connection, dict(by_row)).items():
        remember_ended(connection, row, record, at_ms)
    rows.note_changes(connection, [rows.Change(row, "retracted", at_ms, by) for row, by in by_row])
    for index, _by in pairs:
        forget_version(connection, index)


def _unindex(connection: Connection, positions: Iterable[int]) -> dict[int, Record]:
    """Takes the open ones of these records out of the index; returns them."""
    records = {row: record for row, record in read_at(connection, positions).items() if record.is_open}
    rows.unindex(connection, records.values(), position(OWN, 0))
    return records


def _renew(entry: Entry, version: Version, known: dict[bytes, Version], added: _Addition) -> None:
    """Keeps what an entry that is not stored tells of the version of its row."""
    if entry.key is not None and known[entry.key] != version:
        known[entry.key] = added.versions[entry.key] = version


def _is_outdated(entry: Entry, version: Version, last: Entry) -> bool:
    """Whether a row says what was true before its version in the log: older, replaced, or replaced in its own batch."""
    is_said_again = last.content == version.content and last.as_of_ms >= entry.as_of_ms
    return entry.as_of_ms < version.as_of_ms or is_said_again or version.has_replaced(entry.content, entry.as_of_ms)


def _restore(connection: Connection, city: str) -> Frontier:
    named, size, root = connection.execute("SELECT city, size, root FROM origin WHERE number = ?", (OWN,)).fetchone()
    if named != city:
        raise NodeError(
            Reason.INVALID_CONFIG,
            _("this data folder holds the log of {named!r}, not of {city!r}", named=named, city=city),
        )
    return check_tree(connection, OWN, size, root)


__all__ = ["OWN", "AppendOutcome", "AppendResult", "DeriveEntries", "Entry", "KnownAs", "KnownAsOf", "OwnLog"]
