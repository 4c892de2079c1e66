"""Workbooks as programs and people make them: no value is taken for another, and none is lost in silence."""

import io
import re
import warnings
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from adapters.rows import Row
from adapters.tables import open_table
from node.errors import FileError
from node.messages import render
from node.tables import xls_book
from node.tables.cell_texts import Shown, shown_as, unescaped
from node.tables.merges import column_letters, column_number
from node.tables.unfit import NoTableError
from tests.kit.samples.hostile_files import workbook
from tests.kit.samples.workbooks import Cells, Save, both, read, save_xlsx, strict

HEAD = ["企业名称", "代码", "登记状态", "地址"]


def said(rows: Sequence[Row]) -> list[list[str]]:
    return [row.cells if not row.problems else [each.reason for each in row.problems] for row in rows]


def cells_of(tmp_path: Path, cells: str, strings: str = "") -> list[str]:
    """The cells of a row that is written by hand, below a row of names."""
    path = tmp_path / "hand.xlsx"
    names = "".join(f'<c t="str"><v>n{number}</v></c>' for number in range(12))
    path.write_bytes(
        workbook([f"<sheetData><row>{names}</row><row>{cells}</row></sheetData>".encode()], [strings.encode()])
    )
    [row] = read(path)[1]
    return row.cells


@both
def test_merged_cells_hold_for_each_of_their_rows(tmp_path: Path, save: Save) -> None:
    table: Cells = [
        HEAD,
        ["甲", "1", "吊销", "一路"],
        ["乙", "2", None, None],
        ["丙", "3", None, "二路"],
        ["丁", "4", "存续", None],
    ]
    rows = read(save(tmp_path / "f", table, ["C2:C4", "D2:D3"]))[1]
    assert [row.cells for row in rows] == [
        ["甲", "1", "吊销", "一路"],
        ["乙", "2", "吊销", "一路"],
        ["丙", "3", "吊销", "二路"],
        ["丁", "4", "存续", ""],
    ]


@both
def test_a_value_merged_over_columns_is_of_none_of_them(tmp_path: Path, save: Save) -> None:
    table: Cells = [HEAD, ["甲", "1", "存续", None], ["乙", "2", "存续", "二路"]]
    rows = read(save(tmp_path / "f", table, ["C2:D2"]))[1]
    assert said(rows) == [["merged_cells"], ["乙", "2", "存续", "二路"]]
    assert "C2:D2" in rows[0].problems[0].message
    assert "C2:D2" in rows[0].problems[0].text.in_language("zh")


@both
def test_a_name_merged_over_columns_makes_them_one(tmp_path: Path, save: Save) -> None:
    table: Cells = [[*HEAD[:3], "地址", None], ["甲", "1", "存续", "一路", None], ["乙", "2", "存续", "二路", "3 号"]]
    found, rows = read(save(tmp_path / "f", table, ["D1:E1", "D2:E2"]))
    assert [name for name in found.columns if name] == HEAD
    assert rows[0].cells[:4] == ["甲", "1", "存续", "一路"]
    assert said(rows[1:]) == [["merged_cells"]]
    assert "D1:E1" in rows[1].problems[0].message


@both
def test_titles_and_names_of_two_lines(tmp_path: Path, save: Save) -> None:
    table: Cells = [
        ["名录（单位：万元）", None, None, None],
        ["企业名称", "代码", "其他", None],
        [None, None, "登记状态", "地址"],
        ["甲", "1", "存续", "一路"],
    ]
    path = save(tmp_path / "f", table, ["A1:D1", "A2:A3", "B2:B3", "C2:D2"])
    with open_table(path, lambda cells: len(set(HEAD) - set(cells))) as opened:
        assert opened.columns == HEAD
        assert [row.cells for row in opened.rows()] == [["甲", "1", "存续", "一路"]]
        assert opened.notes[0] == "名录（单位：万元）"


@both
def test_names_merged_over_two_lines_are_not_told_twice(tmp_path: Path, save: Save) -> None:
    table: Cells = [HEAD, [None] * 4, ["甲", "1", "存续", "一路"]]
    rows = read(save(tmp_path / "f", table, ["A1:A2", "B1:B2", "C1:C2", "D1:D2"]))[1]
    assert said(rows) == [["甲", "1", "存续", "一路"]]


def test_merged_cells_that_overlap_or_are_none(tmp_path: Path) -> None:
    for references in (["A1:B2", "B2:C3"], ["B2:A1"], ["A1:?"], [""], ["A1:ZZZZZ9"], ["A1:XFD1048576", "B5:B6"]):
        merges = "".join(f'<mergeCell ref="{each}"/>' for each in references)
        cells = "".join(f'<row><c t="str"><v>{number}</v></c></row>' for number in range(9))
        path = tmp_path / "f.xlsx"
        path.write_bytes(workbook([f"<sheetData>{cells}</sheetData><mergeCells>{merges}</mergeCells>".encode()]))
        with pytest.raises(FileError, match=r"damaged: .*merged cells"):
            read(path)


@both
def test_notes_and_totals_are_told_and_handed_over(tmp_path: Path, save: Save) -> None:
    table: Cells = [
        ["某市名录"], ["金额单位：万元"], HEAD, ["甲", "1", "存续", "一路"], ["合 计", "1"], ["注：金额单位为万元"],
        ["填表人：某某", None, "审核人：某某"],
    ]  # fmt: skip
    path = save(tmp_path / "f", table, [])
    with open_table(path, lambda cells: len(set(HEAD) - set(cells))) as opened:
        assert opened.notes == ("某市名录", "金额单位：万元", "注：金额单位为万元", "填表人：某某 审核人：某某")
        assert said(list(opened.rows())) == [["甲", "1", "存续", "一路"]]
        told = [(each.partition(":")[0], each.rpartition("(lines ")[2]) for each in opened.asides()]
        assert told == [("total_row", "5)"), ("note_row", "6, 7)")]


@both
def test_days_keep_their_time(tmp_path: Path, save: Save) -> None:
    """Which day a time means, where that can be doubted, is for the transform `date` to say."""
    moments = [datetime.fromisoformat(each) for each in ("2015-04-01", "2015-03-31T16:00", "2015-03-31T23:59:17")]
    rows = read(save(tmp_path / "f", [["名", "日"], *(["甲", each] for each in moments)], []))[1]
    assert [row.cells[1] for row in rows] == ["2015-04-01", "2015-03-31 16:00:00", "2015-03-31 23:59:17"]


@pytest.mark.parametrize(
    ("serial", "of_1900", "of_1904"),
    [
        (42095, "2015-04-01", "2019-04-02"),
        (42094.6666666667, "2015-03-31 16:00:00", "2019-04-01 16:00:00"),
        (42094.99999, "2015-03-31 23:59:59.136", "2019-04-01 23:59:59.136"),
        (59, "1900-02-28", "1904-02-29"),
        (60, "1900-02-29", "1904-03-01"),  # a day that never was: the transform says so
        (61, "1900-03-01", "1904-03-02"),
        (0, "0", "1904-01-01"),
        (0.5, "0.5", "1904-01-01 12:00:00"),
        (-1, "-1", "-1"),
        (3_000_000, "3000000", "3000000"),
    ],
)
def test_serial_days(tmp_path: Path, serial: float, of_1900: str, of_1904: str) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(["名", "日"])
    book.active.append(["甲", serial])
    book.active["B2"].number_format = "yyyy-mm-dd"
    for epoch, text in ((None, of_1900), (CALENDAR_MAC_1904, of_1904)):
        book.epoch = epoch or book.epoch
        book.save(tmp_path / "f.xlsx")
        assert read(tmp_path / "f.xlsx")[1][0].cells[1] == text


@pytest.mark.parametrize(
    ("number", "code", "shown"),
    [
        (0, "", Shown.NUMBER), (14, "", Shown.DATE), (22, "", Shown.DATE), (31, "", Shown.DATE), (57, "", Shown.DATE),
        (20, "", Shown.TIME), (49, "", Shown.NUMBER), (164, 'yyyy"年"m"月"d"日"', Shown.DATE),
        (164, "General", Shown.NUMBER),
        (164, '[$-804]yyyy"年"m"月";@', Shown.DATE), (164, "[DBNum1][$-804]m月", Shown.DATE),
        (164, "[h]:mm", Shown.TIME),
        (164, "h:mm:ss", Shown.TIME), (164, '0.00"days"', Shown.NUMBER), (164, "[Red]#,##0.00", Shown.NUMBER),
        (164, "0.00E+00", Shown.NUMBER), (164, "[$-804]aaaa", Shown.NUMBER), (164, r"0\d", Shown.NUMBER),
        (164, "@", Shown.NUMBER),
    ],
)  # fmt: skip
def test_what_is_shown_as_a_day(number: int, code: str, shown: Shown) -> None:
    assert shown_as(number, code) is shown


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("a_x000D_", "a\r"), ("a_x000D_\nb", "a\r\nb"), ("_x005F_x000D_", "_x000D_"), ("_x005f_", "_"),
        ("_x4E2D_", "中"),
        ("_xD83D__xDE00_", "😀"), ("_x000D", "_x000D"), ("_X000D_", "_X000D_"), ("x_x00ZZ_", "x_x00ZZ_"),
        ("_x005F_x005F_x005F_x000D_", "_x005F_x000D_"), ("_xD83D_", "\ud83d"), ("产品_x型", "产品_x型"),
    ],
)  # fmt: skip
def test_escapes_are_undone_once(tmp_path: Path, written: str, text: str) -> None:
    assert unescaped(written) == text
    found = cells_of(
        tmp_path,
        f'<c t="str"><v>{written}</v></c><c t="inlineStr"><is><t>{written}</t></is></c><c t="s"><v>0</v></c>',
        f"<si><t>{written}</t></si>",
    )
    assert found[:3] == [text] * 3


def test_every_kind_of_cell(tmp_path: Path) -> None:
    cells = """<c t="e"><v>#REF!</v></c><c><f>1+1</f></c><c t="str"><f>A1</f><v></v></c><c t="b"><v>1</v></c>
        <c t="d"><v>2026-01-02T16:00:00</v></c><c t="d"><v>2026-01-02T00:00:00</v></c><c><f>1+2</f><v>3</v></c>
        <c t="inlineStr"><is><r><t>长</t></r><r><t>沙</t></r><rPh sb="0" eb="1"><t>chang</t></rPh></is></c>
        <c t="s"><v>0</v></c><c><v>914301001840877123</v></c><c><v>1.50</v></c><c><v>0.00001</v></c>"""
    strings = '<si><r><t>长</t></r><r><t>沙</t></r><rPh sb="0" eb="1"><t>chang</t></rPh></si>'
    assert cells_of(tmp_path, cells, strings) == [
        "#REF!", "#CALC!", "", "TRUE", "2026-01-02 16:00:00", "2026-01-02", "3", "长沙", "长沙",
        "9.14301E+17", "1.5", "0.00001",
    ]  # fmt: skip


def test_strict_open_xml_is_read_as_any_other(tmp_path: Path) -> None:
    table: Cells = [HEAD, ["甲", 1, date(2015, 4, 1), "一路"], ["乙", 2, None, None]]
    path = save_xlsx(tmp_path / "f.xlsx", table, ["C2:C3"])
    expected = read(path)[1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read(strict(path))[1] == expected


def test_elements_with_a_prefix(tmp_path: Path) -> None:
    path = save_xlsx(tmp_path / "f.xlsx", [HEAD, ["甲", "1", "存续", "一路"]])
    content = io.BytesIO()
    with ZipFile(path) as read_zip, ZipFile(content, "w") as written:
        for name in read_zip.namelist():
            part = read_zip.read(name)
            if "sheet1" in name:
                part = part.replace(b"<", b"<x:").replace(b"<x:/", b"</x:").replace(b"xmlns=", b"xmlns:x=")
            written.writestr(name, part)
    path.write_bytes(content.getvalue())
    assert said(read(path)[1]) == [["甲", "1", "存续", "一路"]]


def zipped(*names: str) -> bytes:
    content = io.BytesIO()
    with ZipFile(content, "w") as archive:
        for name in names:
            archive.writestr(name, b"<a/>")
    return content.getvalue()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (zipped("[Content_Types].xml", "xl/workbook.bin"), ".xlsb"),
        (zipped("mimetype", "content.xml"), ".ods"),
        (zipped("[Content_Types].xml", "word/document.xml"), ".docx"),
        (zipped("a.csv"), "unpack it"),
        (b"%PDF-1.7\n", "PDF"),
        (b"<html><table><tr><td>", "a web page"),
        (b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook>', "save it as .xlsx"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"), "password"),
    ],
    ids=range(8),
)
def test_other_files_are_named_and_what_to_do_is_said(tmp_path: Path, content: bytes, what: str) -> None:
    path = tmp_path / "f.xlsx"
    path.write_bytes(content)
    with pytest.raises(FileError, match=what) as error:
        read(path)
    assert re.search("[\u4e00-\u9fff]{4}", render(error.value.message, "zh"))


def test_letters_of_columns() -> None:
    assert [column_letters(number) for number in (0, 25, 26, 701, 702, 16383)] == ["A", "Z", "AA", "ZZ", "AAA", "XFD"]
    assert all(column_number(column_letters(number)) == number for number in range(20_000))


def test_the_process_that_reads_an_xls_has_no_secret_of_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GONGZHI_PASSPHRASE", "湘江北去")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))  # an interpreter may need it to start
    child = tmp_path / "child.py"
    child.write_text("""
import json, os
is_right = "GONGZHI_PASSPHRASE" not in os.environ and "LD_LIBRARY_PATH" in os.environ
print(json.dumps({"fault": "damaged" if is_right else "encrypted"}))
""")
    monkeypatch.setattr(xls_book, "_CHILD", child)
    with pytest.raises(NoTableError, match="no workbook"):
        xls_book.XlsBook(child)


@pytest.mark.parametrize(
    ("ends", "what"),
    [
        ("sys.exit(127)", r"could not be read: the program that reads \.xls ended with code 127"),
        ("os.kill(os.getpid(), signal.SIGXCPU)", "takes longer to read"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "takes longer to read"),
    ],
)
def test_a_process_that_reads_an_xls_and_fails_is_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ends: str, what: str
) -> None:
    """Only one that was stopped for its time is said to take too long."""
    child = tmp_path / "child.py"
    child.write_text(f"import os, signal, sys\n{ends}\n")
    monkeypatch.setattr(xls_book, "_CHILD", child)
    with pytest.raises(NoTableError, match=what):
        xls_book.XlsBook(child)
