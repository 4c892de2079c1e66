"""Every example of the regulators' rules, and what the checksums promise."""

from datetime import date
from string import ascii_uppercase, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.standards.identifiers import (
    USCC_ALPHABET,
    USCC_AUTHORITIES,
    Problems,
    are_dates,
    are_lines,
    are_usccs,
    check_date,
    check_gtin,
    check_licence,
    check_line,
    check_region,
    check_resident_id,
    check_uscc,
    normalise,
    organisation_check_character,
    uscc_check_character,
)

VALID_USCC = [
    "91110000600037341L",
    "91340000711771143J",
    "914300007121944054",
    "91410000170001401D",
    "913600006124469438",
    "91430100MA00TEXT01",
    "91420100MA00TEXT0W",
    "91410100MA00TEXT0Q",
    "91340100MA00TEXT0E",
    "91140100MA00TEXT01",
    "91360100MA00TEXT0N",
    "92430102MA00TEXT0T",
]


def reasons(problems: Problems) -> list[tuple[str, bool]]:
    return [(problem.reason, problem.warning) for problem in problems]


@st.composite
def usccs(draw: st.DrawFn) -> str:
    body = draw(st.text(USCC_ALPHABET, min_size=15, max_size=15))
    first = draw(st.sampled_from(USCC_AUTHORITIES)) + body
    return (first17 := first + organisation_check_character(first[8:])) + uscc_check_character(first17)


@pytest.mark.parametrize("code", VALID_USCC)
def test_uscc_valid(code: str) -> None:
    assert check_uscc(code) == ()


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("91430100MA00TEXT02", [("uscc_check_digit", False)]),
        # 914301001840877603 as a spreadsheet's number; the second passes the check by chance.
        ("914301001840877000", [("uscc_truncated", False)]),
        ("914201036100012000", [("uscc_truncated", False)]),
        ("9143O100MA00TEXT01", [("uscc_character", False)]),
        ("91340100TEST000001", [("uscc_character", False)]),
        ("91430100MA00TEXT14", [("uscc_organisation_code", True)]),
        ("91430100MA00TEXT0", [("uscc_length", False)]),
        ("914300007121944054\n", [("uscc_length", False)]),
        ("91430100MA00TEXT0１", [("uscc_character", False)]),
        ("91430100ma00text01", [("uscc_character", False)]),
        ("B1430100MA00TEXT01", [("uscc_authority", False)]),
    ],
)
def test_uscc_findings(code: str, expected: list[tuple[str, bool]]) -> None:
    assert reasons(check_uscc(code)) == expected


@given(usccs())
def test_uscc_of_every_department_passes(code: str) -> None:
    assert check_uscc(code) == ()


@pytest.mark.parametrize("first", list("ANY"))
def test_uscc_of_army_agriculture_and_others(first: str) -> None:
    code = f"{first}1430100MA00TEXT0"
    assert check_uscc(code + uscc_check_character(code)) == ()


@given(usccs(), st.integers(0, 17), st.sampled_from(digits + ascii_uppercase))
def test_uscc_catches_every_single_change(code: str, position: int, character: str) -> None:
    changed = code[:position] + character + code[position + 1 :]
    assert changed == code or not all(problem.warning for problem in check_uscc(changed))


@given(usccs(), st.integers(0, 16))
def test_uscc_catches_neighbours_swapped(code: str, at: int) -> None:
    swapped = code[:at] + code[at + 1] + code[at] + code[at + 2 :]
    assert swapped == code or reasons(check_uscc(swapped))[0][0] in {"uscc_check_digit", "uscc_authority"}


@given(st.text(max_size=20))
def test_uscc_never_raises(text: str) -> None:
    check_uscc(text)
    check_uscc(normalise(text))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("91430100ma00text01", "91430100MA00TEXT01"),
        ("９１４３０１００ＭＡ００ｔｅｘｔ０１", "91430100MA00TEXT01"),
        (" 9143 0100\tMA00　TEXT01\n", "91430100MA00TEXT01"),
    ],
)
def test_normalise(text: str, code: str) -> None:
    assert normalise(text) == code


@pytest.mark.parametrize("number", ["SC12444034200297", "JY11108071215650", "SCXK(川)2020-031", "湘药广审第1号", ""])
def test_licence_valid(number: str) -> None:
    assert check_licence(number) == ()


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        ("JY11105000000001", "licence_check_digit"),
        ("SC12444034200298", "licence_check_digit"),
        ("YB1244403420029", "licence_format"),
        ("SC1244403420029X", "licence_format"),
        ("SC1244403420029²", "licence_format"),
    ],
)
def test_licence_findings(number: str, reason: str) -> None:
    assert reasons(check_licence(number)) == [(reason, False)]


@given(st.integers(2, 15), st.sampled_from(digits))
def test_licence_catches_every_single_change(position: int, digit: str) -> None:
    changed = "SC12444034200297"[:position] + digit + "SC12444034200297"[position + 1 :]
    assert changed == "SC12444034200297" or reasons(check_licence(changed)) == [("licence_check_digit", False)]


@pytest.mark.parametrize("number", ["360426199101010071", "11010519491231002X"])
def test_resident_id_valid(number: str) -> None:
    assert check_resident_id(number) == ()


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("360426199101010072", [("resident_id_check_digit", False)]),
        ("36042619910101007", [("resident_id_format", False)]),
        ("36042619910101007x", [("resident_id_format", False)]),
        ("A12345678", [("resident_id_format", False)]),
        # No such month; no such division in that year; both with the right check character.
        ("360426199113010079", [("resident_id_birth_date", False)]),
        ("999999199101010072", [("resident_id_birth_place", True)]),
        # A province that has no such county.
        ("110001199101010076", [("resident_id_birth_place", True)]),
    ],
)
def test_resident_id_findings(number: str, expected: list[tuple[str, bool]]) -> None:
    assert reasons(check_resident_id(number)) == expected


@given(st.sampled_from(["11", "36", "43", "71", "99"]), st.integers(0, 9999), st.dates())
def test_any_place_and_day_of_birth_has_an_answer(province: str, county: int, born: date) -> None:
    first_17 = f"{province}{county:04}{born:%Y%m%d}001".rjust(17, "0")
    numbers = [first_17 + character for character in "0123456789X"]
    rejected = [reasons(check_resident_id(number)) == [("resident_id_check_digit", False)] for number in numbers]
    assert rejected.count(False) == 1


@pytest.mark.parametrize("number", ["6901234567892", "96385074", "036000291452", "16901234567899"])
def test_gtin_valid(number: str) -> None:
    assert check_gtin(number) == ()


@pytest.mark.parametrize(
    "number", ["6901234567893", "690123456789", "6901234-567892", "６９０１２３４５６７８９２", "1"]
)
def test_gtin_invalid(number: str) -> None:
    assert reasons(check_gtin(number)) == [("gtin_invalid", False)]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("430100", []),
        ("430104", []),
        ("430000", []),
        ("110103", [("region_abolished", True)]),
        ("430199", [("region_unknown", False)]),
        ("長沙", [("region_unknown", False)]),
    ],
)
def test_region(code: str, expected: list[tuple[str, bool]]) -> None:
    assert reasons(check_region(code)) == expected


def test_region_says_when_it_ended() -> None:
    assert "2010" in check_region("110103")[0].message


@given(st.dates())
def test_date_valid(day: object) -> None:
    assert check_date(str(day)) == ()


@pytest.mark.parametrize(
    "text", ["2023-02-29", "2023-13-01", "20230101", "2023-W01-1", "2023/01/01", "2023-1-1", "二〇二三"]
)
def test_date_invalid(text: str) -> None:
    assert reasons(check_date(text)) == [("date_invalid", False)]


@pytest.mark.parametrize("text", ["长沙\x00公司", "a\x1b[2Jb", "一\n二", "x\x7f", "甲\u2028乙"])
def test_a_name_is_one_line_that_may_be_shown(text: str) -> None:
    assert [each.reason for each in check_line(text)] == ["control_character"]
    assert check_line("长沙某某（湖南）食品有限公司 № 1") == ()


def _changed(code: str, place: int, character: str) -> str:
    return code[:place] + character + code[place + 1 :]


CODES = st.one_of(
    st.sampled_from(VALID_USCC),
    st.builds(
        _changed, st.sampled_from(VALID_USCC), st.integers(0, 18), st.sampled_from([*digits, *ascii_uppercase, "é"])
    ),
    st.sampled_from(["", VALID_USCC[0][:17], "430000000000000000", "914300007121944000"]),
)


@pytest.mark.parametrize("first", ["4", "A", "N"])
def test_a_code_with_a_wrong_organisation_code_is_not_right_with_others(first: str) -> None:
    """Its own check character is right: that alone would pass."""
    code = first + "1430100MA00TEXT0"
    code += uscc_check_character(code)
    wrong = _changed(code, 16, "2")[:17]
    wrong += uscc_check_character(wrong)
    assert check_uscc(code) == ()
    assert [problem.warning for problem in check_uscc(wrong)] == [True]
    assert are_usccs([code, *VALID_USCC])
    assert not are_usccs([*VALID_USCC, wrong])


@given(st.lists(CODES, min_size=1, max_size=4))
def test_codes_are_right_where_each_is(codes: list[str]) -> None:
    assert are_usccs(codes) is not any(map(check_uscc, codes))


DAYS = st.one_of(
    st.dates().map(date.isoformat),
    st.sampled_from(
        ["", "2024-02-30", "2024-W05-3", "20240131", "2024-1-31", "２０２４-01-31", "2024-01-31\n", "0000-01-01"]
    ),
)


@given(st.lists(DAYS, min_size=1, max_size=4))
def test_days_are_right_where_each_is(days: list[str]) -> None:
    assert are_dates(days) is not any(map(check_date, days))


@given(st.lists(st.text(alphabet="某a \n\x00\x85\u2028", max_size=3), max_size=4))
def test_texts_are_lines_where_each_is(texts: list[str]) -> None:
    assert are_lines(texts) is not any(map(check_line, texts))
