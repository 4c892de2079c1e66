"""CSV as it comes: physical lines counted, and a row that cannot be parsed loses no other.

The work is linear in the length of the text and the memory bounded, whatever stands in it.
"""

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO

from node.messages import Message, _
from node.tables.raw_row import RawRow

MAX_ROW_CHARS = 1 << 20
"""Of a row, with the line breaks in it: four times what a record may hold."""


def read_csv(text: TextIO, delimiter: str = ",") -> Iterator[RawRow]:
    """The rows of a delimited text opened with newline="". Blank lines are left out.

    A row may hold line breaks between quotes, so a quote that is never closed would swallow every line after it. Here
    only the line with the quote is at fault: parsing goes on with the next one.
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
        except _LineTooLongError:
            yield RawRow(line, [], _("the line is longer than {limit:,} characters", limit=MAX_ROW_CHARS))
        except (csv.Error, _NeverClosedError):
            first = lines.take_back()
            yield RawRow(line, _cells_of(first, delimiter), _fault(first))
        else:
            if cells:
                yield RawRow(line, cells)


def _fault(line: str) -> Message:
    if '"' in line:
        return _("a quote is not closed, or is closed in the middle of a cell")
    return _("a cell is longer than {limit:,} characters", limit=csv.field_size_limit())


def _cells_of(line: str, delimiter: str) -> list[str]:
    """What a broken line seems to hold, for a person to mend."""
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


class _LineTooLongError(Exception):
    """The line at hand is longer than MAX_ROW_CHARS; it is read to its end."""


class _NeverClosedError(Exception):
    """The quote that is open at the end of the line at hand is known to close nowhere, or not soon enough."""


class _Lines:
    """Lines of a text, counted; those of the row at hand can be taken back.

    A line is parsed at most twice as part of a row that fails: every row that has lines to spare enters the next one
    within a quote, so where one row failed that went through that line, each later row will too.
    """

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._again: deque[str | None] = deque()  # None: a line too long to be kept
        self._row: list[str] = []
        self._row_chars = 0
        self._hopeless = 0
        self.number = 1

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        if self._row and (self.number <= self._hopeless or self._row_chars > MAX_ROW_CHARS):
            raise _NeverClosedError
        line = self._again.popleft() if self._again else self._read_line()
        if line is None:
            if self._row:  # it belongs to no row but its own
                self._again.appendleft(None)
                raise _NeverClosedError
            self.number += 1
            raise _LineTooLongError
        if not line:
            raise StopIteration
        self._row.append(line)
        self._row_chars += len(line)
        self.number += 1
        return line

    def _read_line(self) -> str | None:
        """The next line of the text, "" at its end; None for one that is too long, of which nothing is kept."""
        line = self._text.readline(MAX_ROW_CHARS)
        if len(line) < MAX_ROW_CHARS:
            return line
        while len(self._text.readline(MAX_ROW_CHARS)) == MAX_ROW_CHARS:
            pass
        return None

    def begin_row(self) -> None:
        self._row.clear()
        self._row_chars = 0

    def take_back(self) -> str:
        """Takes back every line of the row at hand but the first, which is returned."""
        first, *rest = self._row
        self._hopeless = max(self._hopeless, self.number - 1)
        self._again.extendleft(reversed(rest))
        self.number -= len(rest)
        return first
