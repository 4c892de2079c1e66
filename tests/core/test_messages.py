"""A message says the same in English and in Chinese, whatever its values are."""

import copy
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from node import messages
from node.errors import MAX_MESSAGE_CHARS, FileError, NodeError, Reason
from node.messages import Lang, Message, _, both, language_of, render, set_language

CATALOGUE = {"no row {row} in {file}": "{file} 没有第 {row:,} 行", "one of {names}": "{names} 之一", "fine": "正常"}


@pytest.fixture(autouse=True)
def catalogue(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(messages, "_catalogue", lambda: CATALOGUE)
    yield
    set_language("en")


def test_a_message_is_its_english_text() -> None:
    message = Message("no row {row} in {file}", {"row": 3, "file": "a.csv"})
    assert message == "no row 3 in a.csv"
    assert f"{message}" == str(message) == "no row 3 in a.csv"
    assert message.in_language("zh") == "a.csv 没有第 3 行"
    assert message.in_language("en") == message


def test_a_text_that_no_catalogue_has_stays_english() -> None:
    assert Message("unknown {x}", {"x": 1}).in_language("zh") == "unknown 1"


def test_values_are_rendered_in_the_language_and_lists_are_joined() -> None:
    message = Message("one of {names}", {"names": [Message("fine", {}), "b", 3]})
    assert message == "one of fine, b, 3"
    assert message.in_language("zh") == "正常、b、3 之一"


@pytest.mark.parametrize("odd", ["{", "}", "{row}", "{0.__class__}", "%s", "\\", "", Path("{x}"), None, "\x00"])
def test_no_value_breaks_a_message(odd: object) -> None:
    message = Message("one of {names}", {"names": odd})
    assert message == f"one of {odd}"
    assert message.in_language("zh") == f"{odd} 之一"


@pytest.mark.parametrize("msgid", ["{", "{}", "{missing}", "{row:%}", "{row.__class__.x}", "{row[x]}"])
def test_a_text_that_does_not_fit_its_values_is_told_as_it_is(msgid: str) -> None:
    assert Message(msgid, {"row": "text"}) == msgid


def test_a_message_survives_copy_and_pickle() -> None:
    message = Message("one of {names}", {"names": (both("yes", "是"), Path("x"))}).cut(100)
    for same in (copy.copy(message), copy.deepcopy(message), pickle.loads(pickle.dumps(message))):
        assert (same, same.in_language("zh")) == ("one of yes, x", "是、x 之一")
        assert same.max_chars == 100


def test_an_error_keeps_both_languages_and_is_cut_in_both() -> None:
    long = NodeError(Reason.NOT_FOUND, Message("one of {names}", {"names": "名" * 10_000}))
    languages: tuple[Lang, ...] = ("en", "zh")
    for lang in languages:
        assert MAX_MESSAGE_CHARS < len(render(long.message, lang)) <= MAX_MESSAGE_CHARS + 4
    error = FileError(Reason.INVALID_CONFIG, "node.yaml", Message("fine", {}), line=3)
    assert str(error) == "invalid_config: node.yaml:3: fine"
    assert "正常" in render(error.message, "zh")


def test_half_a_surrogate_pair_goes_nowhere() -> None:
    message = Message("one of {names}", {"names": "\ud83d"})
    assert message == "one of ?"
    assert message.in_language("zh") == "? 之一"


def test_the_process_speaks_one_language() -> None:
    assert render(Message("fine", {})) == "fine"
    set_language("zh")
    assert render(Message("fine", {})) == "正常"
    assert render("fine") == "fine"  # a plain text is the same in both


@pytest.mark.parametrize(
    ("environment", "lang"),
    [
        ({}, "en"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "C", "LC_MESSAGES": "zh_CN.GB18030"}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LC_ALL": "C.UTF-8", "GONGZHI_LANG": "zh"}, "zh"),
    ],
)
def test_the_language_is_that_of_the_environment(environment: dict[str, str], lang: str) -> None:
    assert language_of(environment) == lang


def test_it_is_written_as_gettext_writes_it() -> None:
    assert isinstance(_("fine"), Message)
