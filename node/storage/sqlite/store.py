"""The store of one node: `node.db`, one writer, any number of readers."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TypeVar

from node.core.log.trusted_log import Revision, VerifiedBatch
from node.ports import Clock, Signer
from node.storage.sqlite import drafts, loads, peer_state, policies, replica
from node.storage.sqlite.drafts import Draft
from node.storage.sqlite.errors import translated
from node.storage.sqlite.loads import Load
from node.storage.sqlite.log import OWN, AppendOutcome, AppendResult, DeriveEntries, Entry, KnownAsOf, OwnLog
from node.storage.sqlite.peer_state import WritablePeerStates
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.replica import Origin
from node.storage.sqlite.retention import destroy_ended
from node.storage.sqlite.revision import store_revision
from node.storage.sqlite.schema import Connection, Error
from node.storage.sqlite.tree import position
from node.storage.sqlite.witness import WritableCheckpoints
from node.storage.sqlite.writer import Writer

_Result = TypeVar("_Result")
_NEWEST_DESTRUCTION = (
    "SELECT coalesce(max(number), 0) FROM change WHERE kind IN ('retracted', 'narrowed', 'forgotten') AND position >= ?"
)


class Store(Reader):
    """Reads and writes `node.db`. A returned future is resolved once its writes are durable."""

    def __init__(self, path: Path, city: str, signer: Signer, clock: Clock) -> None:
        """Opens (creating) the store and takes the writer's lock.

        Raises:
            NodeError: STORAGE_CORRUPT, STORAGE_FULL, UNSUPPORTED_SQLITE, NEWER_DATA, UNSUPPORTED_FORMAT or
                INVALID_CONFIG (another city's data).
        """
        super().__init__(path)
        self._clock = clock
        with translated(path.name):
            self._writer = Writer(path)
            self.log = OwnLog(self._writer.connection, city, signer, clock)
        self.peers: WritablePeerStates = WritablePeerStates(self._connections.current, self.submit, clock)
        self.checkpoints: WritableCheckpoints = WritableCheckpoints(self._connections.current, self.submit, clock)
        self._destruction = _Destruction(self._writer)
        self._destruction.after_commit()
        self._writer.participants = [self.log, self._destruction]
        self._writer.start()

    def append(
        self, entries: Sequence[Entry], derive: DeriveEntries | None = None, *, is_patient: bool = True, load: int = 0
    ) -> "Future[list[AppendResult]]":
        """Appends to the own log (`OwnLog.append`); resolved when all is durable and under a signed checkpoint.

        What a person waits for is not patient: it shares a commit only with what came while the one before was made.
        With the number of a `load` what is stored is noted as its records.
        """

        def job(connection: Connection) -> list[AppendResult]:
            placed = self.log.append(connection, entries, derive)
            if load:
                stored = [
                    each.id for each in placed if each.outcome in (AppendOutcome.ACCEPTED, AppendOutcome.SUPERSEDED)
                ]
                loads.note_records(connection, load, stored)
            return placed

        return self.submit(job, is_patient=is_patient)

    def begin_load(self, load: Load) -> "Future[int]":
        """Stores a load that begins; resolves to its number."""
        return self.submit(lambda connection: loads.insert_load(connection, load))

    def ask_retraction(self, load: Load) -> "Future[None]":
        """Notes who asks to take a load back (`loads.ask_retraction`)."""
        return self.submit(lambda connection: loads.ask_retraction(connection, load), is_patient=False)

    def approve_retraction(self, number: int, by: str) -> "Future[None]":
        """Notes who approves that a load is retracted (`loads.approve_retraction`)."""
        at_ms = self._clock.now_ms()
        return self.submit(lambda connection: loads.approve_retraction(connection, number, by, at_ms), is_patient=False)

    def adopt(self, batch: VerifiedBatch, known_as: KnownAsOf) -> "Future[None]":
        """Stores again, from a peer's copy, records of the own log that were lost here (`OwnLog.adopt`)."""
        return self.submit(lambda connection: self.log.adopt(connection, batch, known_as))

    def store_batches(self, city: str, batches: Sequence[VerifiedBatch], purpose: str) -> "Future[None]":
        """Stores verified batches of a peer, one after the other, and moves its cursor: all in one transaction."""
        return self._submit_destroying(
            lambda connection: replica.store_batches(connection, city, batches, purpose, self._clock.now_ms())
        )

    def store_revision(self, city: str, revision: Revision) -> "Future[None]":
        """Replaces what is stored of a peer's records by what was revised."""
        return self._submit_destroying(
            lambda connection: store_revision(connection, city, revision, self._clock.now_ms())
        )

    def destroy_ended(self, kept_since_ms: Mapping[str, int]) -> "Future[None]":
        """Destroys own records whose retention is over, by standard (`retention.destroy_ended`)."""
        return self._submit_destroying(lambda connection: destroy_ended(connection, kept_since_ms))

    def destroy_old_payloads(self, before_ms: int) -> "Future[None]":
        """Destroys what peers sent in incidents of before a moment; its SHA-256 stays."""
        return self._submit_destroying(lambda connection: peer_state.destroy_old_payloads(connection, before_ms))

    def put_policy(self, text: str, change: Entry | None) -> "Future[None]":
        """Puts a policy in force: remembers its text, logs what it changes for peers."""

        def job(connection: Connection) -> None:
            policies.write_policy(connection, text, self._clock.now_ms())
            if change is not None:
                self.log.append(connection, [change])

        return self.submit(job)

    def put_draft(self, draft: Draft) -> "Future[int]":
        """Keeps a draft; resolves to its number."""
        return self.submit(lambda connection: drafts.insert_draft(connection, draft), is_patient=False)

    def close_draft(self, number: int, by: str, instead: Draft | None = None) -> "Future[int]":
        """Gives an open draft up; with `instead` another takes its place. Resolves to the new one's number, or 0.

        The future raises NodeError NOT_FOUND where the draft is open no longer.
        """

        def job(connection: Connection) -> int:
            drafts.read_draft(connection, number)
            drafts.close_draft(connection, number, by, self._clock.now_ms(), "")
            return drafts.insert_draft(connection, instead) if instead else 0

        return self.submit(job, is_patient=False)

    def record_act(
        self, entries: Sequence[Entry], prepare: Callable[[str], Sequence[Draft]], draft: int = 0, by: str = ""
    ) -> "Future[tuple[str, list[int]]]":
        """Records an act and what belongs to it in one transaction; resolves to its record id and what it prepared.

        The future raises NodeError NOT_FOUND where the draft is open no longer: nobody approves one twice.

        Args:
            entries: the act, last, and what it retracts.
            prepare: record id of the act -> the drafts it leads to.
            draft: number of the draft that it was; 0 where there was none.
            by: account that closes the draft.
        """

        def job(connection: Connection) -> tuple[str, list[int]]:
            if draft:
                drafts.read_draft(connection, draft)
            record = self.log.append(connection, entries)[-1].id
            if draft:
                drafts.close_draft(connection, draft, by, self._clock.now_ms(), record)
            return record, [drafts.insert_draft(connection, each) for each in prepare(record)]

        return self.submit(job, is_patient=False)

    def scrub(self) -> bool:
        """Rewrites the database if values were destroyed since it was last; returns whether it did.

        SQLite's secure_delete overwrites a deleted row, but where a page was split before, a stale copy may stand in
        what became free space of it. Takes about a second for each 100 MB, in which nothing is written.

        Raises:
            NodeError: STORAGE_FULL; it is tried again.
        """
        newest = self.connection.execute(_NEWEST_DESTRUCTION, (position(OWN + 1, 0),)).fetchone()[0]
        if newest <= self.connection.execute("PRAGMA user_version").fetchone()[0]:
            return False

        def work(connection: Connection) -> None:
            connection.execute("VACUUM")
            connection.execute(f"PRAGMA user_version = {newest:d}")
            self._destruction.after_commit()

        self._destruction.pending += 1
        with translated():
            self._writer.run_alone(work)
        return True

    def check_file(self) -> None:
        """Checks that the database is still the file that was opened.

        Raises:
            NodeError: DATA_LOST.
        """
        self._writer.check_file()

    def close(self) -> None:
        """Finishes what is queued and closes the writer."""
        self._writer.close()

    def submit(self, job: Callable[[Connection], _Result], *, is_patient: bool = True) -> "Future[_Result]":
        """Runs a job in the writer's next transaction (`Writer.submit`)."""
        return self._writer.submit(job, is_patient=is_patient)

    def _submit_destroying(self, job: Callable[[Connection], int]) -> "Future[None]":
        def counted(connection: Connection) -> None:
            self._destruction.pending += job(connection)

        return self._writer.submit(counted, is_patient=False)  # made of many already


class _Destruction:
    """After a commit that destroyed values, empties the write-ahead log so that their bytes are gone there too."""

    def __init__(self, writer: Writer) -> None:
        self._connection = writer.connection
        self.pending = 1  # a process that was killed may have destroyed values and not come to this

    def before_commit(self, connection: Connection) -> None: ...

    def after_commit(self) -> None:
        # Not done where a reader is in the way or the disk is full: the next commit tries again.
        if self.pending and self._empty_wal():
            self.pending = 0

    def _empty_wal(self) -> bool:
        self._connection.execute("PRAGMA busy_timeout=1000")
        try:
            busy, _, _ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except Error:
            return False
        finally:
            self._connection.execute("PRAGMA busy_timeout=30000")
        return not busy

    def after_rollback(self) -> None: ...


__all__ = ["OWN", "AppendResult", "Entry", "Origin", "Store"]
