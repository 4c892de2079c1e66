"""Tables of any kind an export comes in, our own reject reports among them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path

from adapters.reject_report import leading_columns
from adapters.rows import Problem, Row
from node.core.reason_texts import texts
from node.errors import FileError
from node.messages import Message, _
from node.tables.asides import ASIDES
from node.tables.cells import half_width
from node.tables.file import TableFile, first_row, open_file
from node.tables.formulas import unguard
from node.tables.raw_row import RawRow
from node.tables.texts import Missing

# Of each kind of aside, in what is told.
_MOST_LINES = 20


class Table:
    """A table with named columns. A reject report is one too: its leading columns say where its rows come from.

    `fraction` says how much of the file is read, 0..1; `modified_at_ms` is in Unix milliseconds; `damage` is why the
    rows ended before the file did; `notices` tell what is left out; `notes` are the texts above the names of the
    columns and below the table, which may hold for every row (单位：万元); `counts_from_1904` says how a workbook
    counts its days.
    """

    def __init__(self, file: TableFile) -> None:
        self.path = file.path
        self.modified_at_ms = file.path.stat().st_mtime_ns // 1_000_000
        self.fraction = file.fraction
        self.damage: FileError | None = None
        self.notices = file.notices
        self.notes = file.notes
        self.counts_from_1904 = file.counts_from_1904
        self._rows = file.rows
        self._asides: dict[str, list[int]] = {reason: [] for reason in ("header_repeated", *ASIDES)}
        head = file.head
        self._leading = leading_columns([*map(half_width, head.cells)])
        self.columns = self._own(head.cells)
        self._left = self._read()

    def peek(self, count: int) -> list[Row]:
        """The first rows, which `rows` still yields."""
        first = list(islice(self._left, count))
        self._left = chain(first, self._left)
        return first

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank. One that is broken or has other columns has its problem with it.

        So has one of a reject report whose own cells are blank: it stands for a row that was rejected.
        """
        return self._left

    def _read(self) -> Iterator[Row]:
        for raw in self._undamaged():
            cells = self._own(raw.cells)
            if raw.reason in ASIDES:
                self._asides[raw.reason].append(raw.line)
            elif raw.error:
                yield Row(*self._origin(raw), cells, (Problem("", "", raw.reason, raw.error),))
            elif not _says(cells):
                yield from self._emptied(raw, cells)
            elif cells == self.columns:
                self._asides["header_repeated"].append(raw.line)
            else:
                yield self._stated(raw, cells)

    def asides(self) -> list[Message]:
        """What was no row of the table among those read so far, for a person: page heads, totals, notes."""
        return [
            _("{reason}: {text} (lines {lines})", reason=reason, text=texts().rows[reason].message, lines=_shown(lines))
            for reason, lines in self._asides.items()
            if lines
        ]

    def _undamaged(self) -> Iterator[RawRow]:
        """What comes before the damage is good, and is not given up."""
        try:
            yield from self._rows
        except FileError as error:
            self.damage = error

    def _stated(self, raw: RawRow, cells: list[str]) -> Row:
        """A row that may not fit the columns. Surplus cells are nothing while they are empty."""
        own, surplus = cells[: len(self.columns)], cells[len(self.columns) :]
        if len(own) == len(self.columns) and not any(surplus):
            return Row(*self._origin(raw), own, shared=raw.shared)
        message = _("{cells} cells for {columns} columns", cells=len(cells), columns=len(self.columns))
        return Row(*self._origin(raw), cells, (Problem("", "", "cell_count", message),))

    def _emptied(self, raw: RawRow, cells: list[str]) -> Iterator[Row]:
        """A blank row is none, but for one of a reject report: dropped, a load would end with "all rows are in"."""
        if _says(raw.cells):
            problem = Problem("", "", "report_row_empty", texts().rows["report_row_empty"].message)
            yield Row(*self._origin(raw), cells, (problem,))

    def _own(self, cells: list[str]) -> list[str]:
        """The cells of the source itself."""
        return [unguard(cell) for cell in cells[self._leading :]] if self._leading else cells

    def _origin(self, raw: RawRow) -> tuple[str, int]:
        """File and line where the row first came from."""
        if self._leading and len(raw.cells) > 1 and raw.cells[1].isdecimal():
            return unguard(raw.cells[0]), int(raw.cells[1])
        return str(self.path), raw.line


def _says(cells: Sequence[str]) -> bool:
    return any(cell.strip() for cell in cells)


def _shown(lines: Sequence[int]) -> str:
    more = f" … {len(lines)}" if len(lines) > _MOST_LINES else ""
    return f"{', '.join(map(str, lines[:_MOST_LINES]))}{more}"


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
