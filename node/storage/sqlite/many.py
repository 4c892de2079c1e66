"""Looks many keys up by one statement text, so that SQLite prepares it once."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

_Key = TypeVar("_Key")
_CHUNK = 250
MARKS = ",".join("?" * _CHUNK)
"""What stands in `IN (...)` for the keys of a chunk."""


def full_chunks(keys: Sequence[_Key]) -> Iterator[list[_Key]]:
    """The keys in lists as long as `MARKS`; the last one is filled up with its last key."""
    for begin in range(0, len(keys), _CHUNK):
        chunk = [*keys[begin : begin + _CHUNK]]
        yield chunk + chunk[-1:] * (_CHUNK - len(chunk))
