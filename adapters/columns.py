"""The columns of a file: what their names are in any spelling, and which source of a mapping each of them is."""

from collections.abc import Container, Sequence
from pathlib import Path
from typing import NamedTuple

from adapters.capital import Unit
from adapters.mapping import Source, read_mapping, shipped_mappings
from adapters.units import CURRENCY_TITLES, UNIT_TITLES, split_title, unit_of_notes
from node.errors import FileError, Reason
from node.messages import Message, _
from node.tables.cells import column_name
from node.tables.unfit import UnfitError

SIGN_TITLES = CURRENCY_TITLES | UNIT_TITLES
_SHOWN_CHARS = 500


class Bound(NamedTuple):
    """A column and what it is for.

    Attributes:
        source: What the mapping says.
        units: What the title of a column of amounts and the notes around the table say of it.
        signs: Places of columns that say more of it row by row.
    """

    source: Source
    units: tuple[Unit, ...] = ()
    signs: tuple[int, ...] = ()


def missing(sources: Sequence[Source], columns: Sequence[str]) -> list[str]:
    """Columns that a mapping needs and a file has neither under any of their names nor another for the same field."""
    named = set(map(column_name, columns))
    bases = {split[0] for each in named if (split := split_title(each))}
    bound = {
        source.target.path
        for source in sources
        if not source.fallback and not (named | bases if source.in_unit else named).isdisjoint(source.names)
    }
    return [source.title for source in sources if not source.optional and source.target.path not in bound]


def _lacking(sources: Sequence[Source], columns: Sequence[str]) -> Message:
    """The columns that are missing, by their Chinese titles too, and the shipped mapping that has them all."""
    titles = missing(sources, columns)
    labels = {source.title: source.label for source in sources}
    named = [title if labels[title] == title else f"{title} ({labels[title]})" for title in titles]
    text = _("the file has no column {missing}; it has {columns}", missing=named, columns=shown(columns) or _("none"))
    if like := [name for name in shipped_mappings() if not missing(read_mapping(Path(name)).sources, columns)]:
        return _("{lack}; the table fits --mapping {mappings}", lack=text, mappings=like)
    return text


def bind(sources: Sequence[Source], columns: Sequence[str], path: str, notes: Sequence[str] = ()) -> dict[int, Bound]:
    """The source of each column that the mapping reads, by the column's place in the file.

    Raises:
        FileError: INVALID_ARGUMENT, a column that the mapping needs is missing or there twice; or two notes name two
            units.
    """
    if missing(sources, columns):
        raise FileError(Reason.INVALID_ARGUMENT, path, _lacking(sources, columns))
    names = list(map(column_name, columns))
    places_of = {source.title: (source, _places(source, names)) for source in sources}
    known = {name for source in sources for name in source.names}
    for title, (source, places) in places_of.items():
        if source.in_unit and not places:
            places_of[title] = source, _places_by_base(source, names, known)
    if twice := [title for title, (_source, places) in places_of.items() if len(places) > 1]:
        raise FileError(Reason.INVALID_ARGUMENT, path, _("several columns for {titles}", titles=twice))
    bound = {places[0]: source for source, places in places_of.values() if places}
    signs = tuple(place for place, name in enumerate(names) if place not in bound and name in SIGN_TITLES)
    try:
        noted = unit_of_notes(notes)
    except UnfitError as error:
        raise FileError(Reason.INVALID_ARGUMENT, path, error.message) from None
    return {place: _bound(source, names[place], noted, signs) for place, source in bound.items()}


def _bound(source: Source, name: str, noted: Unit, signs: tuple[int, ...]) -> Bound:
    if source.in_unit is None:
        return Bound(source)
    split = split_title(name)
    return Bound(source, (split[1], noted) if split else (noted,), signs)


def _places(source: Source, names: Sequence[str]) -> list[int]:
    """Where the first of a source's names stands that the file has: the others say the same in other words."""
    for name in source.names:
        if places := [index for index, each in enumerate(names) if each == name]:
            return places
    return []


def _places_by_base(source: Source, names: Sequence[str], known: Container[str]) -> list[int]:
    """The same for names with a unit in them, such as 注册资本(千元), which no source has as they stand."""
    bases = [split[0] if name not in known and (split := split_title(name)) else "" for name in names]
    return _places(source, bases)


def printable(text: str) -> str:
    """The text with a question mark for each character that would not be seen."""
    return "".join(each if each.isprintable() else "?" for each in text)


def shown(names: Sequence[str]) -> str:
    """Names for a message: nothing in them gives a terminal orders, and a megabyte is no name."""
    text = printable(", ".join(names)[: _SHOWN_CHARS + 1])
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
