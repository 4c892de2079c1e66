"""A file with a table in it: what kind it is, where its columns are named, and its rows."""

import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, cast

from node.errors import FileError, Reason
from node.tables.csv_lines import LineTooLongError, RawRow, read_csv
from node.tables.sheets import SHEET_ERRORS, read_sheet
from node.tables.texts import TITLE_ROWS, Missing, open_text
from node.tables.unfit import NoTableError

_XZ, _GZIP, _ZIP, _OLE = b"\xfd7zXZ\0", b"\x1f\x8b", b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_DAMAGED = (lzma.LZMAError, zlib.error, EOFError, OSError, *SHEET_ERRORS)


@dataclass(frozen=True)
class TableFile:
    """A file that is being read.

    Attributes:
        path: Of the file.
        head: The row that names the columns.
        rows: What follows. It raises FileError where the file is damaged; what came before that is good.
        fraction: How much is read, 0..1.
        notices: What is left out, for a person.
    """

    path: Path
    head: RawRow
    rows: Iterator[RawRow]
    fraction: Callable[[], float]
    notices: list[str]


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


def first_row(_: Sequence[str]) -> int:
    """Whatever a first row names will do."""
    return 0


@contextmanager
def open_file(path: Path, missing: Missing = first_row) -> Iterator[TableFile]:
    """Opens a file; what kind it is, its first bytes say.

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
        head, rows = _head(_readable(path, file, missing, notices), missing)
        if head.error or not head.cells:
            raise _refused(path, head.error or "the file is empty", head.line)
        if head.line > 1:
            notices.append(f"the columns are named in line {head.line}; what stands above is not read")
        # The reader closes what it has read to its end.
        yield TableFile(path, head, rows, lambda: 1.0 if file.closed else min(file.tell() / size, 1.0), notices)


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
