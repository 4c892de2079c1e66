"""Looks up what stands under subjects, of one kind of record: of each city the newest, never more than so many.

A member may put a hundred thousand records under one code. Whoever asks reads the newest of each city, and is told that
there are more; what one city puts in keeps nobody from seeing what the others say.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from node.storage.sqlite.many import MARKS, full_chunks
from node.storage.sqlite.rows import Kind, index_key, index_keys
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import position, split_position

Found = tuple[int, int, bytes]
"""Origin number, leaf index, view."""
PER_CITY = 50
"""Records of one kind about one subject that are looked at, of each city."""
# Rows of a chunk that are read at once; where there are more each of its keys is read apart.
_ENOUGH = 2_000
MAX_POSITION = 2**63 - 1
_SELECT = (
    "SELECT digest, record.position, view FROM subject JOIN record ON record.position = subject.position"
    " WHERE view IS NOT NULL AND digest IN ({})"
)
_SELECT_CHUNK = _SELECT.format(MARKS) + " LIMIT ?"
_SELECT_ONE = _SELECT.format("?") + " ORDER BY subject.position DESC LIMIT ?"
_SELECT_OF_CITY = _SELECT.format("?") + " AND subject.position BETWEEN ? AND ? ORDER BY subject.position DESC LIMIT ?"
# Ordered and cut before any view is read.
_SELECT_RANGE = (
    "SELECT record.position, view FROM (SELECT position FROM subject WHERE digest IN (?, ?, ?)"
    " AND position BETWEEN ? AND ? ORDER BY position LIMIT ?) AS named"
    " JOIN record ON record.position = named.position WHERE view IS NOT NULL ORDER BY record.position"
)


class Looked(NamedTuple):
    """What was found under a subject, in no order; `more`: some city has more than was looked at."""

    rows: Sequence[Found] = ()
    more: bool = False


NOTHING = Looked()


def read_subject(connection: Connection, digest: int, kind: Kind) -> Looked:
    """The current records of one kind under one subject digest. Digests may collide: compare the subjects."""
    key = index_key(digest, kind)
    rows = connection.execute(_SELECT_ONE, (key, PER_CITY + 1)).fetchall()
    if len(rows) <= PER_CITY:
        return Looked([(*split_position(row), view) for _, row, view in rows])
    return _of_each_city(connection, key)


def read_subjects(connection: Connection, digests: Iterable[int], kind: Kind) -> dict[int, Looked]:
    """The current records of one kind under each subject digest that has any."""
    subjects: dict[int, Looked] = {}
    digest_of = {index_key(digest, kind): digest for digest in digests}
    for keys in full_chunks(sorted(digest_of)):
        rows = connection.execute(_SELECT_CHUNK, (*keys, _ENOUGH + 1)).fetchall()
        if len(rows) > _ENOUGH:
            apart = {digest: read_subject(connection, digest, kind) for digest in {digest_of[key] for key in keys}}
            subjects |= {digest: looked for digest, looked in apart.items() if looked.rows}
            continue
        of_key: defaultdict[int, list[Found]] = defaultdict(list)
        for key, row, view in rows:
            of_key[key].append((*split_position(row), view))
        subjects |= {digest_of[key]: Looked(records) for key, records in of_key.items()}
    return subjects


def read_subject_range(
    connection: Connection, digest: int, origin: int, begin: int, end: int, limit: int = -1
) -> list[tuple[int, bytes]]:
    """The current records [begin, end) of an origin under one subject digest, in their order: (leaf index, view)."""
    among = (*index_keys(digest), position(origin, begin), position(origin, end - 1), limit)
    return [(split_position(row)[1], view) for row, view in connection.execute(_SELECT_RANGE, among)]


def read_page(connection: Connection, digest: int, after: int, limit: int) -> list[Found]:
    """The current records of every kind under one subject digest at positions above `after`, in their order."""
    among = (*index_keys(digest), after + 1, MAX_POSITION, limit)
    return [(*split_position(row), view) for row, view in connection.execute(_SELECT_RANGE, among)]


def _of_each_city(connection: Connection, key: int) -> Looked:
    matches: list[Found] = []
    more = False
    for (number,) in connection.execute("SELECT number FROM origin").fetchall():
        among = (key, position(number, 0), position(number + 1, 0) - 1, PER_CITY + 1)
        rows = [(*split_position(row), view) for _, row, view in connection.execute(_SELECT_OF_CITY, among)]
        more |= len(rows) > PER_CITY
        matches += rows[:PER_CITY]
    return Looked(matches, more)
