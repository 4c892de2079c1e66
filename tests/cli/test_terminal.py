"""What a terminal shows: every id, code, date and number whole, and no crash on a character it lacks."""

import ast
import io
import os
import pty
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from node.cli import inbox
from node.cli.shared import case_show
from node.stubs.casework.v1 import casework_pb2 as pb
from node.tables.terminal import CellTable, print_table
from tests.kit.effort import effort

ROOT = Path(__file__).parents[2]
CASE, CODE, DAY, DIGEST = "changsha-10067", "91430100MA4L16JJ9X", "2026-05-18", "9f" * 32
_RUNS = re.compile(r"[!-~]+")
# Every kind of value that has to be typed or read again, among words that may be folded.
PIECES = st.sampled_from(
    [CASE, CODE, DAY, DIGEST, "2026-05-18 08:30", "1,234.56", "长沙某某电子商务有限公司", "待受理 unread", "", "甲"]
)
CELLS = st.lists(PIECES, max_size=3).map(" ".join)
TABLES = st.integers(1, 10).flatmap(lambda n: st.lists(st.lists(CELLS, min_size=n, max_size=n), min_size=1, max_size=5))


def shown(rows: Sequence[Sequence[str]], width: int, *, is_terminal: bool = True, wide: bool = False) -> str:
    table = CellTable(*(f"column {number}" for number in range(len(rows[0]))))
    for row in rows:
        table.add_row(*map(Text, row))
    out = io.StringIO()
    print_table(table, Console(file=out, width=width, force_terminal=is_terminal, color_system=None), wide=wide)
    return out.getvalue()


@effort(40)
@given(TABLES, st.sampled_from([40, 80, 100, 120, 200]))
def test_nothing_that_must_be_typed_again_is_ever_cut(rows: list[list[str]], width: int) -> None:
    told = shown(rows, width)
    for cell in (cell for row in rows for cell in row):
        for run in _RUNS.findall(cell):
            assert run in told
    # Nor is anything else left out.
    assert Counter("".join(told.split())) >= Counter("".join("".join(map("".join, rows)).split()))
    assert "…" not in told


@effort(40)
@given(TABLES, st.sampled_from([80, 100, 120]))
def test_no_line_is_wider_than_the_terminal_but_for_what_is_whole(rows: list[list[str]], width: int) -> None:
    for line in shown(rows, width).splitlines():
        assert cell_len(line.rstrip()) <= max(width, len("column 0") + 2 + len(DIGEST))


@effort(40)
@given(TABLES)
def test_without_a_terminal_or_wide_a_row_is_a_line(rows: list[list[str]]) -> None:
    for told in (shown(rows, 80, is_terminal=False), shown(rows, 80, wide=True)):
        assert len([line for line in told.splitlines() if line.strip()]) <= len(rows) + 2
        for row in rows:
            assert any(all(cell.strip() in line for cell in row) for line in told.splitlines())


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_list_of_cases_and_its_clocks_show_what_is_typed_next(
    width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("NO_COLOR", "1")
    clock = pb.Clock(
        rule="referral.case_filing", due=DAY, state="overdue", days_late=12, case=CASE, title=f"某某公司 {CODE}",
        started="2026-04-01", owed_by=["changsha"],
    )  # fmt: skip
    case_show.print_summaries(
        [
            pb.Summary(
                case=CASE, title=f"长沙某某电子商务有限公司 {CODE} 长市监移〔2026〕1101号", workflow="referral.case",
                state="received", last_act="publish_result", last_by="zhangjiajie", last_on=DAY, nearest=clock,
                stored_by=["changsha", "wuhan", "nanchang"], opened_by=["wuhan"],
            )
        ]
    )  # fmt: skip
    inbox._print_deadlines([clock])
    told = capsys.readouterr().out
    for value in (CASE, CODE, DAY, "2026", "1101", "publish_result", "zhangjiajie", "nanchang", "2026-04-01"):
        assert value in told
    assert "…" not in told


def in_terminal(columns: int, *command: str, **environment: str) -> str:
    """What a program shows on a terminal of its own."""
    master, slave = pty.openpty()
    env = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **environment}
    process = subprocess.Popen([sys.executable, "-m", *command], stdout=slave, stderr=slave, env=env, cwd=ROOT)
    os.close(slave)
    told = b""
    while True:
        try:
            piece = os.read(master, 65536)
        except OSError:
            break
        if not piece:
            break
        told += piece
    os.close(master)
    assert process.wait(60) == 0, told
    return told.decode("utf-8", "replace")


def test_a_real_terminal_of_eighty_columns(tmp_path: Path) -> None:
    told = in_terminal(80, "node.cli.main", "standard", "show", "listing.serious", NO_COLOR="1")
    for word in ("listing.serious", "decision_number", "earlier_decision_number"):
        assert word in told
    assert "…" not in told


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp936"])
@pytest.mark.parametrize(
    "command",
    [
        ("node.cli.main", "errors", "show", "peer_frozen", "--lang", "zh"),
        ("node.cli.main", "screen", "--help"),
        ("adapters.cli", "--help"),
    ],
)
def test_a_character_that_the_terminal_lacks_is_escaped(command: tuple[str, ...], encoding: str) -> None:
    env = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    run = [sys.executable, "-c", f"import {command[0]} as it; it.main()", *command[1:]]
    done = subprocess.run(run, check=False, capture_output=True, env=env, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    told = done.stdout.decode(encoding)
    assert "Traceback" not in told
    if encoding == "ascii" and "--help" not in command:
        assert "\\u" in told


def test_tables_are_drawn_in_one_place_alone() -> None:
    """Another table would cut what does not fit."""
    for folder in ("node", "adapters"):
        for file in (ROOT / folder).rglob("*.py"):
            if {"demo", "story"}.isdisjoint(file.parts) and file.name != "terminal.py":
                nodes = ast.walk(ast.parse(file.read_text("utf-8")))
                assert "rich.table" not in [each.module for each in nodes if isinstance(each, ast.ImportFrom)], file


def test_a_table_knows_how_many_rows_it_has() -> None:
    """`case show` leaves out a table without rows."""
    table = CellTable("a")
    assert table.row_count == 0
    table.add_row(Text("x"))
    assert table.row_count == 1


def test_a_title_of_two_lines_stands_in_one_before_its_cell() -> None:
    """Where the columns do not fit; `make demo` has such titles."""
    table = CellTable("city", *(f"from\n{city}" for city in ("changsha", "zhengzhou", "nanchang")))
    table.add_texts("wuhan", "147", "148", "150")
    out = io.StringIO()
    print_table(table, Console(file=out, width=20, force_terminal=True, color_system=None))
    assert [line.split() for line in out.getvalue().splitlines()[:2]] == [
        ["city", "wuhan"],
        ["from", "changsha", "147"],
    ]
