"""Results in tables: an officer who reads Chinese meets no English code; programs keep the code."""

from collections import Counter

import pytest

from node.core.result_words import counts_text, field_texts, result_text
from node.errors import Reason
from node.messages import render
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.screening.v1 import screening_pb2 as screening

RESULTS = {
    name.removeprefix("RESULT_").lower()
    for enum in (query.Result, screening.Result)
    for name, number in enum.items()
    if number
}


@pytest.mark.parametrize("code", [*sorted(RESULTS), "begun", "done", "exit 2", "records=7", "match=3 mismatch=1"])
def test_a_result_is_its_code_in_english_and_words_in_chinese(code: str) -> None:
    text = result_text(code)
    assert text == code
    assert not any(each.isascii() and each.isalpha() for each in render(text, "zh"))


def test_what_a_result_says_beside_its_word_stays() -> None:
    assert render(result_text("retracted=wuhan-3"), "zh") == "已撤回=wuhan-3"
    assert render(result_text("exit 2"), "zh") == "退出码 2"


def test_an_error_is_explained_and_keeps_its_code() -> None:
    text = result_text(Reason.INVALID_POLICY)
    assert text == "invalid_policy"
    assert render(text, "zh").endswith("（invalid_policy）")


def test_what_nobody_has_words_for_is_shown_as_it_is() -> None:
    assert render(result_text("KeyboardInterrupt"), "zh") == "KeyboardInterrupt"


def test_every_field_of_a_question_has_its_chinese() -> None:
    asked = {field.name for field in query.Question.DESCRIPTOR.fields} - {"uscc"}
    assert field_texts(["name", "status"]) == "name, status"
    assert render(field_texts(["name", "status"]), "zh") == "名称、登记状态"
    for field in asked:
        assert not render(field_texts([field]), "zh").isascii(), field


def test_counts_name_the_most_frequent_first() -> None:
    counts = counts_text(Counter(no_hit=7, hit=2))
    assert counts == "no_hit 7  hit 2"
    assert render(counts, "zh") == "未列入 7  命中 2"
    assert not counts_text(Counter())
