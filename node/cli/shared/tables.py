"""Tables as every command prints them."""

import click

from node.tables import terminal
from node.tables.terminal import CellTable, printable

__all__ = ["CellTable", "print_table", "printable", "wide_option"]
_WIDE = "gongzhi.wide"


def _keep(context: click.Context, _: click.Parameter, wide: bool) -> None:
    context.find_root().meta[_WIDE] = wide


wide_option = click.option(
    "--wide",
    is_flag=True,
    expose_value=False,
    callback=_keep,
    help="Print one line per table row, however narrow the terminal is.",
)


def print_table(table: CellTable) -> None:
    """Prints to standard output, as wide as the terminal; ids, codes and dates are never cut."""
    context = click.get_current_context(silent=True)
    terminal.print_table(table, wide=bool(context and context.find_root().meta.get(_WIDE)))
