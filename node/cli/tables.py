"""Tables as every command prints them."""

import unicodedata
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

# Where there is no terminal to fit a table into, its lines keep their columns.
_FILE_WIDTH = 200


class _Table(Table):
    """A table that shows what a stranger wrote as text, and never as commands to the terminal."""

    def add_row(self, *cells: RenderableType | None, **style: Any) -> None:
        super().add_row(*map(_shown, cells), **style)


def _shown(cell: RenderableType | None) -> RenderableType | None:
    if isinstance(cell, Text):
        return Text(printable(cell.plain), cell.style)
    return printable(cell) if isinstance(cell, str) else cell


def printable(text: str) -> str:
    """The text without control and formatting characters."""
    return "".join("\ufffd" if unicodedata.category(each) in ("Cc", "Cf") and each != "\n" else each for each in text)


def new_table(*columns: str) -> Table:
    """An empty table."""
    return _Table(*columns, box=SIMPLE_HEAD)


def print_table(table: Table) -> None:
    """Prints to standard output."""
    console = Console()
    (console if console.is_terminal else Console(width=_FILE_WIDTH)).print(table)
