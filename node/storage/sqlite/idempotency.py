"""Which version of a row the own log holds, by the row's idempotency key."""

from collections.abc import Mapping
from typing import NamedTuple
from zlib import crc32

from node.storage.sqlite.many import MARKS, full_chunks
from node.storage.sqlite.rows import insert_rows
from node.storage.sqlite.schema import Connection

_SELECT = f"SELECT key, content, as_of_ms, leaf_index, replaced FROM idempotency WHERE key IN ({MARKS})"  # noqa: S608
_INSERT = "INSERT OR REPLACE INTO idempotency (key, content, as_of_ms, leaf_index, replaced, sum) VALUES "
_DIGEST_BYTES = 16
# A row that one export names more often than this is no row.
_MAX_REPLACED = 1000


class Version(NamedTuple):
    """The newest version of a row.

    Attributes:
        content: Digest of its content, 16 bytes.
        as_of_ms: When it was last said to be true.
        leaf_index: Where it stands.
        replaced: Contents that it and earlier versions replaced, or passed over, at that same moment, in order.
    """

    content: bytes
    as_of_ms: int
    leaf_index: int
    replaced: bytes = b""

    def has_replaced(self, content: bytes, as_of_ms: int) -> bool:
        """Whether such a row came before this version and is but sent again."""
        if as_of_ms != self.as_of_ms:
            return False
        return any(self.replaced.startswith(content, at) for at in range(0, len(self.replaced), _DIGEST_BYTES))

    def said_again(self, as_of_ms: int) -> "Version":
        """The version that was still true at a moment."""
        return self._replace(as_of_ms=as_of_ms, replaced=b"") if as_of_ms > self.as_of_ms else self

    def passing_over(self, content: bytes, as_of_ms: int) -> "Version":
        """The version that is said again after such a row, which is known from then on."""
        if as_of_ms < self.as_of_ms or self.has_replaced(content, as_of_ms):
            return self
        renewed = self.said_again(as_of_ms)
        return renewed._replace(replaced=(renewed.replaced + content)[-_MAX_REPLACED * _DIGEST_BYTES :])

    def followed_by(self, content: bytes, as_of_ms: int, leaf_index: int) -> "Version":
        """The version that takes its place."""
        replaced = self.replaced + self.content if as_of_ms == self.as_of_ms else b""
        return Version(content, as_of_ms, leaf_index, replaced[-_MAX_REPLACED * _DIGEST_BYTES :])


def row_sum(key: bytes, content: bytes, as_of_ms: int, leaf_index: int, replaced: bytes) -> int:
    """The CRC-32 of a row: its key stands nowhere else, and one fallen bit of it makes a row new again."""
    place = f"{as_of_ms} {leaf_index}".encode()
    return crc32(b"".join((key, content, replaced, place)))


def read_versions(connection: Connection, keys: list[bytes]) -> dict[bytes, Version]:
    """The versions of those keys that the log holds."""
    rows = (row for chunk in full_chunks(keys) for row in connection.execute(_SELECT, chunk))
    return {key: Version(*version) for key, *version in rows}


def write_versions(connection: Connection, versions: Mapping[bytes, Version]) -> None:
    """Puts the newest versions in the place of any earlier."""
    rows = [(key, *version, row_sum(key, *version)) for key, version in versions.items()]
    insert_rows(connection, _INSERT, rows)


def move_version(connection: Connection, leaf_index: int, version: Version) -> bool:
    """Has the row that a record stood for be stood for by another; returns whether it stood for any."""
    keys = connection.execute("SELECT key FROM idempotency WHERE leaf_index = ?", (leaf_index,)).fetchall()
    write_versions(connection, {key: version for (key,) in keys})
    return bool(keys)


def forget_version(connection: Connection, leaf_index: int) -> None:
    """Forgets the row that a retracted record stood for: sent again, it is a new record."""
    connection.execute("DELETE FROM idempotency WHERE leaf_index = ?", (leaf_index,))
