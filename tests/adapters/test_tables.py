import csv
import gzip
import io
import lzma
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from zipfile import ZIP_BZIP2, ZipFile

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from openpyxl import Workbook

from adapters.reject_report import RejectReport
from adapters.rows import Problem, Row
from adapters.tables import open_table
from node.errors import FileError, Reason
from node.tables import csv_lines
from node.tables.csv_lines import read_csv
from node.tables.formulas import guard, unguard
from tests.kit.memory import peak_memory
from tests.kit.samples.hostile_files import TABLES
from tests.kit.samples.registry import COLUMNS, csv_text, rows, write_csv
from tests.kit.samples.reject_report import read_report


def read(path: Path) -> tuple[list[str], list[Row]]:
    with open_table(path) as table:
        found = list(table.rows())
        if table.damage:
            raise table.damage
        return table.columns, found


def refused(path: Path) -> FileError:
    with pytest.raises(FileError) as error:
        read(path)
    assert error.value.reason is Reason.INVALID_ARGUMENT
    return error.value


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with ZipFile(file, "w") as archive:
        archive.writestr(name, content)
    return file.getvalue()


def parsed(text: str) -> list[tuple[int, list[str], bool]]:
    return [(row.line, row.cells, bool(row.error)) for row in read_csv(io.StringIO(text, newline=""))]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress])
def test_every_encoding_and_packing(tmp_path: Path, encoding: str, pack: type[bytes]) -> None:
    path = tmp_path / "any.name"
    path.write_bytes(pack(csv_text(rows(3)).encode(encoding)))
    columns, found = read(path)
    assert columns == list(COLUMNS)
    assert [row.cells for row in found] == rows(3)
    assert [row.line for row in found] == [2, 3, 4]


def test_the_body_decides_where_the_header_is_ascii(tmp_path: Path) -> None:
    for encoding in ("utf-8", "gb18030"):
        path = write_csv(tmp_path / encoding, [["一", "二"]], ["a", "b"], encoding)
        assert read(path)[1][0].cells == ["一", "二"]


def test_one_bad_byte_spoils_its_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(csv_text(rows(3)).encode().replace("武汉市第2商行".encode(), b"\xff\xfe\xff"))
    _, found = read(path)
    assert [row.cells[0] for row in found][::2] == ["武汉市第1商行", "武汉市第3商行"]
    assert found[1].cells[0] == "\udcff\udcfe\udcff"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\n\n\n", "empty"),
        ("企业名称,a\n".encode("utf-32"), "UTF-32"),
        (b"a\0\0\0b\0\0" * 9, "neither text"),
        (b"\xef\xbb\xbf <html><table>", "a web page"),
        ("\ufeff<html><table>".encode("utf-16-le"), "a web page"),
        (b"\x81\xff\x81,\xff\xff\n1,2\n", "neither in UTF-8 nor in GB18030"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "save it as .xlsx"),
        (b"PK\x03\x04 no workbook", "damaged"),
        (zipped("f.csv", b"a,b\n1,2\n"), "unpack it"),
        (lzma.compress(csv_text(rows(5000)).encode())[:2000], "damaged or cut short"),
        (gzip.compress(csv_text(rows(5000)).encode())[:2000], "damaged or cut short"),
        (csv_text(rows(5000)).encode("utf-16")[:-1], "damaged or cut short"),
        (b'a,"b\n', "a quote is not closed"),
    ],
    ids=range(14),
)
def test_a_file_that_is_no_table_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(content)
    assert said in refused(path).message


@pytest.mark.parametrize(
    ("name", "refusal"),
    [
        ("row far below", "a row has an impossible number"),
        ("widest column", "more than 1,024 columns"),
        ("one string without end", "hundreds of times its size"),
        ("blanks without end", "hundreds of times its size"),
        ("deep elements", "nests elements too deeply"),
        ("laughs", "a workbook declares no document type"),
    ],
)
def test_a_workbook_made_to_hurt_is_refused(tmp_path: Path, name: str, refusal: str) -> None:
    path = tmp_path / "f.xlsx"
    path.write_bytes(TABLES[name]())
    assert refusal in refused(path).message


def test_a_packed_file_takes_no_memory_that_it_asks_for(tmp_path: Path) -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 30}]
    path = tmp_path / "f"
    path.write_bytes(lzma.compress(csv_text(rows(3)).encode(), filters=filters))
    assert "damaged" in refused(path).message
    archive = io.BytesIO()
    with ZipFile(archive, "w", ZIP_BZIP2) as written:
        written.writestr("[Content_Types].xml", bytes(10_000_000))
    path.write_bytes(archive.getvalue())
    assert "damaged" in refused(path).message


def test_xz_of_several_streams(tmp_path: Path) -> None:
    path, text = tmp_path / "f", csv_text(rows(3000)).encode()
    path.write_bytes(lzma.compress(text[:1000]) + bytes(8) + lzma.compress(text[1000:]) + bytes(4))
    assert len(read(path)[1]) == 3000
    path.write_bytes(lzma.compress(text) + b"no stream")
    assert "damaged" in refused(path).message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "no such file" in refused(tmp_path / "none.csv").message


def test_line_numbers_count_quoted_newlines_and_blank_lines() -> None:
    assert parsed('a,b\n"x\ny\nz",1\n\np,2\r\n"q\r\nr",3\n') == [
        (1, ["a", "b"], False),
        (2, ["x\ny\nz", "1"], False),
        (6, ["p", "2"], False),
        (7, ["q\r\nr", "3"], False),
    ]


def test_an_unclosed_quote_loses_its_own_line_alone() -> None:
    assert parsed('a,b\n1,"x\n2,y\n3,z\n') == [
        (1, ["a", "b"], False),
        (2, ["1", "x\n"], True),
        (3, ["2", "y"], False),
        (4, ["3", "z"], False),
    ]
    # The next quote closes it, in the middle of another row.
    assert parsed('1,"x\n2,y\n3,"z"\n4,w\n') == [
        (1, ["1", "x\n"], True),
        (2, ["2", "y"], False),
        (3, ["3", "z"], False),
        (4, ["4", "w"], False),
    ]
    assert parsed('1,"x"y\n2,z\n') == [(1, ["1", "xy"], True), (2, ["2", "z"], False)]


def test_a_cell_too_long_loses_its_own_row_alone() -> None:
    huge = "货" * (csv.field_size_limit() + 1)
    assert parsed(f"1,x\n2,{huge}\n3,z\n") == [(1, ["1", "x"], False), (2, [], True), (3, ["3", "z"], False)]


def test_a_line_without_end_spoils_its_row_alone_and_does_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_bytes(b"a,b\n1,2\n" + b"x" * (30 << 20) + b"\n3,4\n")
    with peak_memory() as peak:
        _, found = read(path)
    assert [(row.line, row.cells, [each.reason for each in row.problems]) for row in found] == [
        (2, ["1", "2"], []),
        (3, [], ["malformed_row"]),
        (4, ["3", "4"], []),
    ]
    assert peak() < 20 << 20


@pytest.mark.parametrize(
    "line",
    ['aaa","\n', '"\n', 'a,"b\n', '"a\n""\n', '"x","\n', '","\n', '"""\n', "x,y\n", '"a\nb",c\n', 'a"\n"'],
)
def test_the_work_is_linear_in_the_length_of_a_csv(line: str) -> None:
    """Lines that a quote hands on to the next one, to the end of the file and back."""

    def lines_parsed(count: int) -> int:
        pulled = 0
        original = csv_lines._Lines.__next__

        def counted(self: csv_lines._Lines) -> str:
            nonlocal pulled
            pulled += 1
            return original(self)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(csv_lines._Lines, "__next__", counted)
            for _ in read_csv(io.StringIO(line * count, newline="")):
                pass
        return pulled

    assert lines_parsed(8000) < 2.2 * lines_parsed(4000)
    assert lines_parsed(8000) < 3.1 * 8000 * line.count("\n") + 10


def test_a_row_that_goes_on_and_on_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text('a,b\n1,"' + ("x" * 999 + "\n") * 3000 + '"\n2,3\n', encoding="utf-8")
    with peak_memory() as peak:
        found = read(path)[1]
    assert found[0].problems[0].reason == "malformed_row"
    assert found[-1].cells == ["2", "3"]
    assert peak() < 40 << 20


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)


@given(st.lists(st.lists(cells, min_size=2, max_size=2), max_size=8))
def test_whatever_is_written_is_read(body: Sequence[Sequence[str]]) -> None:
    found = [row.cells for row in read_csv(io.StringIO(csv_text(body, ["a", "b"]), newline=""))]
    assert found == [["a", "b"], *map(list, body)]


@given(st.text('ab",\n\r', max_size=60))
def test_no_line_is_lost_or_told_twice(text: str) -> None:
    """Broken or not, every row begins where the one before ended."""
    lines = [line for line, _, _ in parsed(text)]
    assert lines == sorted(set(lines))
    spoken = [line.strip("\r\n") for line in io.StringIO(text, newline="")]
    assert all(1 <= line <= len(spoken) for line in lines)
    quoteless = {number for number, line in enumerate(spoken, 1) if '"' not in text and line}
    assert quoteless <= set(lines)


def test_rows_with_other_columns_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    path.write_text("a,b\n1,2\n3\n4,5,6\n7,8,,\n,\n\n9,10\n")
    _, found = read(path)
    assert [(row.line, row.cells, [each.reason for each in row.problems]) for row in found] == [
        (2, ["1", "2"], []),
        (3, ["3"], ["cell_count"]),
        (4, ["4", "5", "6"], ["cell_count"]),
        (5, ["7", "8"], []),
        (8, ["9", "10"], []),
    ]


def test_a_workbook(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["名称", "代码", "日期", "数", "备注", None])
    sheet.append(["一", "0012", date(2019, 10, 1), 3.5, None])
    sheet.append([])
    sheet.append(["二", 914300007121944054, datetime.fromisoformat("2019-10-01T08:30"), 12.0, "=1+1", None])
    book.create_sheet("other").append(["not read"])
    path = tmp_path / "f.xlsx"
    book.save(path)
    columns, found = read(path)
    assert columns == ["名称", "代码", "日期", "数", "备注"]
    assert [(row.line, row.cells) for row in found] == [
        (2, ["一", "0012", "2019-10-01", "3.5", ""]),
        (4, ["二", "9.14300E+17", "2019-10-01 08:30:00", "12", "#CALC!"]),
    ]


@given(st.text(st.sampled_from("'=+-@\t\r＝一a"), max_size=6))
def test_a_guarded_cell_comes_back_and_is_no_formula(cell: str) -> None:
    assert unguard(guard(cell)) == cell
    assert not guard(cell).startswith(("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"))


@given(st.lists(cells, min_size=2, max_size=2), st.lists(cells, min_size=2, max_size=2))
@example(["", ""], ["", "\r"])
@example(["a", "b"], ["a", "b"])
def test_a_report_is_read_back_as_its_source(
    tmp_path_factory: pytest.TempPathFactory, head: list[str], body: list[str]
) -> None:
    path = tmp_path_factory.mktemp("r") / "r.csv"
    with RejectReport(path, [head]) as report:
        report.write(Row("=f.csv", 7, body, (Problem("甲", "-1", "r", "m"), Problem("乙", "2", "s", "n"))), head)
    columns, told = read(path)
    assert columns == head
    if not any(cell.strip() for cell in body):
        assert [(each.file, each.line, each.cells, bool(each.problems)) for each in told] == [("=f.csv", 7, body, True)]
    else:
        # As in the source, the names of the columns once more are no row.
        assert told == ([Row("=f.csv", 7, body)] if body != head else [])


def test_a_report_is_for_its_owner_and_harmless_in_a_spreadsheet(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    with RejectReport(path, [["a", "b"]]) as report:
        assert not path.exists()
        report.write(Row("f.csv", 2, ["=HYPERLINK(1)", "x"], (Problem("a", "=HYPERLINK(1)", "r", "m"),)), ["a", "b"])
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    [line] = read_report(path)
    assert (line["a"], line["value"]) == ("'=HYPERLINK(1)", "'=HYPERLINK(1)")


def test_a_report_holds_the_columns_of_every_source(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    first, second = ["a", "备注", "备注"], ["b", "a"]
    problems = (Problem("", "", "r", "m"),)
    with RejectReport(path, [first, second]) as report:
        report.write(Row("1.csv", 2, ["1", "x", "y"], problems), first)
        report.write(Row("2.csv", 2, ["2", "3", "4"], problems), second)
    columns, found = read(path)
    assert columns == ["a", "备注", "备注", "b"]
    assert [row.cells for row in found] == [["1", "x", "y", ""], ["3", "", "", "2", "4"]]


@pytest.mark.parametrize("cells", [["", ""], [" ", ""], []])
def test_a_row_of_a_report_of_which_nothing_is_left_is_named(tmp_path: Path, cells: list[str]) -> None:
    """Its cells were cleared, or its source was damaged: dropped, a load would say that all rows are in."""
    path = tmp_path / "rejects.csv"
    leading = ["f.csv", "7", "a", "", "cell_count", "m"]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["file", "line", "field", "value", "reason", "message", "a", "b"], leading + cells])
    with open_table(path) as table:
        [left] = table.rows()
    assert (left.file, left.line) == ("f.csv", 7)
    assert [problem.reason for problem in left.problems] == ["report_row_empty"]
