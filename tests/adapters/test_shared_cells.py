"""Cells merged over rows, in which nobody can tell whose code or amount it is; and days counted from 1904."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from adapters.load import load
from adapters.mapping import read_mapping
from adapters.report import Report
from tests.kit.samples.published import FORM_2018
from tests.kit.samples.registry import COLUMNS, row
from tests.kit.samples.reject_report import read_report
from tests.kit.samples.workbooks import Save, both, save_xlsx

A_CASE = list(FORM_2018.values())


def loaded(path: Path, mapping: str = "registry") -> Report:
    return load([path], read_mapping(Path(mapping)), None, rejects=path.with_name("r.csv"))


def refused(path: Path) -> list[tuple[str, str, str]]:
    return [(each["line"], each["field"], each["reason"]) for each in read_report(path.with_name("r.csv"))]


@both
@pytest.mark.parametrize(
    ("merged", "fields"),
    [
        (["B2:B3"], "统一社会信用代码"),
        (["F2:F3"], "注册资金"),
        (["A2:A3", "B2:B3"], "统一社会信用代码"),
        (["B2:B3", "F2:F3"], "统一社会信用代码 | 注册资金"),
    ],
)
def test_rows_that_share_a_code_or_an_amount_are_all_refused(
    tmp_path: Path, save: Save, merged: Sequence[str], fields: str
) -> None:
    path = save(tmp_path / "f", [COLUMNS, row(1), row(2), row(3)], merged)
    report = loaded(path)
    assert (report.accepted, report.rejected) == (1, 2)
    reasons = " | ".join("merged_cells" for _ in fields.split(" | "))
    assert refused(path) == [("2", fields, reasons), ("3", fields, reasons)]
    assert merged[-1] in report.examples[-1]


@both
@pytest.mark.parametrize("merged", [["A2:A3"], ["D2:D4", "G3:G4"]])
def test_rows_may_share_what_can_be_of_each(tmp_path: Path, save: Save, merged: Sequence[str]) -> None:
    assert loaded(save(tmp_path / "f", [COLUMNS, row(1), row(2), row(3)], merged)).accepted == 3


def test_a_row_of_two_lines_shares_nothing(tmp_path: Path) -> None:
    """A form may give each record two lines of the sheet, every cell merged over both."""
    merged = [f"{chr(65 + column)}{line}:{chr(65 + column)}{line + 1}" for line in (2, 4) for column in range(10)]
    path = save_xlsx(tmp_path / "f.xlsx", [COLUMNS, row(1), [], row(2)], merged)
    assert loaded(path).accepted == 2


def test_a_decision_has_several_parties_and_a_party_several_decisions(tmp_path: Path) -> None:
    number, name = FORM_TITLES.index("行政处罚决定书文号"), FORM_TITLES.index("行政相对人名称")
    code = next(place for place, title in enumerate(FORM_TITLES) if title.startswith("行政相对人代码_1"))
    other_case = [*A_CASE]
    other_case[number] = "长市监处罚〔2026〕99号"
    other_party = [*A_CASE]
    other_party[name], other_party[code] = "长沙示例二号有限公司", "91430100MAA001016U"
    two_cases = save_xlsx(tmp_path / "c.xlsx", [FORM_TITLES, A_CASE, other_case], cells(name, code))
    assert loaded(two_cases, "penalty_cf").accepted == 2
    two_parties = save_xlsx(tmp_path / "p.xlsx", [FORM_TITLES, A_CASE, other_party], cells(number))
    assert loaded(two_parties, "penalty_cf").accepted == 2
    assert (
        loaded(save_xlsx(tmp_path / "w.xlsx", [FORM_TITLES, A_CASE, other_party], cells(code)), "penalty_cf").rejected
        == 2
    )
    both_merged = save_xlsx(tmp_path / "b.xlsx", [FORM_TITLES, A_CASE, [*A_CASE]], cells(number, name))
    assert loaded(both_merged, "penalty_cf").rejected == 2


FORM_TITLES = list(FORM_2018)


def cells(*places: int) -> list[str]:
    return [f"{chr(65 + place)}2:{chr(65 + place)}3" for place in places]


def test_a_bare_number_is_no_day_in_a_workbook_of_1904(tmp_path: Path) -> None:
    book = Workbook()
    book.epoch = CALENDAR_MAC_1904
    assert book.active is not None
    for each in (COLUMNS, row(1, 注册日期="42095"), row(2)):
        book.active.append(list(each))
    book.active["C2"], book.active["C3"] = 42095, date(2015, 4, 1)
    path = tmp_path / "f.xlsx"
    book.save(path)
    assert loaded(path).accepted == 1
    assert refused(path) == [("2", "注册日期", "date_ambiguous")]
