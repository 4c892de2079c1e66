"""Words for codes: of the law of 1996 and of today, as provincial forms write them."""

from importlib import resources

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from adapters.mapping import parse_mapping
from adapters.rows import Body
from adapters.words import word_reader
from node.errors import FileError
from node.tables.unfit import UnfitError
from tests.kit.samples.published import PENALTY, mapped, penalty


@pytest.mark.parametrize(
    ("cell", "kinds"),
    [
        ("警告", [1]),
        ("罚款", [3]),
        ("没收违法所得、没收非法财物", [4, 5]),
        ("责令停产停业", [10]),
        ("行政拘留", [13]),
        ("暂扣或者吊销许可证、暂扣或者吊销执照", [14]),
        ("罚款、暂扣或者吊销许可证、暂扣或者吊销执照", [3, 14]),
        ("法律、行政法规规定的其他行政处罚", [99]),
        ("罚款；法律、行政法规规定的其他行政处罚", [3, 99]),
        ("其它", [99]),
        ("行政罚款", [3]),
        ("其他-责令改正", [99]),
        ("其他（责令改正）", [99]),
        ("罚款。", [3]),
        ("罚 款", [3]),
        ("罚　款", [3]),
        ("警告+罚款", [1, 3]),
        ("警告\n罚款", [1, 3]),
        ("警 告\r\n罚 款；", [1, 3]),
        ("警告，并处罚款", [1, 3]),
        ("警告并处罚款", [1, 3]),
        ("警告和罚款", [1, 3]),
        ("警告及罚款", [1, 3]),
        ("警告/罚款", [1, 3]),
        ("警告,罚款", [1, 3]),
        ("没收违法所得、非法财物", [4, 5]),
        ("没收违法所得和非法财物", [4, 5]),
        ("罚款（五千元）", [3]),
        ("警告、罚款、罚款", [1, 3]),
        ("吊销许可证、执照", [8]),
        ("暂扣许可证", [6]),
        ("责令停产停业整顿", [10]),
        ("拘留", [13]),
        ("1.警告 2.罚款", [1, 3]),
        ("1、警告2、罚款", [1, 3]),
        ("（1）警告；（2）罚款", [1, 3]),
        ("（一）警告（二）罚款", [1, 3]),
        ("一、警告；二、罚款。", [1, 3]),
        ("①警告②罚款", [1, 3]),
        ("【罚款】", [3]),
        ("“警告”、“罚款”", [1, 3]),
        ("罚款5000元", [3]),
        ("没收违法所得1000.50元、罚款人民币5万元", [4, 3]),
        ("罚款 5000 元", [3]),
        ("警告,罚款人民币5,000.00元", [1, 3]),
        ("罚款1,234,567元", [3]),
        ("行政拘留10日、罚款", [13, 3]),
        ("没收违法所得 1000.50 元 罚款 5 万元", [4, 3]),
        ("简易程序罚款", [3]),
        ("警告、没收侵权商品", [1, 5]),
        ("吊销食品经营许可证", [8]),
        ("暂扣或吊销许可证件、执照", [14]),
        ("警告\\罚款", [1, 3]),
        ("警告·罚款", [1, 3]),
    ],
)
def test_kinds_of_penalty(cell: str, kinds: list[int]) -> None:
    assert list(penalty(CF_CFLB=cell).kinds) == kinds


@pytest.mark.parametrize(
    "cell",
    [
        "2",
        "02",
        "２",
        "3、5",
        "警告、3",
        "罚款（警告）",
        "限制人身自由",
        "罚款警告",
        "口头批评",
        "1.0",
        "2.罚款",
        "警告、3、罚款",
        "2.警告 3.罚款",
    ],
)
def test_what_no_word_says_is_refused(cell: str) -> None:
    """Digits are the source's own list: read as ours, a fine would be 通报批评."""
    problems = mapped("penalty_cf", PENALTY | {"CF_CFLB": cell})
    assert isinstance(problems, tuple)
    assert [getattr(each, "reason", None) for each in problems] == ["unknown_word"]


@pytest.mark.parametrize(
    ("cell", "reason", "told"),
    [
        ("没收", "word_ambiguous", "没收违法所得, 没收非法财物"),
        ("警告、罚款、没收", "word_ambiguous", "没收违法所得, 没收非法财物"),
        ("罚没款", "word_ambiguous", "罚款, 没收违法所得"),
        ("没收（过期食品）", "word_ambiguous", "没收违法所得, 没收非法财物"),
        ("罚金", "word_no_code", "none of this field's codes"),
        ("罚金5000元", "word_no_code", "none of this field's codes"),
        ("警告、责令改正", "word_no_code", "none of this field's codes"),
        ("不予处罚", "word_no_code", "none of this field's codes"),
    ],
)
def test_a_word_that_names_no_kind_alone_is_refused_in_its_own_words(cell: str, reason: str, told: str) -> None:
    """罚金 is of a court (刑法 Art 34), 责令改正 no penalty (行政处罚法 Art 28)."""
    problems = mapped("penalty_cf", PENALTY | {"CF_CFLB": cell})
    assert not isinstance(problems, Body)
    assert [(each.reason, told in each.message) for each in problems] == [(reason, True)]


@pytest.mark.parametrize("words", ["{x: [警告]}", "{x: []}"])
def test_only_a_word_for_codes_may_have_several_meanings(words: str) -> None:
    text = (resources.files("adapters") / "mappings" / "penalty_cf.yaml").read_text("utf-8")
    text = text.replace("    to: violation\n", f"    to: violation\n    words: {words}\n")
    with pytest.raises(FileError, match="one meaning"):
        parse_mapping(text, "x.yaml")


def test_a_mapping_may_say_what_the_digits_of_its_source_mean() -> None:
    read = word_reader({"1": 1, "2": 3}, is_list=True)
    assert read("1、2") == [1, 3]


@pytest.mark.parametrize("name", ["penalty_kinds", "operator_status", "party_kinds", "id_documents"])
def test_no_two_words_of_a_list_are_compared_as_one(name: str) -> None:
    text = (resources.files("adapters") / "word_lists" / f"{name}.yaml").read_text("utf-8")
    words = yaml.safe_load(text)
    read = word_reader(dict(zip(words, range(1, len(words) + 1), strict=True)), is_list=False)
    assert [read(word) for word in words] == list(range(1, len(words) + 1))


@given(st.text(max_size=60))
def test_a_cell_never_fails_otherwise(cell: str) -> None:
    try:
        found = word_reader({"警告": 1, "罚款": 3}, is_list=True)(cell)
    except UnfitError:
        return
    assert isinstance(found, list)
    assert set(found) <= {1, 3}
