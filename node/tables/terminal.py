"""What a terminal can show: tables that fit its width and cut nothing, and no crash on a character it lacks."""

import codecs
import io
import re
import sys
import unicodedata
from collections.abc import Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from node.messages import render

# Ids, codes, dates, numbers and digests are runs of these; a line never ends within one.
_WHOLE = re.compile(r"[!-~]+|\s+|.", re.DOTALL)
# What SIMPLE_HEAD puts around the cells: a blank on each side of a column, one at each edge, one between two.
_AROUND, _EDGES = 3, 1
# A column of words is folded to no fewer cells: eight Chinese characters, the longest of the usual titles.
_READABLE = 16
_SEVEN_BIT = "gongzhi-ascii"


class CellTable(Table):
    """A table that shows what a stranger wrote as text, and never as commands to the terminal.

    Heads and cells that are a `Message` are shown in the language of the process.
    """

    def __init__(self, *heads: str) -> None:
        super().__init__(box=SIMPLE_HEAD)
        self.heads = tuple(map(render, heads))
        self.cells: list[list[Text]] = []

    def add_row(self, *cells: RenderableType | None, **_: Any) -> None:
        """Adds a row of texts; a `str` is markup of this program's own."""
        row = [_shown(cell) for cell in cells]
        self.cells.append(row + [Text()] * (len(self.heads) - len(row)))

    def add_texts(self, *cells: str) -> None:
        """Adds a row of texts as they are, without markup; a `Message` in the language of the process."""
        self.add_row(*(Text(render(cell)) for cell in cells))

    @property
    def row_count(self) -> int:
        """How many rows were added; they are kept here, and not in the table of rich."""
        return len(self.cells)


def _shown(cell: RenderableType | None) -> Text:
    if isinstance(cell, Text):
        return Text(printable(cell.plain), cell.style)
    if isinstance(cell, str):
        return Text.from_markup(printable(render(cell)))
    return Text.from_markup(printable(str(cell))) if cell is not None else Text()


def printable(text: str) -> str:
    """The text without control and formatting characters."""
    return "".join("\ufffd" if unicodedata.category(each) in ("Cc", "Cf") and each != "\n" else each for each in text)


def print_table(table: CellTable, console: Console | None = None, *, wide: bool = False) -> None:
    """Prints to standard output: in columns where they fit, else one block a row. Nothing is ever cut.

    Without a terminal, or `wide`, a row is a line, however long.
    """
    console = console or Console()
    ideal = [max(map(_width, column)) for column in _columns(table)]
    if wide or not console.is_terminal:
        widths: list[int] | None = ideal
    else:
        widths = _fit(ideal, [max(map(_least, column)) for column in _columns(table)], console.width)
    if widths is None:
        _print_blocks(table, console)
    else:
        _print_columns(table, console, widths)


def _columns(table: CellTable) -> list[list[str]]:
    return [[head, *(row[at].plain for row in table.cells)] for at, head in enumerate(table.heads)]


def _width(text: str) -> int:
    return max(map(cell_len, text.split("\n")), default=0)


def _least(text: str) -> int:
    whole = max((cell_len(each) for each in _WHOLE.findall(text) if not each.isspace()), default=0)
    return max(whole, min(_READABLE, _width(text)))


def _fit(ideal: Sequence[int], least: Sequence[int], width: int) -> list[int] | None:
    """The width of each column; None where the terminal is too narrow for what must stay whole."""
    room = width - _AROUND * len(ideal) - _EDGES - sum(least)
    if room < 0:
        return None
    widths = list(least)
    while room > 0 and widths != list(ideal):
        # The one that lacks the most gets a piece first.
        at = max(range(len(widths)), key=lambda each: ideal[each] - widths[each])
        piece = min(room, max(1, (ideal[at] - widths[at]) // 2))
        widths[at] += piece
        room -= piece
    return widths


def _print_columns(table: CellTable, console: Console, widths: Sequence[int]) -> None:
    drawn = Table(box=SIMPLE_HEAD)
    for head, width in zip(table.heads, widths, strict=True):
        drawn.add_column(_wrapped(Text(head), width), width=width, no_wrap=True, overflow="ignore")
    for row in table.cells:
        drawn.add_row(*(_wrapped(cell, width) for cell, width in zip(row, widths, strict=True)))
    console.width = max(console.width, sum(widths) + _AROUND * len(widths) + _EDGES)
    console.print(drawn, crop=False, no_wrap=True, overflow="ignore")


def _print_blocks(table: CellTable, console: Console) -> None:
    heads = [head.replace("\n", " ") for head in table.heads]
    label = max(map(cell_len, heads), default=0)
    for row in table.cells:
        for head, cell in zip(heads, row, strict=True):
            if cell.plain:
                room = max(console.width - label - 2, _least(cell.plain))
                for number, line in enumerate(_wrapped(cell, room).split("\n")):
                    name = head if number == 0 else ""
                    line.pad_left(2)
                    console.print(
                        Text(name + " " * (label - cell_len(name)), "bold") + line, soft_wrap=True, highlight=False
                    )
        console.print()


def wrap(text: str, width: int) -> list[str]:
    """The lines of a text in a width of cells, broken between words and Chinese characters alone."""
    return _wrapped(Text(text), width).plain.split("\n")


def _wrapped(cell: Text, width: int) -> Text:
    """The text in lines of a width, broken between words and Chinese characters alone."""
    breaks, used = [], 0
    for match in _WHOLE.finditer(cell.plain):
        piece = match[0]
        if "\n" in piece:
            used = 0
        elif used + cell_len(piece.rstrip()) > width:
            breaks.append(match.start())
            used = cell_len(piece)
        else:
            used += cell_len(piece)
    lines = cell.divide(breaks)
    for line in lines:
        line.rstrip()
    return Text("\n").join(lines)


def escape_what_is_lacking() -> None:
    r"""Lets both outputs write a character that their encoding lacks as \uXXXX, where they would end the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            ascii_only = codecs.lookup(stream.encoding).name == "ascii"
            stream.reconfigure(encoding=_SEVEN_BIT if ascii_only else None, errors="backslashreplace")


def _seven_bit(name: str) -> codecs.CodecInfo | None:
    """ASCII by a name of our own: under its own click takes the terminal for misconfigured and writes UTF-8."""
    if name.replace("_", "-") != _SEVEN_BIT:
        return None
    known = codecs.lookup("ascii")
    return codecs.CodecInfo(
        known.encode,
        known.decode,
        known.streamreader,
        known.streamwriter,
        known.incrementalencoder,
        known.incrementaldecoder,
        name=_SEVEN_BIT,
    )


codecs.register(_seven_bit)
