"""Tables of any kind an export comes in, our own reject reports among them."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

from adapters.reject_report import REPORT_COLUMNS
from adapters.rows import Problem, Row
from node.errors import FileError
from node.tables.cells import half_width
from node.tables.file import TableFile, first_row, open_file
from node.tables.formulas import unguard
from node.tables.raw_row import RawRow
from node.tables.texts import Missing


class Table:
    """A table with named columns. A reject report is one too: its leading columns say where its rows come from.

    `fraction` says how much of the file is read, 0..1; `modified_at_ms` is in Unix milliseconds; `damage` is why the
    rows ended before the file did; `notices` tell what is left out; `notes` are the texts above the names of the
    columns and below the table, which may hold for every row (单位：万元).
    """

    def __init__(self, file: TableFile) -> None:
        self.path = file.path
        self.modified_at_ms = file.path.stat().st_mtime_ns // 1_000_000
        self.fraction = file.fraction
        self.damage: FileError | None = None
        self.notices = file.notices
        self.notes = file.notes
        self._rows = file.rows
        head = file.head
        self._is_report = tuple(map(half_width, head.cells[: len(REPORT_COLUMNS)])) == REPORT_COLUMNS
        self.columns = self._own(head.cells)
        self._left = self._read()

    def peek(self, count: int) -> list[Row]:
        """The first rows, which `rows` still yields."""
        first = list(islice(self._left, count))
        self._left = chain(first, self._left)
        return first

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank. One that is broken or has other columns has its problem with it."""
        return self._left

    def _read(self) -> Iterator[Row]:
        for raw in self._undamaged():
            cells = self._own(raw.cells)
            if raw.error or len(cells) != len(self.columns):
                yield from self._odd(raw, cells)
            elif cells == self.columns:
                said = Problem("", "", "header_repeated", "the names of the columns again, and no row")
                yield Row(*self._origin(raw), cells, (said,))
            elif any(cells):
                yield Row(*self._origin(raw), cells)

    def _undamaged(self) -> Iterator[RawRow]:
        """What comes before the damage is good, and is not given up."""
        try:
            yield from self._rows
        except FileError as error:
            self.damage = error

    def _odd(self, raw: RawRow, cells: list[str]) -> Iterator[Row]:
        """A row that does not fit the columns. Surplus cells are nothing while they are empty."""
        surplus = cells[len(self.columns) :]
        if raw.error:
            yield Row(*self._origin(raw), cells, (Problem("", "", raw.reason, raw.error, raw.detail),))
        elif surplus and not any(surplus):
            yield Row(*self._origin(raw), cells[: len(self.columns)])
        elif any(cells):
            message = f"{len(cells)} cells for {len(self.columns)} columns"
            yield Row(*self._origin(raw), cells, (Problem("", "", "cell_count", message),))

    def _own(self, cells: list[str]) -> list[str]:
        """The cells of the source itself."""
        return [unguard(cell) for cell in cells[len(REPORT_COLUMNS) :]] if self._is_report else cells

    def _origin(self, raw: RawRow) -> tuple[str, int]:
        """File and line where the row first came from."""
        if self._is_report and len(raw.cells) > 1 and raw.cells[1].isdecimal():
            return unguard(raw.cells[0]), int(raw.cells[1])
        return str(self.path), raw.line


@contextmanager
def open_table(path: Path, missing: Missing = first_row) -> Iterator[Table]:
    """Opens a table.

    Args:
        path: Of the file.
        missing: How many of the columns that are needed a row does not name.

    Raises:
        FileError: INVALID_ARGUMENT, not readable, empty, damaged, or of a kind or encoding we do not read.
    """
    with open_file(path, missing) as file:
        yield Table(file)
