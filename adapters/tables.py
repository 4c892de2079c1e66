"""Tables of any kind an export comes in: CSV (plain, .xz, .gz; UTF-8 or GB18030), XLSX, and our own reject reports."""

import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from adapters.csv_lines import LineTooLongError, RawRow, read_csv
from adapters.reject_report import REPORT_COLUMNS, unguard
from adapters.rows import Problem, Row
from adapters.sheet_guard import NoTableError
from adapters.sheets import SHEET_ERRORS, read_sheet
from adapters.transforms import half_width
from node.errors import FileError, Reason

_XZ, _GZIP, _ZIP, _OLE = b"\xfd7zXZ\0", b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_SAMPLE_BYTES = 1 << 18
_NULS_OF_UTF16 = 10
_DAMAGED = (lzma.LZMAError, zlib.error, EOFError, OSError, *SHEET_ERRORS)


class Table:
    """A table with named columns. A reject report is one too: its leading columns say where its rows come from.

    `fraction` says how much of the file is read, 0..1; `modified_at_ms` is in Unix milliseconds; `damage` is why the
    rows ended before the file did.
    """

    def __init__(self, path: Path, rows: Iterator[RawRow], fraction: Callable[[], float]) -> None:
        self.path = path
        self.modified_at_ms = path.stat().st_mtime_ns // 1_000_000
        self.fraction = fraction
        self.damage: FileError | None = None
        self._rows = rows
        head = next(rows, RawRow(1, []))
        if head.error or not head.cells:
            raise FileError(Reason.INVALID_ARGUMENT, str(path), head.error or "the file is empty", head.line)
        self._is_report = tuple(map(half_width, head.cells[: len(REPORT_COLUMNS)])) == REPORT_COLUMNS
        self.columns = self._own(head.cells)

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank. One that is broken or has other columns has its problem with it."""
        for raw in self._undamaged():
            cells = self._own(raw.cells)
            if raw.error or len(cells) != len(self.columns):
                yield from self._odd(raw, cells)
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


@contextmanager
def open_table(path: Path) -> Iterator[Table]:
    """Opens a table; what kind it is, its first bytes say.

    Raises:
        FileError: INVALID_ARGUMENT, not readable, empty, damaged, or of a kind or encoding we do not read.
    """
    try:
        file = path.open("rb")
    except OSError as error:
        raise _refused(path, f"cannot be read: {error.strerror}") from None
    with file:
        size = max(path.stat().st_size, 1)
        # The reader closes what it has read to its end.
        yield Table(path, _readable(path, file), lambda: 1.0 if file.closed else min(file.tell() / size, 1.0))


def _readable(path: Path, file: BinaryIO) -> Iterator[RawRow]:
    line = 1
    try:
        for row in _raw_rows(path, file):
            line = row.line
            yield row
    except LineTooLongError as error:
        raise _refused(path, str(error), error.line) from None
    except NoTableError as error:
        raise _refused(path, str(error)) from None
    except _DAMAGED as error:
        raise _refused(path, f"damaged or cut short ({type(error).__name__})", line) from None


def _raw_rows(path: Path, file: BinaryIO) -> Iterator[RawRow]:
    magic = file.read(8)
    file.seek(0)
    if magic.startswith(_OLE):
        raise _refused(path, "a workbook of before 2007; save it as .xlsx")
    return read_sheet(file) if magic.startswith(_ZIP) else read_csv(_text(path, _unpacked(file, magic)))


def _unpacked(file: BinaryIO, magic: bytes) -> BinaryIO:
    if magic.startswith(_XZ):
        return cast(BinaryIO, lzma.open(file))
    return cast(BinaryIO, gzip.open(file)) if magic.startswith(_GZIP) else file


def _text(path: Path, stream: BinaryIO) -> io.TextIOWrapper:
    sample = stream.read(_SAMPLE_BYTES)
    stream.seek(0)
    # A byte that is no text spoils its row alone: it becomes a surrogate, which no message takes.
    return io.TextIOWrapper(stream, _encoding(path, sample), errors="surrogateescape", newline="")


def _encoding(path: Path, sample: bytes) -> str:
    """UTF-8 or GB18030, by the header; by all of the sample where the header is plain ASCII."""
    # Text of two bytes a character is full of them; one that strayed into a cell spoils its row alone.
    if sample.startswith(_UTF16) or sample.count(b"\0") * _NULS_OF_UTF16 > len(sample):
        raise _refused(path, "UTF-16 or no text at all; save it as CSV in UTF-8")
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    header = whole.split(b"\n", 1)[0]
    for encoding in ("utf-8-sig", "gb18030"):
        if _is_encoded(whole if header.isascii() else header, encoding):
            return encoding
    raise _refused(path, "neither UTF-8 nor GB18030")


def _is_encoded(sample: bytes, encoding: str) -> bool:
    try:
        sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _refused(path: Path, message: str, line: int | None = None) -> FileError:
    return FileError(Reason.INVALID_ARGUMENT, str(path), message, line)
