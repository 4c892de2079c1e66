"""The sum over an idempotency row: its key stands nowhere else, and one fallen bit of it makes a row new again."""

from zlib import crc32


def row_sum(key: bytes, content: bytes, as_of_ms: int, leaf_index: int, replaced: bytes) -> int:
    """The CRC-32 of a row as it stands in the table."""
    place = f"{as_of_ms} {leaf_index}".encode()
    return crc32(b"".join((key, content, replaced, place)))
