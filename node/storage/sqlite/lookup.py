"""Looks up what stands under subjects, of one kind of record: of each city the newest, never more than so many.

A member may put a hundred thousand records under one code. Whoever asks reads the newest of each city, and is told that
there are more; what one city puts in keeps nobody from seeing what the others say.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from node.core.log.record import Record
from node.core.log.subjects import index_key, index_keys
from node.core.standards.kinds import Kind
from node.storage.sqlite.many import MARKS, full_chunks
from node.storage.sqlite.runs import read_at
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.tree import position, split_position

Found = tuple[int, Record]
"""Origin number, record."""
PER_CITY = 50
"""Records of one kind about one subject that are looked at, of each city."""
# Rows of a chunk that are read at once; where there are more each of its keys is read apart.
_ENOUGH = 2_000
MAX_POSITION = 2**63 - 1
_SELECT = "SELECT digest, position FROM subject WHERE digest IN ({})"
_SELECT_CHUNK = _SELECT.format(MARKS) + " LIMIT ?"
_SELECT_ONE = "SELECT position, (SELECT max(number) FROM change) FROM subject WHERE digest = ? LIMIT ?"
_SELECT_OF_CITY = (
    "SELECT position FROM subject WHERE digest = ? AND position BETWEEN ? AND ? ORDER BY position DESC LIMIT ?"
)
_SELECT_RANGE = (
    "SELECT position FROM subject WHERE digest IN (?, ?, ?) AND position BETWEEN ? AND ? ORDER BY position LIMIT ?"
)


class Looked(NamedTuple):
    """What was found under a subject, in no order; `more`: some city has more than was looked at."""

    rows: Sequence[Found] = ()
    more: bool = False


class Places(NamedTuple):
    """The positions of what stands under a subject, in no order; `more` as in `Looked`.

    `newest` is the number of the newest change at that moment; None where it was not read with them.
    """

    rows: Sequence[int] = ()
    more: bool = False
    newest: int | None = None


def read_subjects(connection: Connection, digests: Iterable[int], kind: Kind) -> dict[int, Looked]:
    """The current records of one kind under each subject digest that has any."""
    places_of = find_subjects(connection, digests, kind)
    records = read_at(connection, {row for places in places_of.values() for row in places.rows})
    open_rows = {row: (split_position(row)[0], record) for row, record in records.items() if record.is_open}
    return {
        digest: Looked(matches, places.more)
        for digest, places in places_of.items()
        if (matches := [open_rows[row] for row in places.rows if row in open_rows])
    }


def find_subject(connection: Connection, digest: int, kind: Kind) -> Places:
    """Where the current records of one kind under one subject digest stand."""
    key = index_key(digest, kind)
    rows = connection.execute(_SELECT_ONE, (key, PER_CITY + 1)).fetchall()
    if not rows or len(rows) > PER_CITY:
        return _of_each_city(connection, key) if rows else Places()
    return Places([row for row, _ in rows], newest=rows[0][1] or 0)


def find_subjects(connection: Connection, digests: Iterable[int], kind: Kind) -> dict[int, Places]:
    """Where the current records of one kind stand under each subject digest that has any."""
    places: dict[int, Places] = {}
    digest_of = {index_key(digest, kind): digest for digest in digests}
    for keys in full_chunks(sorted(digest_of)):
        rows = connection.execute(_SELECT_CHUNK, (*keys, _ENOUGH + 1)).fetchall()
        if len(rows) > _ENOUGH:
            apart = {digest: find_subject(connection, digest, kind) for digest in {digest_of[key] for key in keys}}
            places |= {digest: each for digest, each in apart.items() if each.rows}
            continue
        of_key: defaultdict[int, list[int]] = defaultdict(list)
        for key, row in rows:
            of_key[key].append(row)
        places |= {digest_of[key]: Places(each) for key, each in of_key.items()}
    return places


def read_subject_range(
    connection: Connection, digest: int, origin: int, begin: int, end: int, limit: int = -1
) -> list[Record]:
    """The current records [begin, end) of an origin under one subject digest, in their order."""
    among = (*index_keys(digest), position(origin, begin), position(origin, end - 1), limit)
    return [record for _, record in _read(connection, _positions(connection, _SELECT_RANGE, *among))]


def read_page(connection: Connection, digest: int, after: int, limit: int) -> list[Found]:
    """The current records of every kind under one subject digest at positions above `after`, in their order."""
    among = (*index_keys(digest), after + 1, MAX_POSITION, limit)
    return _read(connection, _positions(connection, _SELECT_RANGE, *among))


def _of_each_city(connection: Connection, key: int) -> Places:
    places: list[int] = []
    more = False
    for (number,) in connection.execute("SELECT number FROM origin").fetchall():
        among = (key, position(number, 0), position(number + 1, 0) - 1, PER_CITY + 1)
        rows = _positions(connection, _SELECT_OF_CITY, *among)
        more |= len(rows) > PER_CITY
        places += rows[:PER_CITY]
    return Places(places, more)


def _positions(connection: Connection, select: str, *values: int) -> list[int]:
    return [row for (row,) in connection.execute(select, values)]


def _read(connection: Connection, rows: Iterable[int]) -> list[Found]:
    """The open records at these positions, in their order."""
    return [(split_position(row)[0], record) for row, record in read_at(connection, rows).items() if record.is_open]
