"""Destroys own records whose retention is over: values and salts go, the leaf hash stays and proves the log."""

from collections.abc import Mapping

from node.core.log.record import INDEX_BITS, parse_header
from node.storage.sqlite.schema import Connection
from node.stubs.record.v1.record_pb2 import View

_ENDED = (
    "SELECT record.position, view FROM change JOIN record ON record.position = change.position"
    " WHERE kind IN ('retracted', 'superseded') AND at_ms < ? AND record.position < ? AND view IS NOT NULL"
    " AND instr(substr(view, 1, 96), CAST(? AS BLOB))"
)


def destroy_ended(connection: Connection, kept_since_ms: Mapping[str, int]) -> int:
    """Destroys the own records of each standard that were replaced or retracted before a moment; counts them.

    Runs in a writer's job. A policy or a peer never saw these views since: nothing about them is told to anybody.
    """
    gone = 0
    for standard, since_ms in kept_since_ms.items():
        for row, view in connection.execute(_ENDED, (since_ms, 1 << INDEX_BITS, standard)).fetchall():
            if parse_header(View.FromString(view).header).standard == standard:
                gone += connection.execute(
                    "UPDATE record SET view = NULL WHERE position = ? AND view IS NOT NULL", (row,)
                ).rowcount
    return gone
