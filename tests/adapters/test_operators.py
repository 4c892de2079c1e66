"""Who a row is about: sole traders without a name, numbers of before the unified code."""

from pathlib import Path

import pytest

from adapters.load import load
from adapters.mapping import read_mapping
from adapters.rows import Body, Mapper
from node.core.standards.party_key import key_in_cell, problem_of_code, subject_of
from node.core.standards.standard import get
from node.messages import render
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.kit.samples.registry import COLUMNS, row, uscc, write_csv

SOLE_TRADER = "92430102MA00TEXT0T"


def read(**changed: str) -> OperatorRegistration:
    made = Mapper(read_mapping(Path("registry")), COLUMNS, "f.csv").map(row(1, **changed))
    assert isinstance(made, Body), made
    return OperatorRegistration.FromString(made.body)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "无",
        "无字号",
        "*",
        "***",
        "-",
        "/",
        "未登记",
        "暂无",
        "（无字号）",
        "无名称",
        "个体工商户",
        "****",
        "——",
        "无字号名称",
        "没有字号",
        "未起字号",
        "暂无字号",
        "不使用名称",
        "无店名",
        "无字号（张三）",
        "字号：无",
        "该个体户无字号",
        "XXX",
    ],
)
@pytest.mark.parametrize("by", [{"统一社会信用代码": SOLE_TRADER, "企业类型": "N/A"}, {"企业类型": "个体工商户"}])
def test_a_sole_trader_needs_no_name(name: str, by: dict[str, str]) -> None:
    message = read(**{"企业名称": name} | by)
    assert message.name == ""
    assert get("operator.registration").findings(message) == []


@pytest.mark.parametrize("name", ["", "无", "无字号", "*", "***"])
def test_a_company_does(tmp_path: Path, registry: Path, name: str) -> None:
    path = write_csv(tmp_path / "f.csv", [row(1, 企业名称=name, 企业类型="有限责任公司"), row(2)])
    report = load([path], registry, None)
    assert (report.accepted, report.reasons["required"]) == (1, 1)
    assert "不使用名称的个体工商户除外" in render(report.examples[0], "zh")


@pytest.mark.parametrize(
    "name", ["张*", "1919酒类直供", "A", "7-11便利店", "无字号餐饮店", "无名小店", "不老名店", "XX商店"]
)
def test_what_has_letters_or_digits_is_a_name(name: str) -> None:
    assert read(企业名称=name).name == name


@pytest.mark.parametrize(
    ("cell", "number"),
    [
        ("4301002012345", "4301002012345"),
        ("43010000001234", "43010000001234"),
        ("430100000012345", "430100000012345"),
        ("440301501127098(0-1)", "440301501127098(0-1)"),
        ("440301501127098（0-1）", "440301501127098(0-1)"),
        ("430100000012345-1", "430100000012345-1"),
        ("企独湘长总字第001234号", "企独湘长总字第001234号"),
        ("４３０１００００００１２３４５", "430100000012345"),
        ("注册号430100000012345", "430100000012345"),
        ("工商注册号：4301002012345", "4301002012345"),
        ("NO.4301002012345", "4301002012345"),
        ("№ 4301002012345", "4301002012345"),
        ("（430104）430104000012345", "430104000012345"),
        ("注册号：企独湘长总字第001234号", "企独湘长总字第001234号"),
    ],
)
def test_mapping_and_screening_agree_on_older_numbers(cell: str, number: str) -> None:
    message = read(统一社会信用代码=cell)
    assert (message.uscc, message.legacy_number) == ("", number)
    assert get("operator.registration").findings(message) == []
    key = key_in_cell(cell)
    assert problem_of_code(key) is None
    assert subject_of(key) == f"reg:{number}"


@pytest.mark.parametrize(
    "cell",
    ["430100100123", "4301002100123456", "（430104）000012345", "430100000012345（分）", "长工商字430104000012345"],
)
def test_what_looks_like_an_older_number_is_told_so(cell: str) -> None:
    made = Mapper(read_mapping(Path("registry")), COLUMNS, "f.csv").map(row(1, 统一社会信用代码=cell))
    assert not isinstance(made, Body)
    assert [each.reason for each in made] == ["registration_number_form"]
    assert "13 to 15 digits" in made[0].message
    problem = problem_of_code(cell)
    assert problem is not None
    assert problem.reason == "registration_number_form"


@pytest.mark.parametrize("cell", ["统一社会信用代码：{}", "信用代码{}", "统一社会信用代码 {}", "NO.{}"])
def test_the_name_of_a_code_before_it_is_no_part_of_it(cell: str) -> None:
    assert read(统一社会信用代码=cell.format(uscc(1))).uscc == uscc(1)
    assert subject_of(key_in_cell(cell.format(uscc(1)))) == f"uscc:{uscc(1)}"
    assert subject_of(cell.format("430102190001010015")) == ""


@pytest.mark.parametrize(
    "cell",
    [
        "430102190001010015",
        "身份证号430102190001010015",
        "430102600101001",
        "43010020123",
        f"{uscc(1)}、{uscc(2)}",
        "9.14E+17",
    ],
)
def test_and_on_what_is_none(cell: str) -> None:
    problem = problem_of_code(cell)
    made = Mapper(read_mapping(Path("registry")), COLUMNS, "f.csv").map(row(1, 统一社会信用代码=cell))
    assert problem is not None
    assert not isinstance(made, Body)
    assert [each.reason for each in made] == [problem.reason]
    assert cell not in made[0].message
