"""Words for codes as sources write them: 罚款, `罚 款`, `罚款。`, 警告+罚款, 罚款（五千元）, two kinds on two lines."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from unicodedata import normalize, numeric

from node.messages import _
from node.tables.cells import clean
from node.tables.unfit import UnfitError

# Between two kinds; the longest words that are known go first, so that one with 、 within stays whole.
_BETWEEN = re.compile(r"(并处以?|以及|[、,;|/\\·+&\s和及并与])")
_CONNECTED = frozenset(",;|/+&")
_END = re.compile(r"[。.;,、:!]+$")
_DETAIL = re.compile(
    r"(?P<word>[^-:(\d]+)(?:[-:](?P<after>.+)|\((?P<within>[^()]*)\)|(?<!币)(?:人民币)?\d+(?:\.\d+)?[百千万亿]?元整?|\d+[日天])"
)
# Numbers of a list, in order from 1: 1.警告 2.罚款, （一）警告（二）罚款, ①警告②罚款.
_NUMERALS = "一二三四五六七八九十"
_NUMBERED = re.compile(rf"\(?(\d{{1,2}}|[{_NUMERALS}])[.、)]\)?(?=[\u4e00-\u9fff])|([①-⑳])")
# 罚款 5,000 元: what stands within a sum parts no words.
_WITHIN_SUMS = re.compile(
    r"(?<=\d),(?=\d{3}(?!\d))|(?<=\d)\s+(?=[\d百千万亿元])|(?<=[\u4e00-\u9fff])\s+(?=\d[\d.,\s]*[百千万亿]?\s*元)"
)
_AROUND = re.compile(r"[\[\]【】\"“”'‘’《》]")
_UNKNOWN = (
    "unknown_word",
    _("no code of this field has this word; if the word is right, say in the mapping what it means"),
)
# Of one word: 法律、行政法规规定的其他行政处罚 has three, 罚 款 too.
_MOST_PARTS = 12


class Unclear(NamedTuple):
    """What a word may mean where it names no code of the list by itself: several labels, or none of the list."""

    labels: tuple[str, ...]


Meaning = int | Unclear | None
_Meanings = dict[str, Meaning]


def word_reader(meanings: Mapping[str, Meaning], *, is_list: bool) -> Callable[[str], int | list[int] | None]:
    """What reads a cell of words as the code, or the list of codes, that they mean; None means not stated.

    It raises UnfitError: `unknown_word`; `word_ambiguous` and `word_no_code` for a word that is Unclear.
    """
    known = {_form(word): number for word, number in meanings.items()}

    def read(cell: str) -> int | None:
        cleaned = clean(cell)
        return None if cleaned is None else _meaning(known, cleaned)

    def read_list(cell: str) -> list[int]:
        cleaned = clean(cell)
        numbers = _meanings(known, cleaned) if cleaned else []
        # Two words may mean one code: 责令停产、停业.
        return list(dict.fromkeys(number for number in numbers if number))

    return read_list if is_list else read


def _form(word: str) -> str:
    """How a word is compared: half width, without blanks and a final stop, one mark between its parts."""
    plain = _END.sub("", "".join(normalize("NFKC", word).split()))
    return "".join("、" if each in _CONNECTED else each for each in plain)


def _meaning(known: _Meanings, word: str) -> int | None:
    plain = _form(word)
    if plain not in known:
        plain = _without_detail(known, plain)
    return _clear(known[plain])


def _clear(meaning: Meaning) -> int | None:
    if not isinstance(meaning, Unclear):
        return meaning
    if meaning.labels:
        text = _("the word may mean {meanings}: write which", meanings=list(meaning.labels))
        raise UnfitError("word_ambiguous", text)
    raise UnfitError("word_no_code", _("the word means something that is none of this field's codes"))


def _without_detail(known: _Meanings, plain: str) -> str:
    """The word before its detail: 其他-责令改正 is 其他; where both are words for codes, nobody can tell."""
    match = _DETAIL.fullmatch(plain)
    if match is None or match["word"] not in known:
        raise UnfitError(*_UNKNOWN)
    if known.get(match["after"] or match["within"], Unclear(())) != Unclear(()):
        raise UnfitError(*_UNKNOWN)
    return match["word"]


def _meanings(known: _Meanings, cell: str) -> list[int | None]:
    """The codes of a list, each of the longest words that are known."""
    if (whole := _form(cell)) in known:
        return [_clear(known[whole])]
    plain = _WITHIN_SUMS.sub("", normalize("NFKC", _without_numbers(cell)))
    parts = [part for part in _BETWEEN.split(plain) if part]
    numbers: list[int | None] = []
    at = 0
    while at < len(parts):
        if _BETWEEN.fullmatch(parts[at]):
            at += 1
            continue
        end, number = _longest(known, parts, at)
        numbers.append(number)
        at = end
    return numbers


def _without_numbers(cell: str) -> str:
    """The list without its numbers and the marks around it. Numbers in no order may be a source's codes, and stay."""
    plain = _AROUND.sub("", cell).replace("（", "(").replace("）", ")").replace("．", ".")
    numbers = [_number(match[1] or match[2]) for match in _NUMBERED.finditer(plain)]
    return _NUMBERED.sub("、", plain) if len(numbers) > 1 and numbers == list(range(1, len(numbers) + 1)) else plain


def _number(mark: str) -> int:
    return _NUMERALS.index(mark) + 1 if mark in _NUMERALS else int(numeric(mark) if len(mark) == 1 else mark)


def _longest(known: _Meanings, parts: list[str], at: int) -> tuple[int, int | None]:
    for end in range(min(len(parts), at + _MOST_PARTS), at, -1):
        plain = _form("".join(parts[at:end]))
        if plain in known:
            return end, _clear(known[plain])
    return at + 1, _meaning(known, parts[at])
