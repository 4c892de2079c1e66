"""A sheet of an .xlsx workbook, row by row. Only numbers and texts come out, never a formula."""

from collections.abc import Iterator
from itertools import islice

from node.messages import _
from node.tables.cell_texts import NOT_COMPUTED, Shown, number_cell, unescaped
from node.tables.csv_lines import MAX_ROW_CHARS
from node.tables.merges import MAX_MERGES, TOO_MANY_MERGES, Merge, column_letters, column_number, parse_merge
from node.tables.open_xml import Book
from node.tables.raw_row import RawRow, Sheet
from node.tables.texts import TITLE_ROWS
from node.tables.unfit import NoTableError, damaged
from node.tables.xml_part import Handler, walk

MAX_ROW = 1 << 20
"""The last row a spreadsheet has."""
MAX_COLUMN = 1 << 14
MAX_COLUMNS = 1024
"""With something in them; no export has more."""
MAX_CELL_CHARS = 32_767
"""What a spreadsheet's cell holds."""


class XlsxBook(Book):
    """An open workbook and the rows of its sheets."""

    def rows(self, sheet: Sheet) -> Iterator[RawRow]:
        """The rows of a sheet that say something.

        Raises:
            NoTableError: Damaged, or with rows, columns or depths that no sheet has.
        """
        handler = _Rows(self)
        with self.open(sheet.part) as part:
            for _ in walk(part, handler):
                yield from handler.take()

    def top(self, sheet: Sheet) -> list[RawRow]:
        """The first rows of a sheet that say something.

        Raises:
            NoTableError: As `rows`.
        """
        return list(islice(self.rows(sheet), TITLE_ROWS))

    def merges(self, sheet: Sheet) -> list[Merge]:
        """The merged cells of a sheet. They stand behind its rows.

        Raises:
            NoTableError: As `rows`.
        """
        handler = _Merges()
        self.read(sheet.part, handler)
        return handler.merges


class _Merges(Handler):
    def __init__(self) -> None:
        self.merges: list[Merge] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "mergeCell":
            merge = parse_merge(attributes.get("ref", ""))
            if merge.first_column < MAX_COLUMNS:
                self.merges.append(merge)
            if len(self.merges) > MAX_MERGES:
                raise NoTableError(TOO_MANY_MERGES)


class _Rows(Handler):
    """Makes rows of the elements row, c, v, is, t and f."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._done: list[RawRow] = []
        self._line = self._column = 0
        self._cells: list[str] = []
        self._chars = 0
        self._error = ""
        self._kind = self._style = ""
        self._pieces: list[str] = []
        self._takes = self._has_value = self._has_formula = self._is_reading_aid = False

    def take(self) -> list[RawRow]:
        """The rows that are complete."""
        done, self._done = self._done, []
        return done

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "c":
            self._begin_cell(attributes)
        elif name == "v" or (name == "t" and not self._is_reading_aid):
            self._takes = self._has_value = True
        elif name == "f":
            self._has_formula = True
        elif name == "row":
            self._begin_row(attributes)
        elif name == "rPh":
            self._is_reading_aid = True

    def end(self, name: str) -> None:
        self._takes = False
        if name == "c":
            if self._has_value or self._has_formula:
                self._end_cell()
        elif name == "row":
            if self._error:
                self._done.append(RawRow(self._line, [], self._error))
            elif any(map(str.strip, self._cells)):
                self._done.append(RawRow(self._line, self._cells))
        elif name == "rPh":
            self._is_reading_aid = False

    def text(self, text: str) -> None:
        if self._takes:
            self._chars += len(text)
            if self._chars <= MAX_ROW_CHARS:
                self._pieces.append(text)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        number = attributes.get("r")
        line = self._line + 1 if number is None else int(number) if number.isdecimal() and len(number) < 9 else 0
        if not self._line < line <= MAX_ROW:
            raise NoTableError(damaged(_("a row has an impossible number")))
        self._line, self._column, self._cells, self._chars, self._error = line, -1, [], 0, ""

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        if reference := attributes.get("r"):
            letters = reference.rstrip("0123456789")
            column = column_number(letters) if letters.isascii() and letters.isupper() and len(letters) < 4 else -1
        else:
            column = self._column + 1
        if not self._column < column < MAX_COLUMN:
            raise NoTableError(damaged(_("a cell of row {row} is in an impossible column", row=self._line)))
        self._column = column
        self._kind, self._style = attributes.get("t", "n"), attributes.get("s", "")
        self._pieces = []
        self._has_value = self._has_formula = False

    def _end_cell(self) -> None:
        text = self._cell_text()
        if not text or self._error:
            return
        if self._column >= MAX_COLUMNS:
            raise NoTableError(_("more than {limit:,} columns have values", limit=MAX_COLUMNS))
        if len(text) > MAX_CELL_CHARS or self._chars > MAX_ROW_CHARS:
            column = column_letters(self._column)
            self._cells, self._error = [], _("column {column}: the text is longer than a cell can hold", column=column)
            return
        self._cells += [""] * (self._column - len(self._cells))
        self._cells.append(text)

    def _cell_text(self) -> str:
        text = "".join(self._pieces)
        if self._has_formula and not text and self._kind != "str":
            return NOT_COMPUTED
        if self._kind == "s":
            text = self._book.strings.get(int(text) if text.isdecimal() and len(text) < 9 else -1)
            self._chars += len(text)
            return text
        if self._kind == "n":
            return self._number(text)
        if self._kind == "b":
            return "TRUE" if text.strip() in {"1", "true"} else "FALSE"
        if self._kind == "d":
            return text.replace("T", " ").removesuffix(" 00:00:00")
        return unescaped(text)

    def _number(self, text: str) -> str:
        text = text.strip()
        try:
            number = float(text)
        except ValueError:
            return text
        return number_cell(number, self._shown(), counts_from_1904=self._book.counts_from_1904)

    def _shown(self) -> Shown:
        styles = self._book.shown
        style = int(self._style) if self._style.isdecimal() and len(self._style) < 9 else 0
        return styles[style] if style < len(styles) else Shown.NUMBER
