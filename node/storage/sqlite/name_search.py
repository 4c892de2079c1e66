"""Asks `search.db` (`node.storage.sqlite.search`) for the records whose name has a part."""

from collections.abc import Iterator
from pathlib import Path

from node.storage.sqlite.connections import Connections
from node.storage.sqlite.tree import split_position


class NameSearch:
    """Reads the index with one connection a thread; the first is opened when it is first asked."""

    def __init__(self, path: Path) -> None:
        self._connections = Connections(path)

    def places(self, folded: str) -> Iterator[tuple[int, int]]:
        """Where the records stand whose name contains `folded`, as the index has them: (origin number, leaf index).

        In order of both; nothing where `folded` has no letter or digit.
        """
        if not (expression := _match_expression(folded)):
            return iter(())
        rows = self._connections.current().execute(
            "SELECT name.position FROM pair JOIN name ON name.position = pair.rowid"
            " WHERE pair MATCH ? AND instr(folded, ?) ORDER BY pair.rowid",
            (expression, folded),
        )
        return (split_position(row) for (row,) in rows)


def _match_expression(folded: str) -> str:
    """The FTS5 query for a part of a name; empty where it has no letter or digit."""
    letters = "".join(filter(str.isalnum, folded))
    if len(letters) == 1:
        return f'"{letters}"*'
    return '"' + " ".join(letters[at : at + 2] for at in range(len(letters) - 1)) + '"' if letters else ""
