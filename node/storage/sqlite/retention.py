"""Destroys own records whose retention is over: values and salts go, the leaf hash stays and proves the log."""

from collections.abc import Mapping

from node.core.log.record import INDEX_BITS
from node.storage.sqlite.log import OWN
from node.storage.sqlite.runs import blank, read_at
from node.storage.sqlite.schema import Connection

_ENDED = (
    "SELECT DISTINCT position FROM change WHERE kind IN ('retracted', 'superseded') AND at_ms < ? AND position < ?"
    " AND coalesce((SELECT standard FROM run WHERE first <= position ORDER BY first DESC LIMIT 1), '') = ?"
)


def destroy_ended(connection: Connection, kept_since_ms: Mapping[str, int]) -> int:
    """Destroys the own records of each standard that were replaced or retracted before a moment; counts them.

    Runs in a writer's job. A policy or a peer never saw these records since: nothing about them is told to anybody.
    """
    gone = 0
    for standard, since_ms in kept_since_ms.items():
        rows = connection.execute(_ENDED, (since_ms, 1 << INDEX_BITS, standard)).fetchall()
        records = read_at(connection, [row for (row,) in rows]).values()
        leaf_hashes = {record.index: record.leaf_hash for record in records if record.is_open}
        blank(connection, OWN, leaf_hashes)
        gone += len(leaf_hashes)
    return gone
