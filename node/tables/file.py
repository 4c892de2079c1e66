"""A file with a table in it: what kind it is, where its columns are named, and its rows."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import NamedTuple, Protocol

from node.errors import FileError, Reason
from node.messages import Message, _
from node.tables.asides import filled, is_note, without_asides
from node.tables.csv_file import PACKING_ERRORS, CsvFile
from node.tables.merges import without_wide_values
from node.tables.raw_row import RawRow
from node.tables.sheet_file import SheetFile, open_xls, open_xlsx
from node.tables.texts import TITLE_ROWS, Missing
from node.tables.unfit import NoTableError, damaged_or_cut

# Also the workbooks of the first years, without a container around them.
_XLS = (
    b"\xd0\xcf\x11\xe0", b"\x09\x08\x08\0", b"\x09\x08\x10\0", b"\x09\x04\x06\0", b"\x09\x02\x06\0",
    b"\x09\0\x04\0",
)  # fmt: skip
_UNREAD = {
    b"%PDF": _("this is a PDF; ask for the spreadsheet that it was made from"),
    b"Rar!": _("this is a RAR archive; unpack it first"),
    b"7z\xbc\xaf": _("this is a 7z archive; unpack it first"),
    b"{\\rtf": _("this is a text document (.rtf); copy its table into a spreadsheet"),
    b"SQLite f": _("this is a database; export its table as CSV"),
}
# Of text, UTF-16 alone raises: where it ends within a character.
_DAMAGED = (*PACKING_ERRORS, UnicodeDecodeError)
# Rows at the end among which notes to the table are looked for.
_FOOT_ROWS = 20


class Source(Protocol):
    """A table that can be read more than once; `title` is what its sheet is called, "" where it has no name."""

    title: str
    counts_from_1904: bool

    def rows(self) -> Iterator[RawRow]:
        """Every row from the first on. Raises NoTableError or what _DAMAGED names."""

    def fraction(self) -> float:
        """How much is read, 0..1."""


class Kind(NamedTuple):
    """A kind of file: its name, what it begins with, and how it is read."""

    name: str
    marks: tuple[bytes, ...]
    read: Callable[[Path, Missing, list[Message]], Source]


KINDS = (
    Kind("xls", _XLS, partial(SheetFile, open_xls)),
    Kind("xlsx", (b"PK\x03\x04",), partial(SheetFile, open_xlsx)),
    Kind("csv", (b"",), lambda path, missing, _: CsvFile(path, missing)),
)
"""Whatever begins like none of the others is text."""


@dataclass(frozen=True)
class TableFile:
    """A file that is being read.

    Attributes:
        path: Of the file.
        head: The row that names the columns.
        rows: What follows. It raises FileError where the file is damaged; what came before that is good.
        fraction: How much is read, 0..1.
        notices: What is left out, for a person.
        counts_from_1904: Whether a workbook counts its days so: a bare number then is no day as of 1900.
        notes: What stands above the names of the columns and below the table, a text a row: titles, units, who filled
            it in. It may hold for every row, such as 单位：万元.
    """

    path: Path
    head: RawRow
    rows: Iterator[RawRow]
    fraction: Callable[[], float]
    notices: list[Message]
    notes: tuple[str, ...]
    counts_from_1904: bool


def first_row(_: Sequence[str]) -> int:
    """Whatever a first row names will do."""
    return 0


@contextmanager
def open_file(path: Path, missing: Missing = first_row) -> Iterator[TableFile]:
    """Opens a file; what kind it is, its first bytes say.

    It is read once for what stands around the table, which may say what the amounts in it are, and then for its rows.

    Args:
        path: Of the file.
        missing: How many of the columns that are needed a row does not name.

    Raises:
        FileError: INVALID_ARGUMENT, not readable, empty, damaged, or of a kind or encoding we do not read.
    """
    notices: list[Message] = []
    with _refusals(path):
        source = _source(path, missing, notices)
    head, notes = _survey(_readable(path, source), missing)
    notes = (source.title, *notes) if source.title else notes
    if head.error or not head.cells:
        unsplit = _("the row of column names cannot be split into cells: {error}", error=head.error)
        fault = unsplit if head.error else _("the file is empty")
        raise _refused(path, fault, head.line)
    if head.line > 1:
        notices.append(_("the column names are in line {line}; the lines above are not read as rows", line=head.line))
    body = _body(_readable(path, source), head)
    yield TableFile(path, head, body, source.fraction, notices, notes, source.counts_from_1904)


def _survey(rows: Iterator[RawRow], missing: Missing) -> tuple[RawRow, tuple[str, ...]]:
    """The row that names the columns, of the first rows the one that lacks the fewest, and the notes around the table.

    Damage within the table is told when its rows are read.
    """
    top: list[RawRow] = []
    for row in islice(rows, TITLE_ROWS):
        top.append(row)
        if not row.error and not missing(row.cells):
            break
    if not top:
        return RawRow(1, []), ()
    at = min(range(len(top)), key=lambda index: missing(top[index].cells))
    head, below = top[at], deque(top[at + 1 :], _FOOT_ROWS)
    with suppress(FileError):
        below.extend(rows)
    feet = (texts for row in below if is_note(texts := filled(row.cells), len(head.cells)))
    return head, tuple(" ".join(texts) for texts in (*(filled(row.cells) for row in top[:at]), *feet) if texts)


def _body(rows: Iterator[RawRow], head: RawRow) -> Iterator[RawRow]:
    return (_checked(row, head) for row in rows if row.line > head.line)


def _checked(row: RawRow, head: RawRow) -> RawRow:
    """The row, with its fault where it is none of the table or cannot be told apart."""
    return without_wide_values(without_asides(row, head.cells), head)


def _readable(path: Path, source: Source) -> Iterator[RawRow]:
    line: int | None = None
    with _refusals(path, lambda: line):
        for row in source.rows():
            line = row.line
            yield row


@contextmanager
def _refusals(path: Path, line: Callable[[], int | None] = lambda: None) -> Iterator[None]:
    """Says of what cannot be read which file it is, and where."""
    try:
        yield
    except NoTableError as error:
        raise _refused(path, error.message, line()) from None
    except FileNotFoundError:
        raise _refused(path, _("no such file")) from None
    except PermissionError:
        raise _refused(path, _("no permission to read the file")) from None
    except _DAMAGED as error:
        raise _refused(path, damaged_or_cut(error), line()) from None


def _source(path: Path, missing: Missing, notices: list[Message]) -> Source:
    with path.open("rb") as file:
        magic = file.read(8)
    for mark, what in _UNREAD.items():
        if magic.startswith(mark):
            raise NoTableError(what)
    return next(kind for kind in KINDS if magic.startswith(kind.marks)).read(path, missing, notices)


def _refused(path: Path, message: Message, line: int | None = None) -> FileError:
    return FileError(Reason.INVALID_ARGUMENT, str(path), message, line)
