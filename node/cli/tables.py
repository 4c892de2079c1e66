"""Tables as every command prints them."""

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

# Where there is no terminal to fit a table into, its lines keep their columns.
_FILE_WIDTH = 200


def new_table(*columns: str) -> Table:
    """An empty table."""
    return Table(*columns, box=SIMPLE_HEAD)


def print_table(table: Table) -> None:
    """Prints to standard output."""
    console = Console()
    (console if console.is_terminal else Console(width=_FILE_WIDTH)).print(table)
