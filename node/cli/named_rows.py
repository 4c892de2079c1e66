"""Rosters: rows of a table by the fields that its columns are, whatever an office has around and in them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from node.errors import FileError, Reason
from node.tables.cells import clean, column_name
from node.tables.csv_lines import RawRow
from node.tables.file import open_file
from node.tables.unfit import UnfitError

WHOLE = ""
"""Where a fault is of the row and not of one field."""
_NO_TEXT = re.compile("[\ud800-\udfff]")


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


def named_rows(path: Path, columns: Mapping[str, str], needed: str = "") -> Iterator[NamedRow]:
    """The rows of a CSV file or workbook, blank ones left out.

    Args:
        path: Of the file.
        columns: Names of columns, each with its field; of two for one field the first here that a row states counts.
        needed: A field without which the file is refused; else any will do.

    Raises:
        FileError: INVALID_ARGUMENT, cannot be read, or lacks the columns.
    """
    known = {column_name(name): field for name, field in columns.items()}

    def missing(cells: Sequence[str]) -> int:
        return len(known) - len({known[name] for name in map(column_name, cells) if name in known})

    with open_file(path, missing) as file:
        places = _places(known, list(map(column_name, file.head.cells)))
        if not places or (needed and needed not in places):
            wanted = ", ".join(name for name, field in columns.items() if needed in {"", field})
            raise FileError(Reason.INVALID_ARGUMENT, str(path), f"no column of {wanted}", file.head.line)
        for raw in file.rows:
            row = _named(raw, places, file.head.cells)
            if row.cells or row.faults:
                yield row


def _places(known: Mapping[str, str], names: Sequence[str]) -> dict[str, list[int]]:
    """Where each field stands, the column that counts first before the others."""
    places: dict[str, list[int]] = {}
    for name, field in known.items():
        if found := [place for place, each in enumerate(names) if each == name]:
            places.setdefault(field, []).extend(found)
    return places


def _named(raw: RawRow, places: Mapping[str, Sequence[int]], head: Sequence[str]) -> NamedRow:
    row = NamedRow(raw.line, {}, {})
    if fault := _fault(raw, head):
        row.faults[WHOLE] = fault
        return row
    for field, place in ((field, each) for field, several in places.items() for each in several):
        try:
            cell = _clean(raw.cells[place]) if place < len(raw.cells) else None
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
        return UnfitError("cell_count", f"{len(raw.cells)} cells for {len(head)} columns")
    if raw.cells == head:
        return UnfitError("header_repeated", "the names of the columns again, and no row")
    return None


def _clean(cell: str) -> str | None:
    if _NO_TEXT.search(cell):
        raise UnfitError("bad_encoding", "bytes that are no text in the file's encoding")
    return clean(cell)
