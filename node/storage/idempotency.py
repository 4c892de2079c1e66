"""Which version of a row the own log holds, by the row's idempotency key."""

from collections.abc import Mapping
from typing import NamedTuple

from node.storage.schema import Connection

# One statement text for every full chunk, so that SQLite prepares it once.
_CHUNK = 250
_SELECT = "SELECT key, content, as_of_ms, leaf_index FROM idempotency WHERE key IN ({})"
_SELECT_CHUNK = _SELECT.format(",".join("?" * _CHUNK))


class Version(NamedTuple):
    """The newest version of a row: digest of its content, when it was true, where it stands."""

    content: bytes
    as_of_ms: int
    leaf_index: int


def read_versions(connection: Connection, keys: list[bytes]) -> dict[bytes, Version]:
    """The versions of those keys that the log holds."""
    found: dict[bytes, Version] = {}
    for begin in range(0, len(keys), _CHUNK):
        chunk = keys[begin : begin + _CHUNK]
        padding = chunk[-1:] * (_CHUNK - len(chunk))
        for key, *version in connection.execute(_SELECT_CHUNK, (*chunk, *padding)):
            found[key] = Version(*version)
    return found


def write_versions(connection: Connection, versions: Mapping[bytes, Version]) -> None:
    """Puts the newest versions in the place of any earlier."""
    connection.executemany(
        "INSERT OR REPLACE INTO idempotency (key, content, as_of_ms, leaf_index) VALUES (?, ?, ?, ?)",
        [(key, *version) for key, version in versions.items()],
    )


def move_version(connection: Connection, leaf_index: int, version: Version) -> bool:
    """Has the row that a record stood for be stood for by another; returns whether it stood for any."""
    moved = connection.execute(
        "UPDATE idempotency SET content = ?, as_of_ms = ?, leaf_index = ? WHERE leaf_index = ?", (*version, leaf_index)
    )
    return bool(moved.rowcount)


def forget_version(connection: Connection, leaf_index: int) -> None:
    """Forgets the row that a retracted record stood for: sent again, it is a new record."""
    connection.execute("DELETE FROM idempotency WHERE leaf_index = ?", (leaf_index,))
