"""A sheet of an XLSX workbook, read row by row. Only numbers and texts come out, never a formula."""

from collections.abc import Iterator
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.utils.exceptions import InvalidFileException

from node.tables.csv_lines import RawRow
from node.tables.sheet_guard import check_workbook
from node.tables.texts import TITLE_ROWS, Missing

# What openpyxl raises for a workbook that is none, or is damaged.
SHEET_ERRORS = (
    BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, IndexError, TypeError, AttributeError,
    NotImplementedError, RuntimeError, OverflowError,
)  # fmt: skip
# A spreadsheet's number has 15 true digits.
_TRUE_DIGITS = 15


def read_sheet(file: BinaryIO, missing: Missing, notices: list[str]) -> Iterator[RawRow]:
    """The rows of the sheet that names the most columns near its top, else of the first; blank rows are left out.

    A row has at least as many cells as the widest before it.

    Args:
        file: The workbook.
        missing: How many of the columns that are needed a row does not name.
        notices: What is not read of the workbook is added.

    Raises:
        Exception: One of SHEET_ERRORS.
    """
    check_workbook(file)
    book = load_workbook(file, read_only=True, data_only=True)
    filled = [sheet for sheet in book.worksheets if any(_rows(sheet))] or book.worksheets[:1]
    best = min(
        filled, key=lambda sheet: min((missing(cells) for _, cells in islice(_rows(sheet), TITLE_ROWS)), default=0)
    )
    if others := [sheet.title for sheet in filled if sheet is not best]:
        notices.append(f"not read: sheet {', '.join(others)}")
    if book.epoch == CALENDAR_MAC_1904:
        notices.append("this workbook counts days from 1904: a day that stands as a bare number is four years off")
    width = 0
    for number, cells in _rows(best):
        width = max(width, len(cells))
        yield RawRow(number, cells + [""] * (width - len(cells)))
    book.close()


def _rows(sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Line and cells of each row that is not blank."""
    sheet.reset_dimensions()  # what a file claims of its size is not believed
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        if cells := _trimmed([format_cell(value) for value in values]):
            yield number, cells


def _trimmed(cells: list[str]) -> list[str]:
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


def format_cell(value: object) -> str:
    """A cell as text: dates as YYYY-MM-DD, numbers without a trailing ".0", nothing as "".

    A whole number with more digits than a spreadsheet keeps is written as such (9.14301E+17): it is no code any more.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, date):
        return value.isoformat()
    return _number(value) if isinstance(value, int | float) and not isinstance(value, bool) else str(value)


def _number(value: float) -> str:
    if abs(value) >= 10**_TRUE_DIGITS:
        return f"{value:.5E}"
    return str(int(value)) if value == int(value) else f"{value:.{_TRUE_DIGITS}g}"


class SheetFile:
    """The rows of a workbook that can be read more than once."""

    def __init__(self, path: Path, missing: Missing, notices: list[str]) -> None:
        self._path = path
        self._missing = missing
        self._notices = notices
        self._read = 0.0

    def rows(self) -> Iterator[RawRow]:
        """See `read_sheet`."""
        notices: list[str] = []
        with self._path.open("rb") as file:
            yield from read_sheet(file, self._missing, notices)
        self._notices[:] = [*self._notices, *(each for each in notices if each not in self._notices)]
        self._read = 1.0

    def fraction(self) -> float:
        """How much is read, 0..1."""
        return self._read
