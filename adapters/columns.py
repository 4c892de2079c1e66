"""The columns of a file: what their names are in any spelling, and which source of a mapping each of them is."""

from collections.abc import Sequence

from adapters.mapping import Source
from node.errors import FileError, Reason
from node.tables.cells import column_name

_SHOWN_CHARS = 500


def missing(sources: Sequence[Source], columns: Sequence[str]) -> list[str]:
    """Columns that a mapping needs and a file has neither under any of their names nor another for the same field."""
    named = set(map(column_name, columns))
    found = {source.target.path for source in sources if not source.fallback and not named.isdisjoint(source.names)}
    return [source.title for source in sources if not source.optional and source.target.path not in found]


def bind(sources: Sequence[Source], columns: Sequence[str], path: str) -> dict[int, Source]:
    """The source of each column that the mapping reads, by the column's place in the file.

    Raises:
        FileError: INVALID_ARGUMENT, a column that the mapping needs is missing or there twice.
    """
    if lacking := missing(sources, columns):
        text = f"no column {', '.join(lacking)}; the file has {shown(columns) or 'none'}"
        raise FileError(Reason.INVALID_ARGUMENT, path, text)
    found = {source.title: (source, _places(source, list(map(column_name, columns)))) for source in sources}
    if twice := [title for title, (_, places) in found.items() if len(places) > 1]:
        raise FileError(Reason.INVALID_ARGUMENT, path, f"more than one column for {', '.join(twice)}")
    return {places[0]: source for source, places in found.values() if places}


def _places(source: Source, names: Sequence[str]) -> list[int]:
    """Where the first of a source's names stands that the file has: the others say the same in other words."""
    for name in source.names:
        if places := [index for index, each in enumerate(names) if each == name]:
            return places
    return []


def shown(names: Sequence[str]) -> str:
    """Names for a message: nothing in them gives a terminal orders, and a megabyte is no name."""
    text = ", ".join(names)
    text = "".join(each if each.isprintable() else "?" for each in text[: _SHOWN_CHARS + 1])
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
