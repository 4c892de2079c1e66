"""Files as offices really have them: whatever is around the rows, every good row is in and every bad one is told."""

import csv
import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from adapters.load import load
from adapters.report import Report
from adapters.tables import open_table
from tests.kit.samples.registry import COLUMNS, csv_text, row, rows
from tests.kit.samples.reject_report import read_report

Table = Sequence[Sequence[str]]
WHOLE = [list(COLUMNS), *rows(40)]


def written(path: Path, table: Table, encoding: str = "utf-8", **dialect: str) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, **dialect).writerows(table)  # type: ignore[arg-type]
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def loaded(path: Path, rejects: Path | None = None) -> Report:
    return load([path], Path("registry"), None, rejects=rejects)


def told(path: Path, tmp_path: Path) -> list[tuple[str, str, str]]:
    """Line, field and reason of what is rejected; the other rows of WHOLE are in."""
    rejects = tmp_path / "rejects.csv"
    report = loaded(path, rejects)
    lines = read_report(rejects)
    assert {line["file"] for line in lines} <= {str(path)}
    assert (report.accepted, report.rejected) == (report.rows - len(lines), len(lines))
    return [(line["line"], line["field"], line["reason"]) for line in lines]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r", "\r\r\n"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be", "utf-16-le-mark"]
)
def test_every_encoding_and_line_end(tmp_path: Path, encoding: str, end: str) -> None:
    """A spreadsheet's "Unicode text" is UTF-16 with tabs."""
    path, name = tmp_path / "f.csv", encoding.removesuffix("-mark")
    written(path, WHOLE, name, lineterminator=end, delimiter="\t" if "16" in name else ",")
    if encoding != name:
        path.write_bytes(b"\xff\xfe" + path.read_bytes())
    report = loaded(path)
    assert (report.accepted, report.rejected) == (40, 0)


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
def test_every_delimiter(tmp_path: Path, delimiter: str) -> None:
    """Commas within the cells do not count: it is the names of the columns that do."""
    table = [COLUMNS, *(row(number, 经营范围="甲,乙,丙,丁;戊|己" * 9) for number in range(40))]
    assert loaded(written(tmp_path / "f", table, delimiter=delimiter)).accepted == 40


@pytest.mark.parametrize(
    "above",
    [
        [["武汉市经营主体名录（2026年）"]],
        [["武汉市经营主体名录"], [], ["制表：某某", "", "", "2026-01-01"]],
        [["基本信息"] * 5 + ["其他信息"] * 5],
        [["", *[""] * 20], ["名录"]],
    ],
)
def test_titles_stand_above_the_names_of_the_columns(tmp_path: Path, above: list[list[str]]) -> None:
    path = written(tmp_path / "f.csv", [*above, *WHOLE])
    report = loaded(path)
    assert (report.accepted, report.rejected) == (40, 0)
    [notice] = report.notices
    assert notice.endswith(f"the column names are in line {len(above) + 1}; the lines above are not read as rows")
    book = workbook([*above, *WHOLE])
    book.save(tmp_path / "f.xlsx")
    assert loaded(tmp_path / "f.xlsx").accepted == 40


def workbook(table: Sequence[Sequence[object]]) -> Workbook:
    book = Workbook()
    assert book.active is not None
    for cells in table:
        book.active.append(list(cells))
    return book


def test_totals_page_heads_and_blank_rows(tmp_path: Path) -> None:
    """Nothing is taken for an operator that is none, and nothing is passed over in silence."""
    table = [*WHOLE[:21], COLUMNS, [""] * 10, *WHOLE[21:], ["合计", "40", *[""] * 8], ["填表人：某某"], ["　"] * 10]
    report = loaded(written(tmp_path / "f.csv", table))
    assert (report.accepted, report.rejected, report.rows) == (40, 0, 40)
    assert [(each.split(": ")[1], each.rpartition(" ")[2]) for each in report.notices] == [
        ("header_repeated", "22)"),
        ("total_row", "44)"),
        ("note_row", "45)"),
    ]


@pytest.mark.parametrize("amount", ["1234567890123", "RMB123456", "1234567890123.00"])
def test_a_total_of_many_digits_is_a_total(tmp_path: Path, amount: str) -> None:
    """Whether it may be somebody's code is looked at in the columns of codes."""
    report = loaded(written(tmp_path / "f.csv", [*WHOLE, ["合计", *[""] * 8, amount]]))
    assert (report.accepted, report.rejected) == (40, 0)
    assert [each.split(": ")[1] for each in report.notices] == ["total_row"]


@pytest.mark.parametrize(
    "code", ["1234567890123", "RMB123456", "4301002012345（分）", "注册号4301002012345", "1、4301002012345"]
)
def test_a_shop_by_the_name_of_a_total_is_not_left_out(tmp_path: Path, code: str) -> None:
    cells = ["合计" if name == "企业名称" else code if name == "统一社会信用代码" else "" for name in COLUMNS]
    report = loaded(written(tmp_path / "f.csv", [*WHOLE, cells]))
    assert (report.accepted + report.rejected, list(report.notices)) == (41, [])


SPOILED: dict[str, tuple[Callable[[bytes], bytes], list[tuple[str, str, str]]]] = {
    "nul": (lambda line: line.replace(b",", b"\0,", 1), [("8", "企业名称", "control_character")]),
    "bad byte": (lambda line: b"\xff" + line, [("8", "企业名称", "bad_encoding")]),
    "open quote": (lambda line: b'"' + line, [("8", "", "malformed_row")]),
    "open quote within": (lambda line: line.replace(b",", b',"', 1), [("8", "", "malformed_row")]),
    "long cell": (lambda line: b"x" * 200_000 + line, [("8", "", "malformed_row")]),
    "one cell too many": (lambda line: line + b",x", [("8", "", "cell_count")]),
}


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
@pytest.mark.parametrize("kind", SPOILED)
def test_a_spoiled_line_loses_no_other(tmp_path: Path, kind: str, encoding: str) -> None:
    spoil, expected = SPOILED[kind]
    lines = csv_text(rows(40)).encode(encoding).split(b"\r\n")
    lines[7] = spoil(lines[7])
    path = tmp_path / "f.csv"
    path.write_bytes(b"\n".join(lines))
    assert told(path, tmp_path) == expected
    assert loaded(path).accepted == 39


def test_bad_bytes_do_not_change_what_the_file_is_written_in(tmp_path: Path) -> None:
    """The names of the columns may be ASCII: then it is the rows that tell."""
    table = [["CF_XDR_MC"], *([f"武汉市第{number}商行"] for number in range(100))]
    for encoding in ("utf-8", "gb18030"):
        lines = csv_text(table[1:], table[0]).encode(encoding).split(b"\r\n")
        lines[5] += b"\xff"
        path = tmp_path / encoding
        path.write_bytes(b"\r\n".join(lines))
        with open_table(path) as opened:
            cells = [each.cells[0] for each in opened.rows()]
        assert cells[:4] == [each[0] for each in table[1:5]]
        assert cells[4].startswith("武汉市第4商行")


def test_nul_bytes_at_the_end_are_one_row_that_is_none(tmp_path: Path) -> None:
    path = written(tmp_path / "f.csv", WHOLE)
    path.write_bytes(path.read_bytes() + bytes(50_000))
    assert told(path, tmp_path) == [("42", "", "cell_count")]


def test_codes_as_spreadsheets_and_people_keep_them(tmp_path: Path) -> None:
    kept: list[Callable[[str], str]] = [
        "'{}".format, '="{}"'.format, "`{}".format, "{}\t".format, str.lower, " ".join, "\u200b{}\ufeff".format,
        lambda code: "".join(chr(ord(each) + 0xFEE0) for each in code),
    ]  # fmt: skip
    good = [row(number, 统一社会信用代码=keep(row(number)[1])) for number, keep in enumerate(kept, 1)]
    lost = [("9.14301E+17", "number_mangled"), ("914301001840877000", "uscc_truncated"), ("#REF!", "formula_error"),
            ("4.2E+14", "number_mangled"), ("O" + row(1)[1][1:], "uscc_character")]  # fmt: skip
    bad = [row(100 + number, 统一社会信用代码=code) for number, (code, _) in enumerate(lost)]
    found = told(written(tmp_path / "f.csv", [COLUMNS, *good, *bad]), tmp_path)
    lines = range(2 + len(good), 2 + len(good) + len(bad))
    assert found == [(str(line), "统一社会信用代码", reason) for line, (_, reason) in zip(lines, lost, strict=True)]


def test_a_workbook_with_a_cover_sheet(tmp_path: Path) -> None:
    book = workbook([["填报说明"], ["一、请勿修改表头"]])
    for title, table in (("名录", WHOLE), ("备份", WHOLE[:3])):
        sheet = book.create_sheet(title)
        for cells in table:
            sheet.append(list(cells))
    book.create_sheet("空")
    path = tmp_path / "f.xlsx"
    book.save(path)
    report = loaded(path)
    assert (report.accepted, report.rejected) == (40, 0)
    assert report.notices == [f"{path}: sheets not read: Sheet, 备份"]


@pytest.mark.parametrize("is_1904", [False, True])
def test_days_of_a_workbook(tmp_path: Path, is_1904: bool) -> None:
    book = workbook([COLUMNS, [*row(1)[:2], date(2021, 3, 5), *row(1)[3:]]])
    if is_1904:
        book.epoch = CALENDAR_MAC_1904
    path = tmp_path / "f.xlsx"
    book.save(path)
    with open_table(path) as table:
        assert next(table.rows()).cells[2] == "2021-03-05"
    assert ["1904" in each for each in loaded(path).notices] == [True] * is_1904
