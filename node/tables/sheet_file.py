"""The sheet of a workbook that holds the table, with what its merged cells show."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Protocol

from node.messages import Message, _
from node.tables.allowance import Allowance
from node.tables.merges import Merge, fill
from node.tables.open_xml import PART_ERRORS
from node.tables.raw_row import RawRow, Sheet
from node.tables.sheets import XlsxBook
from node.tables.texts import Missing
from node.tables.unfit import NoTableError, damaged_or_cut
from node.tables.xls_book import XlsBook

_CELL_COST = 8
_UNTITLED = ("sheet", "工作表", "表")


class Book(Protocol):
    """A workbook of any kind."""

    sheets: list[Sheet]
    counts_from_1904: bool

    def top(self, sheet: Sheet) -> list[RawRow]:
        """The first rows of a sheet that say something. Raises NoTableError."""

    def rows(self, sheet: Sheet) -> Iterator[RawRow]:
        """The rows of a sheet that say something. Raises NoTableError."""

    def merges(self, sheet: Sheet) -> list[Merge]:
        """The merged cells of a sheet. Raises NoTableError."""


OpenBook = Callable[[Path], AbstractContextManager[Book]]


class SheetFile:
    """The rows of a workbook: of the sheet that names the most columns near its top, else of the first."""

    def __init__(self, open_book: OpenBook, path: Path, missing: Missing, notices: list[Message]) -> None:
        """Chooses the sheet.

        Args:
            open_book: Opens the file as what it is.
            path: Of the file.
            missing: How many of the columns that are needed a row does not name.
            notices: What is not read of the workbook is added.

        Raises:
            NoTableError: No workbook, damaged, or made to fill the memory.
        """
        self._path = path
        self._open = partial(open_book, path)
        self._read = self._total = 0
        with self._open() as book:
            tops = {sheet: book.top(sheet) for sheet in book.sheets}
            filled = [sheet for sheet, rows in tops.items() if rows] or book.sheets[:1]
            if not filled:
                raise NoTableError(_("the workbook has no sheet"))
            self._sheet = min(filled, key=lambda sheet: min((missing(row.cells) for row in tops[sheet]), default=0))
            if others := [sheet.name for sheet in filled if sheet != self._sheet]:
                notices.append(_("sheets not read: {sheets}", sheets=others))
            self.counts_from_1904 = book.counts_from_1904
            if self.counts_from_1904:
                notices.append(
                    _("this workbook counts days from 1904: a number without a date format is not read as a date")
                )
            with _within(self._sheet):
                self._merges = book.merges(self._sheet)
        self.title = "" if self._sheet.name.casefold().rstrip("0123456789 ") in _UNTITLED else self._sheet.name

    def rows(self) -> Iterator[RawRow]:
        """Every row that says something, each at least as wide as the widest before it.

        Raises:
            NoTableError: Damaged, or made to fill the memory.
        """
        self._read = width = 0
        allowance = Allowance(self._path.stat().st_size)
        with self._open() as book, _within(self._sheet):
            for row in fill(map(_trimmed, book.rows(self._sheet)), self._merges):
                allowance.spend(sum(map(len, row.cells)) + _CELL_COST * len(row.cells))
                width = max(width, len(row.cells))
                self._read = row.line
                yield row._replace(cells=row.cells + [""] * (width - len(row.cells)))
        self._total = self._read

    def fraction(self) -> float:
        """How much is read, 0..1; 0 until it is known how long the sheet is."""
        return self._read / self._total if self._total else 0.0


@contextmanager
def open_xlsx(path: Path) -> Iterator[Book]:
    """An .xlsx workbook.

    Raises:
        NoTableError: No workbook, or damaged.
    """
    with path.open("rb") as file:
        try:
            yield XlsxBook(file, path.stat().st_size)
        except PART_ERRORS as error:
            raise NoTableError(damaged_or_cut(error)) from None


@contextmanager
def open_xls(path: Path) -> Iterator[Book]:
    """An .xls workbook.

    Raises:
        NoTableError: No workbook, or damaged.
    """
    yield XlsBook(path)


@contextmanager
def _within(sheet: Sheet) -> Iterator[None]:
    """Says of which sheet a fault is."""
    try:
        yield
    except NoTableError as error:
        raise error.within(sheet.name) from None


def _trimmed(row: RawRow) -> RawRow:
    """The row without the blank cells at its end."""
    while row.cells and not row.cells[-1].strip():
        row.cells.pop()
    return row
