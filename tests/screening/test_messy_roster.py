"""Rosters as an officer has them: nobody is passed over in silence, and nobody is a hit by a name or a slip."""

from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook

from node.cli.roster import read_roster
from node.cli.shared.screen_roster import Row, read_rows
from node.core.screening import keys_of, person_hmac, problems_of
from node.errors import FileError, Reason
from tests.kit.samples.standards import RESIDENT_ID
from tests.kit.samples.workbooks import save_xls, save_xlsx, strict
from tests.kit.stores.listings import LICENCE, USCC

KEY = bytes(32)


def roster(folder: Path, *lines: str, encoding: str = "utf-8") -> list[Row]:
    path = folder / "roster.csv"
    path.write_bytes("\n".join(lines).encode(encoding))
    return list(read_rows(path, lambda: KEY))


def reasons(row: Row) -> list[str]:
    """Why nothing can be said of a row: what this process cannot read, and what the service finds in the keys."""
    return [each.partition(":")[0] for each in row.advice] + [each.reason for each in problems_of(row.entry)]


def subjects(row: Row) -> list[str]:
    return [key.subject for key in keys_of(row.entry)]


@pytest.mark.parametrize(
    "spell",
    [
        str.lower, "  {} ".format, " ".join, "'{}".format, "`{}".format, "{}\u200b".format, "\u3000{}".format,
        lambda code: f'"=""{code}"""', lambda code: "".join(chr(ord(each) + 0xFEE0) for each in code),
    ],
)  # fmt: skip
def test_a_code_in_any_spelling_is_that_code(tmp_path: Path, spell: Callable[[str], str]) -> None:
    (row,) = roster(tmp_path, "统一社会信用代码", spell(USCC))
    assert (subjects(row), reasons(row)) == ([f"uscc:{USCC}"], [])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (USCC.replace("0", "O", 1), "uscc_character"),
        (USCC.replace("1", "I", 1), "uscc_character"),
        (USCC[:-1] + ("1" if USCC[-1] == "0" else "0"), "uscc_check_digit"),
        (USCC[:-1], "uscc_length"),
        ("9.14301E+17", "number_mangled"),
        ("914301001840877000", "uscc_truncated"),
        ("#REF!", "formula_error"),
        ("某某食品有限公司", "uscc_length"),
        (f"{USCC[:6]}\0{USCC[6:]}", "control_character"),
    ],
)
def test_a_slip_is_told_and_leads_to_nobody(tmp_path: Path, code: str, reason: str) -> None:
    (row,) = roster(tmp_path, "名称,统一社会信用代码", f"某店,{code}")
    assert reasons(row) == [reason]
    assert f"uscc:{USCC}" not in subjects(row)
    assert code not in str([*row.advice, *problems_of(row.entry)])


def test_a_letter_for_a_digit_is_named_but_not_mended(tmp_path: Path) -> None:
    (row,) = roster(tmp_path, "uscc", USCC.replace("0", "O"))
    assert "with a digit for the letter it would be right" in problems_of(row.entry)[0].message
    (row,) = roster(tmp_path, "uscc", "O" + USCC[1:-1] + "O")
    assert "would be right" not in problems_of(row.entry)[0].message


@pytest.mark.parametrize("number", ["NO1234567", "NO123456"])
def test_a_passport_is_compared_as_it_stands(tmp_path: Path, number: str) -> None:
    """Letters that could be a label belong to it: the HMAC of a listing was made with them."""
    (row,) = roster(tmp_path, "id_number", number)
    assert (reasons(row), row.entry.id_hmac) == ([], person_hmac(KEY, number))


@pytest.mark.parametrize(
    ("cells", "subject"),
    [
        (("注册号：430100000012345", ""), "reg:430100000012345"),
        ((f"NO.{USCC}", ""), f"uscc:{USCC}"),
        (("", f"许可证编号：{LICENCE}"), f"licence:{LICENCE}"),
        (("", "NO123456"), "licence:NO123456"),
    ],
)
def test_a_label_before_a_code_is_no_part_of_it(tmp_path: Path, cells: tuple[str, str], subject: str) -> None:
    (row,) = roster(tmp_path, "统一社会信用代码,许可证编号", ",".join(cells))
    assert (subjects(row), reasons(row)) == ([subject], [])


def test_a_labelled_id_number_is_sent_to_nobody(tmp_path: Path) -> None:
    (row,) = roster(tmp_path, "统一社会信用代码", f"身份证号：{RESIDENT_ID}")
    assert (subjects(row), reasons(row)) == ([], ["id_number_as_code"])
    assert RESIDENT_ID not in str(row)


def test_old_registration_numbers_are_keys(tmp_path: Path) -> None:
    rows = roster(tmp_path, "统一社会信用代码/注册号", "430100000012345", "4301001234567")
    assert [(subjects(row), reasons(row)) for row in rows] == [
        (["reg:430100000012345"], []),
        (["reg:4301001234567"], []),
    ]


@pytest.mark.parametrize("names", ["注册号,名称,统一社会信用代码", "统一社会信用代码,名称,注册号"])
def test_of_two_columns_for_one_key_the_one_that_says_something_counts(tmp_path: Path, names: str) -> None:
    """The unified code where both do: nobody goes without a key because the other column stood first."""
    cells = [
        {"注册号": "430100000012345", "统一社会信用代码": USCC},
        {"统一社会信用代码": USCC},
        {"注册号": "430100000012345"},
    ]
    lines = [",".join(each.get(name, "") for name in names.split(",")) for each in cells]
    found = [subjects(row) for row in roster(tmp_path, names, *lines)]
    assert found == [[f"uscc:{USCC}"], [f"uscc:{USCC}"], ["reg:430100000012345"]]


def test_slips_in_other_keys(tmp_path: Path) -> None:
    wrong_id = RESIDENT_ID[:-1] + ("1" if RESIDENT_ID[-1] != "1" else "2")
    wrong_licence = LICENCE[:-1] + ("1" if LICENCE[-1] != "1" else "2")
    rows = roster(
        tmp_path, "licence_number,id_number", f"{wrong_licence},", f",{wrong_id}", f",{RESIDENT_ID[:15]}", ",4.3E+17",
        f",'{RESIDENT_ID.lower()}", ",E12345678",
    )  # fmt: skip
    told = [reasons(row) for row in rows]
    assert told == [
        ["licence_check_digit"], ["resident_id_check_digit"], ["resident_id_format"], ["number_mangled"], [], [],
    ]  # fmt: skip
    assert rows[4].entry.id_hmac == person_hmac(KEY, RESIDENT_ID)
    assert not rows[3].entry.id_hmac
    assert wrong_id not in str(rows)


def test_what_stands_around_the_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A title, blank rows, the names of the columns again, a row broken by a quote, totals, one without a code."""
    rows = roster(
        tmp_path, "某区直播带货商家名单", "", "序号,名称,统一社会信用代码", f"1,甲,{USCC}", ",,", "2,乙,", '3,"丙,',
        "序号,名称,统一社会信用代码", f"4,丁,{USCC},x", "合计,4,", f"5,\0,{USCC}", "填表人：张某",
    )  # fmt: skip
    assert [(row.line, row.name, subjects(row), reasons(row)) for row in rows] == [
        (4, "甲", [f"uscc:{USCC}"], []),
        (6, "乙", [], []),
        (7, "", [], ["malformed_row"]),
        (9, "", [], ["cell_count"]),
        (11, "", [f"uscc:{USCC}"], []),  # a name is nothing to screen by: a broken one does not matter
    ]
    told = capsys.readouterr().err
    for text in (
        "left out: The row holds totals and is no record. (lines 10)",
        "left out: The row is a note to the table and no record. (lines 12)",
        "left out: The row repeats the names of the columns. (lines 8)",
    ):
        assert text in told


@pytest.mark.parametrize("code", [USCC, f"{USCC[:5]}O{USCC[6:]}", "4301002012345", USCC.lower()])
def test_a_party_by_the_name_of_a_total_is_screened(tmp_path: Path, code: str) -> None:
    """Else a listed one would pass by calling its shop 合计."""
    rows = roster(
        tmp_path, "店铺名称,统一社会信用代码,备注,数量", f"合计,{code},,", f"备注：见附件,{code},,", "总计,2,,2"
    )
    assert [(row.line, row.entry.uscc) for row in rows] == [(2, code), (3, code)]


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-8-sig"])
def test_rosters_in_any_encoding(tmp_path: Path, encoding: str) -> None:
    (row,) = roster(tmp_path, "企业名称\t信用代码", f"某某食品有限公司\t{USCC}", encoding=encoding)
    assert (row.name, subjects(row)) == ("某某食品有限公司", [f"uscc:{USCC}"])


def test_a_workbook_with_a_title_row(tmp_path: Path) -> None:
    book, path = Workbook(), tmp_path / "roster.xlsx"
    assert book.active is not None
    for cells in (["商家名单"], [], ["序号", "企业名称", "统一社会信用代码"], [1, "甲", USCC], [2, "乙", None],
                  [3, "丙", 914301001840877603]):  # fmt: skip
        book.active.append(cells)
    book.save(path)
    rows = list(read_rows(path, lambda: KEY))
    assert [(row.line, subjects(row), reasons(row)) for row in rows] == [
        (4, [f"uscc:{USCC}"], []),
        (5, [], []),
        (6, [], ["number_mangled"]),
    ]
    assert [(row.question.uscc, row.fault and row.fault.reason) for row in read_roster(path)] == [
        (USCC, None), ("", None), ("9.14301E+17", None),
    ]  # fmt: skip


@pytest.mark.parametrize("save", [save_xlsx, save_xls, lambda *table: strict(save_xlsx(*table))])
def test_workbooks_of_any_kind_and_merged_codes(tmp_path: Path, save: Callable[..., Path]) -> None:
    """Two shops of one operator, whose code stands in merged cells; a name that a conversion destroyed; a total."""
    table = [
        ["商家名单", None], ["店铺名称", "统一社会信用代码"], ["甲店", USCC], ["乙店", None], ["\ufffd\ufffd店", USCC],
        ["合计", "3"],
    ]  # fmt: skip
    path = save(tmp_path / "roster", table, ["A1:B1", "B3:B4"])
    assert [(row.line, row.name, subjects(row), reasons(row)) for row in read_rows(path, lambda: KEY)] == [
        (3, "甲店", [f"uscc:{USCC}"], []),
        (4, "乙店", [f"uscc:{USCC}"], []),
        (5, "", [f"uscc:{USCC}"], []),
    ]
    asked = [(row.question.uscc, row.fault and row.fault.reason) for row in read_roster(path)]
    assert asked == [(USCC, None), (USCC, None), ("", "bad_encoding")]


def test_a_roster_to_verify(tmp_path: Path) -> None:
    """Of what cannot be read nothing is asked: it is answered as such and never compared in part."""
    path = tmp_path / "roster.csv"
    path.write_text(f"商家名单\n名称;信用代码\n甲;'{USCC.lower()}\n乙\0;{USCC}\n丙;9.1E+17\n", encoding="utf-8")
    asked = [(row.question.name, row.question.uscc, row.fault and row.fault.reason) for row in read_roster(path)]
    assert asked == [("甲", USCC.lower(), None), ("", "", "control_character"), ("丙", "9.1E+17", None)]
    path.write_text("名称\n甲\n", encoding="utf-8")
    with pytest.raises(FileError, match="uscc: 统一社会信用代码") as refused:
        list(read_roster(path))
    assert refused.value.reason is Reason.INVALID_ARGUMENT
