"""Tables show what strangers wrote."""

import pytest
from rich.text import Text

from node.cli.shared.case_show import print_case
from node.cli.shared.tables import CellTable, print_table
from node.stubs.casework.v1 import casework_pb2 as pb


@pytest.mark.parametrize("kind", [str, Text])
def test_a_name_gives_the_terminal_no_orders(kind: type[str | Text], capsys: pytest.CaptureFixture[str]) -> None:
    table = CellTable("name")
    table.add_row(kind("甲\x1b[2J\x00乙\u202e"))
    print_table(table)
    shown = capsys.readouterr().out
    assert "甲" in shown
    assert not {"\x1b", "\x00", "\u202e"} & set(shown)


def test_what_another_citys_node_says_of_a_case_gives_the_terminal_no_orders(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reminder = pb.Reminder(id="hefei-2", city="hefei", rule="甲\x1b[2J", due="\u202e")
    print_case(pb.Case(case="hefei-1", workflow="referral", reminders=[reminder]))
    shown = capsys.readouterr().out
    assert "甲" in shown
    assert not {"\x1b", "\u202e"} & set(shown)
