"""Looks up many subjects at once: what a roster of questions needs."""

from collections import defaultdict
from collections.abc import Iterable

from node.storage.schema import Connection
from node.storage.tree import position, split_position

Found = tuple[int, int, bytes]
# One statement text for every full chunk, so that SQLite prepares it once.
_CHUNK = 250
_SELECT = (
    "SELECT digest, record.position, view FROM subject JOIN record ON record.position = subject.position"
    " WHERE view IS NOT NULL AND digest IN ({})"
)
_SELECT_ONE = _SELECT.format("?")
_SELECT_RANGE = _SELECT_ONE + " AND subject.position BETWEEN ? AND ?"
_SELECT_CHUNK = _SELECT.format(",".join("?" * _CHUNK))


def read_subject(connection: Connection, digest: int) -> list[Found]:
    """The current records under one subject digest: (origin number, leaf index, view)."""
    return [(*split_position(row), view) for _, row, view in connection.execute(_SELECT_ONE, (digest,))]


def read_subject_range(
    connection: Connection, digest: int, origin: int, begin: int, end: int
) -> list[tuple[int, bytes]]:
    """The current records [begin, end) of an origin under one subject digest: (leaf index, view)."""
    among = (digest, position(origin, begin), position(origin, end - 1))
    return [(split_position(row)[1], view) for _, row, view in connection.execute(_SELECT_RANGE, among)]


def read_subjects(connection: Connection, digests: Iterable[int]) -> dict[int, list[Found]]:
    """The current records under each digest that has any. Digests may collide: compare the headers' subjects."""
    found: dict[int, list[Found]] = defaultdict(list)
    wanted = sorted(set(digests))
    for begin in range(0, len(wanted), _CHUNK):
        chunk = wanted[begin : begin + _CHUNK]
        chunk += chunk[-1:] * (_CHUNK - len(chunk))
        for digest, row, view in connection.execute(_SELECT_CHUNK, chunk):
            found[digest].append((*split_position(row), view))
    return found
