"""Every text has its Chinese, with the same places for values."""

import re
from collections import Counter
from string import Formatter

import pytest

from node.messages import Message
from tests.messages.catalogues import file_of, read, updated, written
from tests.messages.texts import CLICK, ROOMS, all_texts

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_LETTER = re.compile(r"[A-Za-z]")
_CATALOGUES = (*ROOMS, CLICK)


def places(text: str) -> set[str]:
    """The names of the places for values; in Click's few texts of the old form too."""
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None} | set(re.findall(r"%\(\w+\)s", text))


def translations() -> dict[str, str]:
    return {str(entry.id): str(entry.string) for room in _CATALOGUES for entry in read(room) if entry.id}


@pytest.mark.parametrize("room", _CATALOGUES)
def test_every_text_of_a_room_has_its_chinese(room: str) -> None:
    chinese = translations()
    missing = {text.msgid: text.where for text in all_texts() if text.room == room and not chinese.get(text.msgid)}
    assert not missing, "run .ci/messages and fill in each empty msgstr"


@pytest.mark.parametrize("room", _CATALOGUES)
def test_a_catalogue_has_what_the_program_says_and_no_more(room: str) -> None:
    catalogue = read(room)
    assert not [entry.id for entry in catalogue if entry.id and entry.fuzzy]
    assert not catalogue.obsolete
    assert file_of(room).read_text("utf-8") == written(updated(room)), "run .ci/messages"


def test_a_text_stands_in_one_catalogue() -> None:
    times = Counter(entry.id for room in _CATALOGUES for entry in read(room) if entry.id)
    assert not {msgid for msgid, number in times.items() if number > 1}


@pytest.mark.parametrize("room", _CATALOGUES)
def test_chinese_is_chinese_and_has_the_same_places(room: str) -> None:
    formatted = {text.msgid for text in all_texts() if text.values is not None or text.room == CLICK}
    for entry in read(room):
        msgid, chinese = str(entry.id), str(entry.string)
        if msgid and chinese:
            if _LETTER.search(re.sub(r"\{[^}]*\}", "", msgid)):
                assert _CHINESE.search(chinese), msgid
            if msgid in formatted:
                assert places(chinese) == places(msgid), msgid


def test_every_place_is_given_its_value() -> None:
    for text in all_texts():
        if text.values is not None:
            assert places(text.msgid) == text.values, f"{text.where}: {text.msgid}"
            assert "" not in text.values
            assert Message(text.msgid, dict.fromkeys(text.values, 1)), text.where
