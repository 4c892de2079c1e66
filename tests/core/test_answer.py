"""Comparison: what people write in several ways is the same, everything else is different."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.answer import check_day, check_status, compare, fold, is_same_address, public_facets
from node.core.standards.party_key import advice_of, subject_of
from node.errors import NodeError, Reason
from node.messages import render
from node.stubs.query.v1.query_pb2 import Answer, Question
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.kit.effort import effort

ALL = frozenset({1, 2, 3, 4})
_CHINESE = st.text("湖南长沙市岳麓区金牛路号楼第一二三0123456789", min_size=1, max_size=20)
_HALF = st.text([chr(code) for code in range(0x21, 0x7F)], min_size=1, max_size=20)


@given(_HALF)
def test_full_width_is_half_width(text: str) -> None:
    wide = "".join(chr(ord(mark) + 0xFEE0) for mark in text)
    assert fold(wide) == fold(text) == fold(text.upper()) == fold(" ".join(text))


@given(st.text(st.characters(categories=["L", "N", "P", "Z"])))
def test_folding_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(_CHINESE)
def test_folding_leaves_characters_alone(text: str) -> None:
    assert fold(text) == text
    assert fold(f" {text}\u3000") == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("公司（有限合伙）", "公司(有限合伙)"),
        ("公司【有限合伙】", "公司[有限合伙]"),
        ("“好”字，店", "\"好\"字,店"),
        ("甲、乙", "甲,乙"),
        ("阿·里", "阿•里"),
        ("A—1", "a-1"),
        ("ＡＢＣ　１２３", "abc123"),
    ],
)  # fmt: skip
def test_marks_of_both_types_are_the_same(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("长沙市岳麓区金牛路88号", "湖南省长沙市岳麓区金牛路88号"),
        ("岳麓区金牛路88号", "湖南省长沙市岳麓区金牛路88号"),
        ("岳麓区金牛路88号", "长沙市岳麓区金牛路８８号"),
        ("湖南长沙市岳麓区金牛路88号", "湖南省长沙市岳麓区金牛路88号"),
        ("湖南省岳麓区金牛路88号", "长沙市岳麓区金牛路88号"),
        ("长沙市浏阳市人民路1号", "浏阳市人民路1号"),
        ("内蒙古呼和浩特市1号", "内蒙古自治区呼和浩特市1号"),
        ("恩施土家族苗族自治州1号", "湖北省恩施土家族苗族自治州1号"),
        ("北京市海淀区1号", "海淀区1号"),
    ],
)
def test_addresses_that_are_the_same(one: str, other: str) -> None:
    assert is_same_address(one, other)
    assert is_same_address(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("湖北省长沙市岳麓区1号", "湖南省长沙市岳麓区1号"),
        ("武汉市岳麓区1号", "长沙市岳麓区1号"),
        ("长沙市岳麓区1号", "长沙市岳麓区11号"),
        ("金牛路88号", "岳麓区金牛路88号"),
        ("8号", "金牛路88号"),
        ("湖南路1号", "路1号"),
        ("", "长沙市"),
        ("长沙市", "湖南省长沙市岳麓区"),
        ("岳麓区1号", "岳麓区1号2楼"),
    ],
)
def test_addresses_that_differ(one: str, other: str) -> None:
    assert not is_same_address(one, other)
    assert not is_same_address(other, one)


@given(_CHINESE, _CHINESE)
@effort(300)
def test_a_tolerated_address_ends_in_the_other(one: str, other: str) -> None:
    assert is_same_address(one, other) == is_same_address(other, one)
    if is_same_address(one, other):
        short, long = sorted((one.removeprefix("湖南"), other.removeprefix("湖南")), key=len)
        assert long.endswith(short.removeprefix("湖南").removeprefix("省"))


@given(_CHINESE.filter(lambda text: not text.startswith("湖南")))
def test_a_province_and_city_may_be_left_out(rest: str) -> None:
    for prefix in ("湖南省", "湖南省长沙市", "长沙市", ""):
        assert is_same_address(prefix + rest, rest)


@pytest.mark.parametrize(
    ("code", "subject"),
    [
        ("91430000184255293d", "uscc:91430000184255293D"),
        (" ９１43 0000184255293D", "uscc:91430000184255293D"),
        ("430100000012345", "reg:430100000012345"),
        ("NO.4301050000123", "reg:NO.4301050000123"),  # as a record may state it
        ("", ""),
        (" \u3000", ""),
    ],
)
def test_subject_of_a_code(code: str, subject: str) -> None:
    assert subject_of(code) == subject


def test_advice_of_an_earlier_node_is_said_in_english() -> None:
    """A node of before 0.2 fills `advice` alone."""
    (text,) = advice_of(Answer(advice=["uscc_length: 18 characters"]))
    assert (text, render(text, "zh")) == ("uscc_length: 18 characters", "uscc_length: 18 characters")


@pytest.mark.parametrize(
    "asked",
    ["存续", "1", "In business", "in_business", "OPERATOR_STATUS_IN_BUSINESS", "存续（在营、开业、在册）", "在业"],
)
def test_words_for_a_status(asked: str) -> None:
    assert not compare(Question(status=asked), OperatorRegistration(status=1), ALL).mismatches  # type: ignore[arg-type]
    assert compare(Question(status=asked), OperatorRegistration(status=4), ALL).mismatches  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "asked", ["1978-10-27", "1978/10/27", "1978.10.27", "1978年10月27日", "19781027", "１９７８-10-27"]
)
def test_ways_to_write_a_day(asked: str) -> None:
    body = OperatorRegistration(established_on="1978-10-27")
    assert not compare(Question(established_on=asked), body, ALL).mismatches
    assert compare(Question(established_on=asked), OperatorRegistration(established_on="1978-10-28"), ALL).mismatches


def test_what_is_not_stated_or_not_seen_is_no_mismatch() -> None:
    question = Question(name="甲", legal_representative="乙", status="存续", address="丙")
    stated = OperatorRegistration(name="甲", legal_representative="丁")
    assert compare(question, stated, frozenset({1})) == ([], ["address", "legal_representative", "status"])
    assert compare(question, stated, ALL) == (["legal_representative"], ["address", "status"])
    assert compare(question, OperatorRegistration(), frozenset()).mismatches == []


@given(st.text(min_size=1), st.text(min_size=1))
def test_a_name_is_the_same_or_different_and_nothing_between(asked: str, stated: str) -> None:
    found = compare(Question(name=asked), OperatorRegistration(name=stated), ALL)
    if "*" not in stated:
        assert (found.mismatches == []) == (fold(asked) == fold(stated))
        assert found.unseen == []


def test_only_level_one_is_public() -> None:
    assert public_facets() == {1}


def test_samples_are_normal() -> None:
    assert unicodedata.is_normalized("NFKC", fold("ﾊﾝｶｸ①"))


@pytest.mark.parametrize("text", ["", "2020-01-02", "2020/1/2", "2020年1月2日", "20200102"])
def test_a_day_is_asked_in_any_form_that_is_compared(text: str) -> None:
    check_day(text)


@pytest.mark.parametrize("text", ["2020-13-01", "2019-02-30", "yesterday", "2020", "0000-01-01"])
def test_no_such_day_is_an_error_and_no_mismatch(text: str) -> None:
    with pytest.raises(NodeError) as caught:
        check_day(text)
    assert caught.value.reason is Reason.INVALID_ARGUMENT


@pytest.mark.parametrize("text", ["存续", "1", "在业", "", "存续（在营、开业、在册）"])
def test_a_status_is_known_by_code_label_or_name(text: str) -> None:
    check_status(text)


@pytest.mark.parametrize("text", ["营业中", "99", "activ"])
def test_no_such_status_is_an_error_that_names_them(text: str) -> None:
    with pytest.raises(NodeError) as caught:
        check_status(text)
    assert caught.value.reason is Reason.INVALID_ARGUMENT
    assert "1 存续" in caught.value.message
    assert "4 注销" in caught.value.message
