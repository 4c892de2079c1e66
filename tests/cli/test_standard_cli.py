"""`gongzhi standard` as a user sees it."""

import json

import pytest

from node.cli.standard import standard
from tests.kit.commands import output_of


def run(*arguments: str) -> str:
    return output_of(*arguments, command=standard)


def test_list() -> None:
    assert "经营主体登记" in run("list")
    names = [each["name"] for each in json.loads(run("list", "--json"))]
    assert names == sorted(names)
    assert {"node.policy_change", "operator.registration", "listing.serious", "referral"} <= set(names)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("en", ("field", "level", "facet", "rule", "required", "≤ 200 characters")),
        ("zh", ("字段", "级别", "分面", "规则", "必填", "≤ 200 字")),
    ],
)
def test_show_in_both_languages(lang: str, words: tuple[str, ...]) -> None:
    output = run("show", "operator.registration", "--lang", lang)
    for word in (
        *words,
        "统一社会信用代码",
        "Unified social credit code",
        "licences[].number",
        "吊销未注销",
        "identity",
    ):
        assert word in output, word


def test_show_keeps_each_field_on_a_line() -> None:
    line = next(
        line for line in run("show", "operator.registration").splitlines() if line.strip().startswith("id_number")
    )
    assert line.split()[:2] == ["id_number", "string"]
    assert "身份证件号码" in line
    assert "L4" in line


def test_show_as_json() -> None:
    shown = json.loads(run("show", "operator.registration", "--json"))
    assert (shown["name"], shown["version"]) == ("operator.registration", 1)
    assert [facet["name"] for facet in shown["facets"]] == ["public", "regulator", "personal", "identity"]
    fields = {field["field"]: field for field in shown["fields"]}
    assert (fields["phone"]["level"], fields["phone"]["facet"]) == ("L3", "personal")
    code = {"list": "OperatorStatus", "code": 4, "label_zh": "注销", "label_en": "Deregistered"}
    assert code | {"article": "", "advice": ""} in shown["codes"]
    assert "term_to.term_order" in [rule["id"] for rule in shown["rules"]]
