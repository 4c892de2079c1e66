"""The runs of every log in their table: inserted, read as runs or as records, replaced in part.

The one reader of runs. A run lies at the position of its first record; which run holds a record is found by going down
from the record's own position.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import groupby

from node.core.log.record import Record
from node.core.log.run import MAX_RUN_RECORDS, OpenedRun, StoredRun, clip, cut, cut_one, pick
from node.storage.sqlite.rows import insert_rows
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import position, reach, split_position

_INSERT = "INSERT INTO run (first, standard, hashes, content) VALUES "
_SELECT = "SELECT first, standard, hashes, content FROM run"
_SELECT_AT = _SELECT + " WHERE first <= ? ORDER BY first DESC LIMIT 1"
_SELECT_HOLDING = (
    "SELECT first, standard, hashes, content FROM run WHERE first IN"
    " (SELECT (SELECT max(first) FROM run WHERE first <= value) FROM json_each(?)) ORDER BY first"
)
_SELECT_WITHIN = _SELECT + " WHERE first >= ? AND first < ?"
IS_OPEN = (
    "coalesce((SELECT content IS NOT NULL AND {row} < first + length(hashes) / 32"
    " FROM run WHERE first <= {row} ORDER BY first DESC LIMIT 1), 0)"
)
"""SQL: whether something is disclosed of the record at the position `row`."""
Labelled = tuple[StoredRun, str]
"""A run and the standard of its records; "" where they are withheld whole or were destroyed."""
_Row = tuple[int, str, bytes, bytes | None]


def labelled(run: OpenedRun) -> Labelled:
    """A verified run with its standard."""
    return run.stored, run.shared.common.standard if run.shared else ""


def insert_runs(connection: Connection, origin: int, runs: Iterable[Labelled]) -> None:
    """Stores runs of one log in places where none is."""
    base = position(origin, 0)
    rows = [(base + run.first, standard, run.hashes, run.content) for run, standard in runs]
    insert_rows(connection, _INSERT, rows)


def reaching(connection: Connection, origin: int, begin: int, end: int) -> list[Labelled]:
    """The runs that hold any of the records [begin, end) of an origin, whole."""
    rows = connection.execute(_SELECT_WITHIN + " ORDER BY first", reach(origin, begin, end)).fetchall()
    return [each for each in map(_read, rows) if each[0].end > begin]


def read_runs(connection: Connection, origin: int, begin: int, end: int) -> list[StoredRun]:
    """The records [begin, end) of an origin as runs, none of which goes further."""
    return [clip(run, begin, end) for run, _ in reaching(connection, origin, begin, end)]


def read_records(connection: Connection, origin: int, begin: int, end: int) -> list[Record]:
    """The records [begin, end) of an origin.

    Raises:
        NodeError: BAD_COMMITMENT, a stored run is damaged.
    """
    if end - begin == 1:
        record = read_record(connection, origin, begin)
        return [] if record is None else [record]
    return list(_within(reaching(connection, origin, begin, end), begin, end))


def read_record(connection: Connection, origin: int, index: int) -> Record | None:
    """One record; None where the log has no such leaf here.

    Raises:
        NodeError: BAD_COMMITMENT, the stored run is damaged.
    """
    run = _run_at(connection, origin, index)
    return None if run is None else cut_one(run, index)


def read_at(connection: Connection, rows: Iterable[int]) -> dict[int, Record]:
    """The records at these positions that are there, each run of them read once.

    Raises:
        NodeError: BAD_COMMITMENT, a stored run is damaged.
    """
    wanted = sorted(set(rows))
    if len(wanted) == 1:
        origin, index = split_position(wanted[0])
        record = read_record(connection, origin, index)
        return {} if record is None else {wanted[0]: record}
    records: dict[int, Record] = {}
    for row in connection.execute(_SELECT_HOLDING, (str(wanted),)):
        run, first = _read(row)[0], row[0]
        begin, end = bisect_left(wanted, first), bisect_left(wanted, first + run.length)
        there = wanted[begin:end]
        records |= zip(there, pick(run, [run.first + at - first for at in there]), strict=True)
    return records


def read_standards(
    connection: Connection, origin: int, begin: int, end: int, standards: Collection[str]
) -> Iterator[Record]:
    """The open records [begin, end) of an origin that are of these standards.

    Raises:
        NodeError: BAD_COMMITMENT, a stored run is damaged.
    """
    among = ",".join("?" * len(standards))
    select = f"{_SELECT_WITHIN} AND standard IN ({among}) ORDER BY first"
    rows = connection.execute(select, (*reach(origin, begin, end), *standards)).fetchall()
    return _within(map(_read, rows), begin, end)


def put_run(connection: Connection, origin: int, run: StoredRun, standard: str) -> None:
    """Puts a run in the place of what is stored there; what goes beyond it is kept in runs of its own."""
    rest: list[Labelled] = []
    for held, held_standard in reaching(connection, origin, run.first, run.end):
        parts = [part for part in ((held.first, run.first), (run.end, held.end)) if part[0] < part[1]]
        rest += [(clip(held, *part), held_standard) for part in parts]
        connection.execute("DELETE FROM run WHERE first = ?", (position(origin, held.first),))
    insert_runs(connection, origin, [*rest, (run, standard)])


def blank(connection: Connection, origin: int, leaf_hashes: Mapping[int, bytes]) -> None:
    """Destroys records but for their leaf hashes, which are given by leaf index."""
    for _offset, neighbours in groupby(enumerate(sorted(leaf_hashes)), lambda each: each[1] - each[0]):
        stretch = [index for _, index in neighbours]
        for at in range(0, len(stretch), MAX_RUN_RECORDS):
            indices = stretch[at : at + MAX_RUN_RECORDS]
            hashes = b"".join([leaf_hashes[index] for index in indices])
            put_run(connection, origin, StoredRun(indices[0], hashes, None), "")


def _run_at(connection: Connection, origin: int, index: int) -> StoredRun | None:
    """The run that holds a record."""
    row = connection.execute(_SELECT_AT, (position(origin, index),)).fetchone()
    run = _read(row)[0] if row and row[0] >= position(origin, 0) else None
    return run if run and index < run.end else None


def _read(row: _Row) -> Labelled:
    first, standard, hashes, content = row
    return StoredRun(split_position(first)[1], hashes, content), standard


def _within(runs: Iterable[Labelled], begin: int, end: int) -> Iterator[Record]:
    return (record for run, _ in runs for record in cut(run) if begin <= record.index < end)
