"""Rosters: rows of a table by the fields that its columns are, whatever an office has around and in them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from node.cli.shared.tables import printable
from node.core.reason_texts import texts
from node.errors import FileError, Reason
from node.localized_click import echo
from node.messages import Message, _, render
from node.tables.asides import ASIDES
from node.tables.cells import clean, column_name
from node.tables.file import open_file
from node.tables.raw_row import RawRow
from node.tables.titles import field_of_title
from node.tables.unfit import UnfitError

WHOLE = ""
"""Where a fault is of the row and not of one field."""
_MOST_TITLES, _MOST_LINES, _SOME = 20, 10, 4


class NamedRow(NamedTuple):
    """A row that says something.

    Attributes:
        line: Where it begins, from 1.
        cells: What is stated, by field.
        faults: Why a field, or the `WHOLE` row, cannot be read. Never with a value.
    """

    line: int
    cells: dict[str, str]
    faults: dict[str, UnfitError]


def named_rows(path: Path, columns: Mapping[str, str], needed: Collection[str]) -> Iterator[NamedRow]:
    """The rows of a CSV file or workbook, without blank ones and what is none of them: totals, notes, titles again.

    Tells on standard error what is not read.

    Args:
        path: Of the file.
        columns: Titles, each with its field; also known with what a roster puts around them. Of two columns for one
            field the first title here that a row states counts.
        needed: Fields of which the file must have one.

    Raises:
        FileError: INVALID_ARGUMENT, cannot be read, or lacks the columns.
    """
    known = {column_name(title): field for title, field in columns.items()}
    fields = frozenset(columns.values())

    def field_of(title: str) -> str:
        field = known.get(column_name(title)) or field_of_title(title)
        return field if field in fields else ""

    def missing(cells: Sequence[str]) -> int:
        return len(fields - set(map(field_of, cells)))

    with open_file(path, missing) as file:
        mapped = list(map(field_of, file.head.cells))
        if not set(needed) & set(mapped):
            raise FileError(Reason.INVALID_ARGUMENT, str(path), _lacks(columns, needed, any(mapped)), file.head.line)
        unread = [cell for cell, field in zip(file.head.cells, mapped, strict=True) if not field and cell.strip()]
        if unread:
            _tell(_("columns not read: {titles}", titles=_listed(unread)))
        places = _places(known, mapped, list(map(column_name, file.head.cells)))
        asides: dict[str, list[int]] = {reason: [] for reason in (*ASIDES, "header_repeated")}
        for raw in file.rows:
            if reason := _aside(raw, file.head.cells):
                asides[reason].append(raw.line)
                continue
            row = _named(raw, places, file.head.cells)
            if row.cells or row.faults:
                yield row
        for notice in [*file.notices, *_left_out(asides)]:
            _tell(notice)


def _left_out(asides: Mapping[str, Sequence[int]]) -> list[Message]:
    return [
        _("left out: {text} (lines {lines})", text=texts().rows[reason].message, lines=_numbers(lines))
        for reason, lines in asides.items()
        if lines
    ]


def _aside(raw: RawRow, head: Sequence[str]) -> str:
    """Why it is no row of the table; empty where it is one."""
    if raw.error:
        return raw.reason if raw.reason in ASIDES else ""
    return "header_repeated" if raw.cells == head else ""


def _numbers(lines: Sequence[int]) -> str:
    more = f" … {len(lines)}" if len(lines) > _MOST_LINES else ""
    return ", ".join(map(str, lines[:_MOST_LINES])) + more


def _tell(text: str) -> None:
    echo(printable(render(text)), err=True)


def _listed(titles: Sequence[str]) -> str:
    shown = ", ".join(title.strip()[:40] for title in titles[:_MOST_TITLES])
    return shown + (f", ... ({len(titles)})" if len(titles) > _MOST_TITLES else "")


def _lacks(columns: Mapping[str, str], needed: Collection[str], is_head: bool) -> Message:
    """What a file lacks. Of a row that names nothing no cell is shown: it may be a person's."""
    wanted = "; ".join(
        f"{field}: " + ", ".join([title for title, of in columns.items() if of == field and title != field][:_SOME])
        for field in needed
    )
    if is_head:
        return _(
            "no column identifies the party of a row, and a name alone does not. Known titles: {wanted}", wanted=wanted
        )
    return _("no column identifies the party of a row. Known titles: {wanted}", wanted=wanted)


def _places(known: Mapping[str, str], fields: Sequence[str], names: Sequence[str]) -> dict[str, list[int]]:
    """Where each field stands, the column that counts first before the others."""
    rank = {name: at for at, name in enumerate(known)}
    places: dict[str, list[int]] = {}
    for place in sorted(range(len(fields)), key=lambda each: rank.get(names[each], len(rank))):
        if fields[place]:
            places.setdefault(fields[place], []).append(place)
    return places


def _named(raw: RawRow, places: Mapping[str, Sequence[int]], head: Sequence[str]) -> NamedRow:
    row = NamedRow(raw.line, {}, {})
    if fault := _fault(raw, head):
        row.faults[WHOLE] = fault
        return row
    for field, place in ((field, each) for field, several in places.items() for each in several):
        try:
            cell = clean(raw.cells[place]) if place < len(raw.cells) else None
        except UnfitError as unfit:
            row.faults[field] = unfit
        else:
            if cell:
                row.cells.setdefault(field, cell)
    return row


def _fault(raw: RawRow, head: Sequence[str]) -> UnfitError | None:
    if raw.error:
        return UnfitError(raw.reason, raw.error)
    if any(raw.cells[len(head) :]):
        return UnfitError(
            "cell_count", _("{cells} cells for {columns} columns", cells=len(raw.cells), columns=len(head))
        )
    return None
