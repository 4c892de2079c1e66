"""A row as a file holds it, before anybody knows what its columns are for."""

from collections.abc import Sequence
from typing import NamedTuple


class Span(NamedTuple):
    """Columns, from 0, the last one within, over which cells of a row are merged; `name` such as C5:E5."""

    first: int
    last: int
    name: str


class RawRow(NamedTuple):
    """A row of a source.

    Attributes:
        line: Where it begins, from 1.
        cells: Its texts.
        error: Why the cells cannot be trusted, "" where they can.
        reason: The code of `error`.
        spans: Where its cells are merged over several columns; the value is in the first.
        shared: Where its cells are merged with those of other rows that say something.
    """

    line: int
    cells: list[str]
    error: str = ""
    reason: str = "malformed_row"
    spans: Sequence[Span] = ()
    shared: Sequence[Span] = ()


class Sheet(NamedTuple):
    """A sheet of a workbook by its name, and where the workbook holds it."""

    name: str
    part: str
