"""Reads `node.db`: any number of readers, in any process."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from node.core.log.merkle import Frontier
from node.core.log.record import Record
from node.core.log.run import StoredRun
from node.core.log.subjects import subject_digest
from node.core.registration import Registration, read_registration
from node.core.standards.kinds import Kind
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite import drafts, loads, lookup, policies, runs
from node.storage.sqlite.connections import Connections
from node.storage.sqlite.drafts import Draft
from node.storage.sqlite.ended import are_ended, read_republished
from node.storage.sqlite.idempotency import read_versions
from node.storage.sqlite.kept import KeptRegistrations
from node.storage.sqlite.loads import Load
from node.storage.sqlite.log import OWN
from node.storage.sqlite.lookup import Found, Looked
from node.storage.sqlite.peer_state import PeerStates
from node.storage.sqlite.replica import Origin, read_origin, read_origins
from node.storage.sqlite.rows import was
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import StoredTree, check_tree, position, read_leaf_hashes, split_position
from node.storage.sqlite.witness import Checkpoints


class Registered(NamedTuple):
    """The registrations under a subject, by position; `more`: some city has more than was looked at."""

    registrations: Sequence[Registration] = ()
    more: bool = False


NONE_REGISTERED = Registered()
PER_SUBJECT = 2_000
"""Records about one subject, a case say, that count of each peer: the first. A flood is the flooder's alone."""


class Reader:
    """Reads `node.db` with one connection a thread; knows nothing of the writer, so any process may use it."""

    def __init__(self, path: Path, search_db: Path | None = None) -> None:
        """Opens nothing yet; with a `search.db`, registrations are read as it keeps them."""
        self._connections = Connections(path)
        self._kept = KeptRegistrations(search_db, self._connections.current) if search_db else None
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

    def records(self, origin: int, begin: int, end: int) -> list[Record]:
        """The records [begin, end) of an origin.

        Raises:
            NodeError: BAD_COMMITMENT, a stored run is damaged; so does every method that gives records.
        """
        return runs.read_records(self.connection, origin, begin, end)

    def record(self, origin: int, index: int) -> Record | None:
        """One record; None where the log has no such leaf here."""
        return runs.read_record(self.connection, origin, index)

    def records_of(self, origin: int, begin: int, end: int, standards: Collection[str]) -> Iterator[Record]:
        """The open records [begin, end) of an origin that are of these standards."""
        return runs.read_standards(self.connection, origin, begin, end, standards)

    def runs(self, origin: int, begin: int, end: int) -> list[StoredRun]:
        """The records [begin, end) of an origin as runs, as they are stored."""
        return runs.read_runs(self.connection, origin, begin, end)

    def look_up_all(self, digests: Iterable[int], kind: Kind) -> dict[int, Looked]:
        """The current records of one kind under each subject digest that has any (`lookup.read_subjects`)."""
        return lookup.read_subjects(self.connection, digests, kind)

    def registrations(self, digest: int) -> Registered:
        """The current registrations under one subject digest, of each city the newest."""
        places = lookup.find_subject(self.connection, digest, Kind.REGISTRATION)
        at = self._registrations_at(places.rows, places.newest)
        return Registered([at[row] for row in sorted(at)], places.more)

    def registrations_of(self, digests: Iterable[int]) -> dict[int, Registered]:
        """The current registrations under each subject digest that has any."""
        places_of = lookup.find_subjects(self.connection, digests, Kind.REGISTRATION)
        at = self._registrations_at([row for places in places_of.values() for row in places.rows])
        return {
            digest: Registered([at[row] for row in sorted(places.rows) if row in at], places.more)
            for digest, places in places_of.items()
        }

    def _registrations_at(self, rows: Sequence[int], newest: int | None = None) -> dict[int, Registration]:
        """The registrations at these positions: as they are kept where that is true still, from the log otherwise."""
        at = self._kept.at(rows, newest) if self._kept else {}
        if len(at) == len(rows):
            return at
        for row, record in runs.read_at(self.connection, [row for row in rows if row not in at]).items():
            registration = read_registration(split_position(row)[0], record)
            if registration is not None:
                at[row] = registration
        return at

    def page(self, digest: int, after: int, limit: int) -> list[Found]:
        """The current records of every kind under a subject digest at positions above `after`, in their order."""
        return lookup.read_page(self.connection, digest, after, limit)

    def by_subject(self, subject: str) -> list[Found]:
        """The current records indexed under a subject, of each peer the first: (origin number, record).

        Digests may collide: the caller compares the header's subjects.
        """
        return [
            (origin.number, record)
            for origin in self.origins()
            for record in self.subject_records(
                subject, origin.number, 0, origin.size, -1 if origin.number == OWN else PER_SUBJECT
            )
        ]

    def subject_records(self, subject: str, origin: int, begin: int, end: int, limit: int = -1) -> list[Record]:
        """The current records [begin, end) of an origin under a subject; digests may collide."""
        return lookup.read_subject_range(self.connection, subject_digest(subject), origin, begin, end, limit)

    def are_known(self, keys: Sequence[bytes]) -> list[bool]:
        """Whether the own log holds a record under each idempotency key."""
        known = read_versions(self.connection, list(keys))
        return [key in known for key in keys]

    def newest_change(self) -> int:
        """The number of the newest change to a stored record."""
        return int(self.connection.execute("SELECT coalesce(max(number), 0) FROM change").fetchone()[0])

    def changed(self, after: int, to: int, kind: str = "%") -> list[tuple[int, int]]:
        """The records that changed, by the numbers (after, to] of the changes: (origin, leaf index).

        Args:
            after: Number of the last change known.
            to: Number of the newest.
            kind: Of change, as in `Change`; "%" is any.
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
        return was(self.connection, position(origin, index), "retracted")

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

    def version(self, index: int) -> tuple[Record | None, bool, int | None]:
        """An own record in its chain of versions: the record, whether it was retracted, what replaced it."""
        is_retracted, successor = self.connection.execute(
            "SELECT coalesce(max(kind = 'retracted'), 0), max(iif(kind = 'superseded', by_position, NULL)) FROM change"
            " WHERE position = ? AND kind IN ('retracted', 'superseded')",
            (position(OWN, index),),
        ).fetchone()
        return self.record(OWN, index), bool(is_retracted), successor

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
