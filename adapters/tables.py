"""Tables of any kind an export comes in: CSV (plain, .xz, .gz), XLSX, and our own reject reports."""

import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, cast

from adapters.csv_lines import LineTooLongError, RawRow, read_csv
from adapters.reject_report import REPORT_COLUMNS, unguard
from adapters.rows import Problem, Row
from adapters.sheets import SHEET_ERRORS, read_sheet
from adapters.texts import TITLE_ROWS, Missing, open_text
from adapters.transforms import half_width
from adapters.unfit import NoTableError
from node.errors import FileError, Reason

_XZ, _GZIP, _ZIP, _OLE = b"\xfd7zXZ\0", b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_DAMAGED = (lzma.LZMAError, zlib.error, EOFError, OSError, *SHEET_ERRORS)


class Table:
    """A table with named columns. A reject report is one too: its leading columns say where its rows come from.

    `fraction` says how much of the file is read, 0..1; `modified_at_ms` is in Unix milliseconds; `damage` is why the
    rows ended before the file did; `notices` tell what is left out.
    """

    def __init__(
        self,
        path: Path,
        rows: Iterator[RawRow],
        fraction: Callable[[], float],
        missing: Missing,
        notices: list[str],
    ) -> None:
        self.path = path
        self.modified_at_ms = path.stat().st_mtime_ns // 1_000_000
        self.fraction = fraction
        self.damage: FileError | None = None
        self.notices = notices
        head, self._rows = _head(rows, missing)
        if head.error or not head.cells:
            raise FileError(Reason.INVALID_ARGUMENT, str(path), head.error or "the file is empty", head.line)
        if head.line > 1:
            self.notices.append(f"the columns are named in line {head.line}; what stands above is not read")
        self._is_report = tuple(map(half_width, head.cells[: len(REPORT_COLUMNS)])) == REPORT_COLUMNS
        self.columns = self._own(head.cells)

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank. One that is broken or has other columns has its problem with it."""
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
            yield Row(*self._origin(raw), cells, (Problem("", "", "malformed_row", raw.error),))
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


def _head(rows: Iterator[RawRow], missing: Missing) -> tuple[RawRow, Iterator[RawRow]]:
    """The row that names the columns: of the first rows the one that lacks the fewest; and the rows after it."""
    read: list[RawRow] = []
    for row in islice(rows, TITLE_ROWS):
        read.append(row)
        if not row.error and not missing(row.cells):
            return row, rows
    if not read:
        return RawRow(1, []), rows
    at = min(range(len(read)), key=lambda index: missing(read[index].cells))
    return read[at], chain(read[at + 1 :], rows)


def _any(_: Sequence[str]) -> int:
    """Whatever a first row names will do."""
    return 0


@contextmanager
def open_table(path: Path, missing: Missing = _any) -> Iterator[Table]:
    """Opens a table; what kind it is, its first bytes say.

    Args:
        path: Of the file.
        missing: How many of the columns that are needed a row does not name.

    Raises:
        FileError: INVALID_ARGUMENT, not readable, empty, damaged, or of a kind or encoding we do not read.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from None
    with file:
        size = max(path.stat().st_size, 1)
        notices: list[str] = []
        rows = _readable(path, file, missing, notices)
        # The reader closes what it has read to its end.
        yield Table(path, rows, lambda: 1.0 if file.closed else min(file.tell() / size, 1.0), missing, notices)


def _readable(path: Path, file: BinaryIO, missing: Missing, notices: list[str]) -> Iterator[RawRow]:
    line = 1
    try:
        for row in _raw_rows(path, file, missing, notices):
            line = row.line
            yield row
    except LineTooLongError as error:
        raise _refused(path, str(error), error.line) from None
    except NoTableError as error:
        raise _refused(path, str(error)) from None
    except _DAMAGED as error:
        raise _refused(path, f"damaged or cut short ({type(error).__name__})", line) from None


def _raw_rows(path: Path, file: BinaryIO, missing: Missing, notices: list[str]) -> Iterator[RawRow]:
    magic = file.read(8)
    file.seek(0)
    if magic.startswith(_OLE):
        raise _refused(path, "a workbook of before 2007, or one with a password; save it as .xlsx without")
    if magic.startswith(_ZIP):
        return read_sheet(file, missing, notices)
    return read_csv(*open_text(_unpacked(file, magic), missing))


def _unpacked(file: BinaryIO, magic: bytes) -> BinaryIO:
    if magic.startswith(_XZ):
        return cast(BinaryIO, lzma.open(file))
    return cast(BinaryIO, gzip.open(file)) if magic.startswith(_GZIP) else file


def _refused(path: Path, message: str, line: int | None = None) -> FileError:
    return FileError(Reason.INVALID_ARGUMENT, str(path), message, line)
