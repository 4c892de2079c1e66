"""Reads usage records: page by page, in the order in which they were written."""

from pathlib import Path
from typing import NamedTuple

from node.storage.sqlite.schema import open_reader

_SELECT = """
    SELECT number, at_ms, kind, name, rpc, purpose, legal_basis, questions, subject, cities, result FROM usage
    WHERE number > ? AND (? = '' OR name = ?) AND (? = '' OR purpose = ?) AND at_ms >= ? AND (? = 0 OR at_ms < ?)
    ORDER BY number LIMIT ?
"""


class Wanted(NamedTuple):
    """Which usage records: of one client, for one purpose, of a time (Unix milliseconds); empty or 0 for any."""

    who: str = ""
    purpose: str = ""
    since_ms: int = 0
    until_ms: int = 0


def read_usage(path: Path, wanted: Wanted, after: int, limit: int) -> list[tuple[object, ...]]:
    """At most `limit` rows after a number: the number, then the columns of `Usage`; none where there is no file yet."""
    if not path.exists():
        return []
    who, purpose, since_ms, until_ms = wanted
    asked = (after, who, who, purpose, purpose, since_ms, until_ms, until_ms, limit)
    connection = open_reader(path)
    try:
        return list(connection.execute(_SELECT, asked))
    finally:
        connection.close()
