"""Looks up the records of lists under many subjects at once: what a roster to be screened needs."""

from collections import defaultdict
from collections.abc import Iterable

from node.storage.lookup import Found
from node.storage.schema import Connection
from node.storage.tree import split_position

# One statement text for every full chunk, so that SQLite prepares it once.
_CHUNK = 500
# Most that is known of a party is its registration; a view begins with its header, the header with id and standard, so
# that SQLite tells the records of lists apart before Python sees any.
_SELECT = (
    "SELECT digest, record.position, view FROM subject JOIN record ON record.position = subject.position"
    " WHERE instr(substr(view, 1, 96), CAST('listing.' AS BLOB)) AND digest IN ({})"
)
_SELECT_CHUNK = _SELECT.format(",".join("?" * _CHUNK))


def read_listed(connection: Connection, digests: Iterable[int]) -> dict[int, list[Found]]:
    """The current records of lists under each digest that has any. Digests may collide: compare the subjects."""
    found: dict[int, list[Found]] = defaultdict(list)
    wanted = sorted(set(digests))
    for begin in range(0, len(wanted), _CHUNK):
        chunk = wanted[begin : begin + _CHUNK]
        chunk += chunk[-1:] * (_CHUNK - len(chunk))
        for digest, row, view in connection.execute(_SELECT_CHUNK, chunk):
            found[digest].append((*split_position(row), view))
    return found
