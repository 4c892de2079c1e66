"""Tables show what strangers wrote."""

import pytest
from rich.text import Text

from node.cli.tables import new_table, print_table


@pytest.mark.parametrize("kind", [str, Text])
def test_a_name_gives_the_terminal_no_orders(kind: type[str | Text], capsys: pytest.CaptureFixture[str]) -> None:
    table = new_table("name")
    table.add_row(kind("甲\x1b[2J\x00乙\u202e"))
    print_table(table)
    shown = capsys.readouterr().out
    assert "甲" in shown
    assert not {"\x1b", "\x00", "\u202e"} & set(shown)
