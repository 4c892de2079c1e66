"""CSV as it comes: physical lines counted, and a row that cannot be parsed loses no other."""

import csv
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple, TextIO

# No export has longer ones; a file without line ends must not fill the memory.
MAX_LINE_CHARS = 4 << 20


class RawRow(NamedTuple):
    """A row of a source and the line it begins on, counted from 1. `error`: why the cells cannot be trusted."""

    line: int
    cells: list[str]
    error: str = ""


class LineTooLongError(ValueError):
    """A line longer than MAX_LINE_CHARS: no table."""

    def __init__(self, line: int) -> None:
        super().__init__(f"longer than {MAX_LINE_CHARS} characters: not a table")
        self.line = line


def read_csv(text: TextIO, delimiter: str = ",") -> Iterator[RawRow]:
    """The rows of a delimited text opened with newline="". Blank lines are left out.

    A row may hold line breaks between quotes, so a quote that is never closed would swallow every line after it. Here
    only the line with the quote is at fault: parsing goes on with the next one.

    Raises:
        LineTooLongError: Nothing more of the file can be read.
    """
    lines = _Lines(text)
    rows = csv.reader(lines, strict=True, delimiter=delimiter)
    while True:
        lines.begin_row()
        line = lines.number
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            yield RawRow(
                line, _cells_of(lines.keep_first(), delimiter), f"{error}: an unclosed quote, or a cell too long"
            )
            continue
        if cells:
            yield RawRow(line, cells)


def _cells_of(line: str, delimiter: str) -> list[str]:
    """What a broken line seems to hold, for a person to mend."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


class _Lines:
    """Lines of a text, counted; those of the row at hand can be taken back."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str] = deque()
        self._row: list[str] = []
        self.number = 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else self._text.readline(MAX_LINE_CHARS)
        if not line:
            raise StopIteration
        if len(line) == MAX_LINE_CHARS:
            raise LineTooLongError(self.number)
        self._row.append(line)
        self.number += 1
        return line

    def begin_row(self) -> None:
        self._row.clear()

    def keep_first(self) -> str:
        """Takes back every line of the row at hand but the first."""
        first, *rest = self._row
        self._again.extendleft(reversed(rest))
        self.number -= len(rest)
        return first
