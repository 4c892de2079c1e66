"""The first sheet of an XLSX workbook, read row by row. Only numbers and texts come out, never a formula."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import BinaryIO
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from adapters.csv_lines import RawRow
from adapters.sheet_guard import check_workbook

# What openpyxl raises for a workbook that is none, or is damaged.
SHEET_ERRORS = (
    BadZipFile, InvalidFileException, ParseError, KeyError, ValueError, IndexError, TypeError, AttributeError,
    NotImplementedError, RuntimeError, OverflowError,
)  # fmt: skip
# A spreadsheet's number has 15 true digits.
_TRUE_DIGITS = 15


def read_sheet(file: BinaryIO) -> Iterator[RawRow]:
    """The rows of the first sheet, as many cells each as the first of them has; blank rows are left out.

    Raises:
        Exception: One of SHEET_ERRORS.
    """
    check_workbook(file)
    book = load_workbook(file, read_only=True, data_only=True)
    sheet, width = book.worksheets[0], 0
    sheet.reset_dimensions()  # what a file claims of its size is not believed
    for number, values in enumerate(sheet.iter_rows(values_only=True), start=1):
        cells = _trimmed([format_cell(value) for value in values])
        if cells:
            width = width or len(cells)
            yield RawRow(number, cells + [""] * (width - len(cells)))
    book.close()


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
    return str(int(value)) if value == int(value) else repr(value)
