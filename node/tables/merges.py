"""Merged cells: a spreadsheet keeps their value in the first one alone, and shows it for all."""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise
from math import inf
from typing import NamedTuple

from node.messages import Message, _
from node.tables.raw_row import RawRow, Span
from node.tables.unfit import NoTableError, damaged

MAX_MERGES = 1 << 16
TOO_MANY_MERGES = _("the sheet has more than {limit:,} merged ranges; unmerge them", limit=MAX_MERGES)
_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?")


class Merge(NamedTuple):
    """A merged range: its rows from 1, its columns from 0, the last ones within it."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int

    def __str__(self) -> str:
        return f"{column_letters(self.first_column)}{self.first_row}:{column_letters(self.last_column)}{self.last_row}"

    @property
    def span(self) -> Span:
        """Its columns."""
        return Span(self.first_column, self.last_column, str(self))

    @property
    def is_wide(self) -> bool:
        """Whether it goes over several columns."""
        return self.last_column > self.first_column

    @property
    def is_tall(self) -> bool:
        """Whether it goes over several rows."""
        return self.last_row > self.first_row


def parse_merge(reference: str) -> Merge:
    """A range such as H2:H4.

    Raises:
        NoTableError: It is no range.
    """
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise NoTableError(damaged(_("merged cells without a range")))
    first, row, last, last_row = match.groups()
    merge = Merge(int(row), column_number(first), int(last_row or row), column_number(last or first))
    if merge.last_row < merge.first_row or merge.last_column < merge.first_column:
        raise NoTableError(damaged(_("merged cells without a range")))
    return merge


def column_number(letters: str) -> int:
    """The number of a column, from 0."""
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number - 1


def column_letters(number: int) -> str:
    """The letters of a column, numbered from 0."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def fill(rows: Iterable[RawRow], merges: Sequence[Merge]) -> Iterator[RawRow]:
    """Gives the cells of merged ranges the value that a spreadsheet shows there, in the first of their columns.

    A row in which nothing begins continues the one above, of which all its cells are, and is left out.

    No cell is in two ranges, so the work is linear in the cells that a spreadsheet shows.

    Args:
        rows: With rising lines.
        merges: Of the sheet.

    Raises:
        NoTableError: Two ranges overlap.
    """
    for before, (row, tall), after in _with_neighbours(_fill(rows, merges)):
        shared = [merge.span for merge in tall if before >= merge.first_row or after <= merge.last_row]
        yield row._replace(shared=shared) if shared else row


_Told = tuple[RawRow, Sequence[Merge]]
"""A row, and the merged ranges in it that go over several rows."""


def _with_neighbours(rows: Iterator[_Told]) -> Iterator[tuple[int, _Told, float]]:
    """Each row between the lines of the rows before and after it."""
    before = 0
    ends: Iterator[_Told | None] = iter([None])
    for current, following in pairwise(chain[_Told | None](rows, ends)):
        if current is not None:
            yield before, current, following[0].line if following else inf
            before = current[0].line


def _fill(rows: Iterable[RawRow], merges: Sequence[Merge]) -> Iterator[_Told]:
    waiting = sorted((merge for merge in merges if merge.is_tall or merge.is_wide), reverse=True)
    shown = _Shown()
    for row in rows:
        shown.close(row.line)
        begun = list(shown.values.items())
        while waiting and waiting[-1].first_row <= row.line:
            merge = waiting.pop()
            if merge.last_row >= row.line:
                has_value = merge.first_row == row.line and merge.first_column < len(row.cells)
                shown.open(merge, row.cells[merge.first_column] if has_value else "")
        own = _visible(row, begun, shown.values)
        if row.error or any(cell.strip() for cell in own):
            wide = [merge.span for merge in shown.values if merge.is_wide]
            yield _filled(row._replace(cells=own), begun, wide), [merge for merge in shown.values if merge.is_tall]


class _Shown:
    """The merged ranges that go through the row at hand, from left to right."""

    def __init__(self) -> None:
        self.values: dict[Merge, str] = {}
        self._spans: list[tuple[int, int]] = []
        self._ends = 0

    def open(self, merge: Merge, value: str) -> None:
        at = bisect(self._spans, (merge.first_column, merge.last_column))
        if (at and self._spans[at - 1][1] >= merge.first_column) or (
            at < len(self._spans) and self._spans[at][0] <= merge.last_column
        ):
            raise NoTableError(damaged(_("the merged cells {merge} overlap others", merge=merge)))
        self._spans.insert(at, (merge.first_column, merge.last_column))
        self.values[merge] = value
        self._ends = min(self._ends, merge.last_row) if len(self._spans) > 1 else merge.last_row

    def close(self, line: int) -> None:
        """Forgets the ranges that end before a line."""
        if self.values and self._ends < line:
            self.values = {merge: value for merge, value in self.values.items() if merge.last_row >= line}
            self._spans = sorted((merge.first_column, merge.last_column) for merge in self.values)
            self._ends = min((merge.last_row for merge in self.values), default=0)


def _visible(row: RawRow, begun: Iterable[tuple[Merge, str]], merges: Iterable[Merge]) -> list[str]:
    """What begins in a row. A program may leave values below merged cells, which no spreadsheet shows."""
    cells = list(row.cells)
    for merge, _value in begun:
        if merge.first_column < len(cells):
            cells[merge.first_column] = ""
    for merge in merges:
        if merge.is_wide:
            hidden = slice(merge.first_column + 1, merge.last_column + 1)
            cells[hidden] = [""] * len(cells[hidden])
    return cells


def _filled(row: RawRow, begun: Iterable[tuple[Merge, str]], spans: Sequence[Span]) -> RawRow:
    cells = list(row.cells)
    for merge, value in begun:
        if value:
            cells += [""] * (merge.first_column + 1 - len(cells))
            cells[merge.first_column] = value
    return row._replace(cells=cells, spans=spans)


def without_wide_values(row: RawRow, head: RawRow) -> RawRow:
    """The row, with `merged_cells` as its fault where nobody can tell of which column a merged value is.

    Args:
        row: With the spans of its merged cells.
        head: The row that names the columns. Merged over several columns, a name makes them one.
    """
    if row.error:
        return row
    for span in head.spans:
        if any(row.cells[span.first + 1 : span.last + 1]):
            return _unclear(row, _("several values below {range}, the merged name of one column", range=span.name))
    for span in row.spans:
        named = sum(1 for name in head.cells[span.first : span.last + 1] if name.strip())
        if named > 1 and any(row.cells[span.first : span.first + 1]):
            return _unclear(row, _("the merged cells {range} span several columns; unmerge them", range=span.name))
    return row


def _unclear(row: RawRow, error: Message) -> RawRow:
    return row._replace(error=error, reason="merged_cells")
