"""The synthetic operators: the same again, as messy as real ones, and bad only where asked for."""

import csv
import io

import pytest

from node.core.standards.identifiers import check_date, check_uscc, normalise
from node.demo.sample import CITIES, COLUMNS, EXTRA_COLUMNS, districts, sample_rows, write_sample


@pytest.mark.parametrize("city", CITIES)
def test_rows_are_right_and_no_code_comes_twice(city: str) -> None:
    rows = list(sample_rows(city, 2000, seed=7))
    codes = [normalise(row[1]) for row in rows]
    assert not [code for code in codes if check_uscc(code)]
    assert len(set(codes)) == 2000
    assert {code[2:8] for code in codes} == {district.code for district in districts(CITIES[city].region4)}
    assert not [row for row in rows if check_date(row[2]) or not row[0] or len(row) != 12]


def test_same_seed_same_rows() -> None:
    assert list(sample_rows("wuhan", 50, seed=1)) == list(sample_rows("wuhan", 50, seed=1))
    assert list(sample_rows("wuhan", 50, seed=1)) != list(sample_rows("wuhan", 50, seed=2))


def test_rows_are_as_messy_as_real_ones() -> None:
    rows = list(sample_rows("hefei", 3000))
    assert [row for row in rows if row[1] != normalise(row[1])]
    for sign in ("N/A", ",", "(万元人民币)", "（万元人民币）", "万人民币", "(万)", "(万美元)"):
        assert [row for row in rows if sign in row[5]], sign
    assert 100 < sum(row[10] == "注销" for row in rows) < 300


def test_bad_rows_are_bad_and_the_rest_is_not() -> None:
    rows = list(sample_rows("taiyuan", 4000, bad_share=0.3))
    bad = [row for row in rows if check_uscc(normalise(row[1])) or check_date(row[2]) or not row[0]]
    assert 0.25 < len(bad) / 4000 < 0.35
    reasons = {problem.reason for row in rows for problem in check_uscc(normalise(row[1]))}
    assert reasons == {"uscc_check_digit", "uscc_character"}
    assert [row for row in rows if not row[0]]
    assert [row for row in rows if check_date(row[2])]


@pytest.mark.parametrize(("extra", "columns"), [(True, COLUMNS + EXTRA_COLUMNS), (False, COLUMNS)])
def test_csv(extra: bool, columns: tuple[str, ...]) -> None:
    file = io.StringIO()
    write_sample(file, "nanchang", 3, extra=extra)
    file.seek(0)
    rows = list(csv.DictReader(file))
    assert [tuple(row) for row in rows] == [columns] * 3
    assert {row["所在省份"] + row["地区"] for row in rows} == {"江西南昌"}
