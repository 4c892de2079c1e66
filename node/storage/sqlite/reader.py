"""Reads `node.db`: any number of readers, in any process."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from node.core.log.merkle import Frontier
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite import drafts, loads, policies
from node.storage.sqlite.connections import Connections
from node.storage.sqlite.drafts import Draft
from node.storage.sqlite.ended import are_ended, read_republished
from node.storage.sqlite.idempotency import read_versions
from node.storage.sqlite.loads import Load
from node.storage.sqlite.log import OWN
from node.storage.sqlite.lookup import read_subject_range
from node.storage.sqlite.peer_state import PeerStates
from node.storage.sqlite.replica import Origin, read_origin, read_origins
from node.storage.sqlite.rows import subject_digest
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import StoredTree, check_tree, position, read_leaf_hashes, split_position
from node.storage.sqlite.witness import Checkpoints

Row = tuple[int, bytes, bytes | None]
PER_SUBJECT = 2_000
"""Records about one subject, a case say, that count of each peer: the first. A flood is the flooder's alone."""


class Reader:
    """Reads `node.db` with one connection a thread; knows nothing of the writer, so any process may use it."""

    def __init__(self, path: Path) -> None:
        self._connections = Connections(path)
        self.peers = PeerStates(self._connections.current)
        self.checkpoints = Checkpoints(self._connections.current)

    @property
    def connection(self) -> Connection:
        """The calling thread's read-only connection."""
        return self._connections.current()

    def origins(self) -> list[Origin]:
        """Every origin, the own log first."""
        return read_origins(self.connection)

    def origin(self, city: str) -> Origin:
        """One origin.

        Raises:
            NodeError: NOT_FOUND.
        """
        origin = read_origin(self.connection, city)
        if origin is None:
            raise NodeError(Reason.NOT_FOUND, _("unknown city {city!r}", city=city[:40]))
        return origin

    def find_origin(self, city: str) -> Origin | None:
        """One origin, or None where nothing of it was ever stored."""
        return read_origin(self.connection, city)

    def records(self, origin: int, begin: int, end: int) -> list[Row]:
        """The records [begin, end) of an origin: (leaf index, leaf hash, view or None)."""
        rows = self.connection.execute(
            "SELECT position, leaf_hash, view FROM record WHERE position >= ? AND position < ? ORDER BY position",
            (position(origin, begin), position(origin, end)),
        ).fetchall()
        base = position(origin, 0)
        return [(row - base, leaf_hash, view) for row, leaf_hash, view in rows]

    def by_subject(self, subject: str) -> list[tuple[int, int, bytes]]:
        """The current records indexed under a subject, of each peer the first: (origin number, leaf index, view).

        Digests may collide: the caller compares the header's subjects.
        """
        return [
            (origin.number, index, view)
            for origin in self.origins()
            for index, view in self.subject_records(
                subject, origin.number, 0, origin.size, -1 if origin.number == OWN else PER_SUBJECT
            )
        ]

    def subject_records(
        self, subject: str, origin: int, begin: int, end: int, limit: int = -1
    ) -> list[tuple[int, bytes]]:
        """The current records [begin, end) of an origin under a subject: (leaf index, view); digests may collide."""
        return read_subject_range(self.connection, subject_digest(subject), origin, begin, end, limit)

    def are_known(self, keys: Sequence[bytes]) -> list[bool]:
        """Whether the own log holds a record under each idempotency key."""
        known = read_versions(self.connection, list(keys))
        return [key in known for key in keys]

    def newest_change(self) -> int:
        """The number of the newest change to a stored view."""
        return int(self.connection.execute("SELECT coalesce(max(number), 0) FROM change").fetchone()[0])

    def changed(self, after: int, to: int, kind: str = "%") -> list[tuple[int, int]]:
        """The records whose stored view changed, by the numbers (after, to] of the changes: (origin, leaf index).

        Args:
            after: Number of the last change known.
            to: Number of the newest.
            kind: Of change, as in `note_change`; "%" is any.
        """
        rows = self.connection.execute(
            "SELECT position FROM change WHERE number > ? AND number <= ? AND kind LIKE ?", (after, to, kind)
        )
        return [split_position(row) for (row,) in rows]

    def leaf_hashes(self, origin: int, begin: int, end: int) -> list[bytes]:
        """The leaf hashes of the records [begin, end)."""
        return read_leaf_hashes(self.connection, origin, begin, end)

    def tree(self, origin: int, size: int) -> StoredTree:
        """The tree of an origin at a size not above its cursor."""
        return StoredTree(self.connection, origin, size)

    def frontier(self, city: str) -> Frontier:
        """The verified tree of an origin.

        Raises:
            NodeError: STORAGE_CORRUPT, the stored leaves do not give the stored root.
        """
        origin = read_origin(self.connection, city)
        if origin is None:
            return Frontier()
        return check_tree(self.connection, origin.number, origin.size, origin.root)

    def retracted(self, begin: int, end: int) -> set[int]:
        """The leaf indices of the own records in [begin, end) that were retracted."""
        rows = self.connection.execute(
            "SELECT position FROM change WHERE kind = 'retracted' AND position BETWEEN ? AND ?",
            (position(OWN, begin), position(OWN, end - 1)),
        )
        return {row for (row,) in rows}

    def is_retracted(self, origin: int, index: int) -> bool:
        """Whether a record was retracted."""
        change = self.connection.execute(
            "SELECT 1 FROM change WHERE kind = 'retracted' AND position = ? LIMIT 1", (position(origin, index),)
        ).fetchone()
        return change is not None

    def retraction_of(self, origin: int, index: int) -> int | None:
        """The leaf index of the record that took a record back; None where none did."""
        (by,) = self.connection.execute(
            "SELECT max(by_position) FROM change WHERE kind = 'retracted' AND position = ?", (position(origin, index),)
        ).fetchone()
        return None if by is None else split_position(by)[1]

    def successors(self, begin: int, end: int) -> dict[int, int]:
        """Of the own records in [begin, end) that were replaced: the leaf index of what replaced each."""
        rows = self.connection.execute(
            "SELECT position, by_position FROM change WHERE kind = 'superseded' AND position BETWEEN ? AND ?",
            (position(OWN, begin), position(OWN, end - 1)),
        )
        return dict(rows)

    def version(self, index: int) -> tuple[bytes | None, bool, int | None]:
        """An own record in its chain of versions: the view, whether it was retracted, what replaced it."""
        row = position(OWN, index)
        stored, is_retracted, successor = self.connection.execute(
            "SELECT view, EXISTS (SELECT 1 FROM change WHERE change.position = record.position AND kind = 'retracted'),"
            " (SELECT max(by_position) FROM change WHERE change.position = record.position AND kind = 'superseded')"
            " FROM record WHERE position = ?",
            (row,),
        ).fetchone()
        return stored, bool(is_retracted), successor

    def are_ended(self, marks: Iterable[str]) -> bool:
        """Whether any of these marks is of a listing that had ended (`node.core.screening.marks`)."""
        return are_ended(self.connection, marks)

    def republished(self, limit: int = 100) -> list[str]:
        """The first record ids of listings here that peers published again after they had ended."""
        return read_republished(self.connection, limit)

    def policies(self, limit: int) -> list[str]:
        """The texts of the policies last in force, newest first."""
        return policies.read_policies(self.connection, limit)

    def newest_policy(self) -> str | None:
        """The text of the policy last in force."""
        return next(iter(self.policies(1)), None)

    def drafts(self) -> list[Draft]:
        """The open drafts of acts, oldest first."""
        return drafts.read_drafts(self.connection)

    def draft(self, number: int) -> Draft:
        """An open draft.

        Raises:
            NodeError: NOT_FOUND.
        """
        return drafts.read_draft(self.connection, number)

    def load(self, number: int) -> Load:
        """A load.

        Raises:
            NodeError: NOT_FOUND.
        """
        return loads.read_load(self.connection, number)

    def loads(self, before: int, limit: int) -> list[Load]:
        """The newest loads with a number below `before`, newest first."""
        return loads.read_loads(self.connection, before, limit)

    def runs_of_load(self, number: int) -> list[tuple[int, int]]:
        """Where the records of a load stand in the own log: [begin, end), in order."""
        return loads.read_runs(self.connection, number)

    def is_misread(self, index: int) -> bool:
        """Whether an own act stands in a case of a log that was forgotten here (`usecases.forget`)."""
        row = position(OWN, index)
        return self.connection.execute("SELECT 1 FROM misread WHERE position = ?", (row,)).fetchone() is not None
