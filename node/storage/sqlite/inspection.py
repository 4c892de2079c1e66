"""Reads a whole `node.db` in one snapshot, in bounded parts: what an audit recomputes, and questions about the rest."""

from collections.abc import Iterable, Iterator, Set
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from node.core.log.merkle import Tile
from node.core.log.run import MAX_RUN_RECORDS, StoredRun
from node.storage.sqlite.idempotency import row_sum
from node.storage.sqlite.replica import Origin, read_origins
from node.storage.sqlite.rows import SubjectRow
from node.storage.sqlite.runs import IS_OPEN, Labelled
from node.storage.sqlite.schema import Connection, open_reader
from node.storage.sqlite.tree import position, split_position

CHUNK = 1000
_WRONGLY_INDEXED = (
    f"SELECT subject.position FROM subject WHERE NOT {IS_OPEN.format(row='subject.position')}"  # noqa: S608 - made of constants
    " OR subject.position IN (SELECT position FROM change WHERE kind IN ('superseded', 'retracted'))"
)
_DANGLING_KEYS = (
    "SELECT leaf_index FROM idempotency WHERE leaf_index NOT BETWEEN 0 AND ?"
    " OR leaf_index IN (SELECT position FROM change WHERE kind IN ('superseded', 'retracted'))"
)


class Fates(NamedTuple):
    """What happened to records of one log, as far as this node may see: their leaf indices.

    Attributes:
        replaced: Superseded or retracted.
        retracted: Of those, the retracted ones.
    """

    replaced: Set[int]
    retracted: Set[int]


class Inspection:
    """One snapshot."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def origins(self) -> list[Origin]:
        """Every origin, the own log first."""
        return read_origins(self._connection)

    def runs(self, origin: int) -> Iterator[list[Labelled]]:
        """All runs of an origin as they are stored, with their standard, in order, in parts of 1000 records or so.

        Whether they stand one after the other, and hold what they must, is for the caller to see.
        """
        cursor = self._connection.execute(
            "SELECT first, standard, hashes, content FROM run WHERE first >= ? AND first < ? ORDER BY first",
            (position(origin, 0), position(origin + 1, 0)),
        )
        while rows := cursor.fetchmany(CHUNK // MAX_RUN_RECORDS):
            yield [
                (StoredRun(split_position(first)[1], hashes, content), standard)
                for first, standard, hashes, content in rows
            ]

    def fates(self, origin: int, begin: int, end: int) -> Fates:
        """What happened to the records [begin, end) of an origin."""
        rows = self._connection.execute(
            "SELECT position, kind FROM change"
            " WHERE position >= ? AND position < ? AND kind IN ('superseded', 'retracted')",
            (position(origin, begin), position(origin, end)),
        )
        fates = [(split_position(row)[1], kind) for row, kind in rows]
        return Fates({index for index, _kind in fates}, {index for index, kind in fates if kind == "retracted"})

    def differing_tiles(self, origin: int, tiles: Iterable[Tile]) -> list[Tile]:
        """Those of the recomputed tiles that do not stand in storage as they are."""
        select = "SELECT nodes FROM tile WHERE origin = ? AND height = ? AND number = ?"
        return [
            tile
            for tile in tiles
            if self._connection.execute(select, (origin, tile.height, tile.number)).fetchone() != (tile.nodes,)
        ]

    def count_tiles(self, origin: int) -> int:
        """Number of stored tiles."""
        return self._count("SELECT count(*) FROM tile WHERE origin = ?", origin)

    def count_subjects(self) -> int:
        """Number of rows of the subject index, of all origins."""
        return self._count("SELECT count(*) FROM subject")

    def missing_subjects(self, rows: Iterable[SubjectRow]) -> list[SubjectRow]:
        """Those of the rows that the subject index lacks."""
        select = "SELECT 1 FROM subject WHERE digest = ? AND position = ?"
        return [row for row in rows if self._connection.execute(select, row).fetchone() is None]

    def wrongly_indexed(self) -> Iterator[tuple[int, int]]:
        """(origin number, leaf index) of records that must not be indexed: destroyed, withheld or replaced."""
        rows = self._connection.execute(_WRONGLY_INDEXED)
        return (split_position(row) for (row,) in rows)

    def is_noted(self, origin: int, leaf_index: int, kind: str) -> bool:
        """Whether a change of this kind is on record."""
        values = (position(origin, leaf_index), kind)
        rows = self._connection.execute("SELECT 1 FROM change WHERE position = ? AND kind = ? LIMIT 1", values)
        return rows.fetchone() is not None

    def dangling_keys(self, size: int) -> Iterator[int]:
        """Leaf indices that idempotency keys point to though no current own record stands there."""
        rows = self._connection.execute(_DANGLING_KEYS, (size - 1,))
        return (leaf_index for (leaf_index,) in rows)

    def damaged_keys(self) -> Iterator[int]:
        """Leaf indices of the records whose row key, or what is kept with it, is not as it was written."""
        rows = self._connection.execute(
            "SELECT key, content, as_of_ms, leaf_index, replaced, sum FROM idempotency ORDER BY leaf_index"
        )
        return (version[2] for key, *version, kept in rows if row_sum(key, *version) != kept)

    def stray_runs(self, origins: int) -> int:
        """Number of runs that belong to none of the first `origins` origins."""
        return self._count("SELECT count(*) FROM run WHERE first < 0 OR first >= ?", position(origins, 0))

    def _count(self, select: str, *values: int) -> int:
        (count,) = self._connection.execute(select, values).fetchone()
        return int(count)


@contextmanager
def inspect(path: Path) -> Iterator[Inspection]:
    """A snapshot of a store, running or not."""
    connection = open_reader(path)
    connection.execute("BEGIN")
    try:
        yield Inspection(connection)
    finally:
        connection.close()
