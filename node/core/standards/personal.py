"""Personal data within a text: resident ID numbers, bank cards and mobile numbers, however they are written.

Digits of any width count, and blanks, hyphens or dots may stand between them. What is found is told by its kind and
place, never by its value. 个人信息安全规范 (GB/T 35273-2020) and the rules on publishing penalties ask that such
numbers be hidden before a text is published.
"""

import re
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from typing import NamedTuple
from unicodedata import digit

from stdnum import luhn
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10

from node.core.standards.identifiers import check_resident_id, is_organisation_code, normalise


class Kind(StrEnum):
    """What a number says of a person; the value is its reason code."""

    ID_NUMBER = "personal_id_number"
    BANK_CARD = "personal_bank_card"
    MOBILE = "personal_mobile"


class Found(NamedTuple):
    """A number of a person: the text's characters from `start` up to `end`."""

    kind: Kind
    start: int
    end: int


# What people type for the check character X: also the numeral ten, the sign of multiplication, and Cyrillic.
_X = "XxＸｘⅩⅹ×Хх"
_MARKS = r"\s\-‐-―−－·•.．_\u200b-\u200f\u2060\ufeff"
_BETWEEN = f"[{_MARKS}]"
# A run of eleven digits or more. Three characters may stand between two of them, so that a search takes linear time.
_RUN = re.compile(rf"\d(?:{_BETWEEN}{{0,3}}\d){{10,}}(?:{_BETWEEN}{{0,3}}[{_X}])?")
# A long text without them is the rule; this is the cheapest look: a digit here and there is soon behind it.
_MAY_HOLD = re.compile(rf"\d(?=[\d{_MARKS}]{{10}})(?:{_BETWEEN}{{0,3}}\d){{10}}")
_FEWEST_DIGITS = 11
_PROVINCES = frozenset(
    "11 12 13 14 15 21 22 23 31 32 33 34 35 36 37 41 42 43 44 45 46 50 51 52 53 54 61 62 63 64 65 71 81 82 83".split()  # noqa: SIM905
)
_CENTURIES = ("18", "19", "20")
# Cards of the Chinese clearing, and older ones of 工商银行 and 中国银行. Other numbers are as often an order's.
_CARD = re.compile(r"(?:62|9558|60138[12])\d{10,17}")
_CARD_CHARS = 16
_OTHER_CARD = re.compile(r"4\d{15}|5[1-5]\d{14}|35\d{14}")
_CARD_WORDS = re.compile(r"(?:卡号?|账户?号?|帐户?号?|银行|card|account)\W{0,4}$", re.IGNORECASE)
_MOBILE = re.compile(r"(?:0|(?:00)?86)?1[3-9]\d{9}")
_LENGTHS = range(19, 10, -1)
_MOBILE_WORDS = re.compile(r"(?:tel|phone|mobile|wechat|wx|vx)$", re.IGNORECASE)
_WORDS_CHARS = 16
# Counted from the end where a number may have 86 before it.
_HIDDEN = {Kind.ID_NUMBER: slice(3, -1), Kind.BANK_CARD: slice(4, -4), Kind.MOBILE: slice(-8, -4)}


def find_personal(text: str) -> list[Found]:
    """The numbers of persons in a text, in order; no two overlap. It takes linear time."""
    if not _MAY_HOLD.search(text):
        return []
    return [hit for run in _RUN.finditer(text) for hit in _of_run(text, run.start(), run.end())]


def none_personal(texts: Iterable[str]) -> bool:
    """Whether certainly none of the texts holds such a number; cheap, and no answer where it is False."""
    return not _MAY_HOLD.search("|".join(text for text in texts if len(text) >= _FEWEST_DIGITS))


def mask_personal(text: str) -> str:
    """The text with the middle of each such number hidden: 138****1234. What stands between the digits stays."""
    characters = list(text)
    for kind, start, end in find_personal(text):
        places = [place for place in range(start, end) if text[place].isdigit() or text[place] in _X]
        for place in places[_HIDDEN[kind]]:
            characters[place] = "*"
    return "".join(characters)


class _Run(NamedTuple):
    """The digits of a run, half width, each with its place in the text; numbers begin and end at `breaks`."""

    digits: str
    places: list[int]
    breaks: set[int]


def _of_run(text: str, start: int, end: int) -> Iterator[Found]:
    """What stands in a run, from the left, the longest first."""
    run = _run_of(text, start, end)
    at, count = 0, len(run.digits)
    while at < count:
        hit = _at(text, run, at) if at in run.breaks else None
        if hit is None:
            at += 1
        else:
            kind, length = hit
            yield Found(kind, run.places[at], run.places[at + length - 1] + 1)
            at += length


def _run_of(text: str, start: int, end: int) -> _Run:
    digits: list[str] = []
    places: list[int] = []
    breaks = {0}
    for place in range(start, end):
        value = digit(text[place], None)
        if value is not None or text[place] in _X:
            if places and (place > places[-1] + 1 or value is None):
                breaks.add(len(places))
            digits.append("X" if value is None else str(value))
            places.append(place)
    breaks.add(len(places))
    return _Run("".join(digits), places, breaks)


def _at(text: str, run: _Run, at: int) -> tuple[Kind, int] | None:
    """The kind and length of the number that begins here."""
    before = text[max(run.places[at] - _WORDS_CHARS, 0) : run.places[at]]
    is_code = before[-1:].isascii() and before[-1:].isalpha() and not _MOBILE_WORDS.search(before)
    for length in _LENGTHS:
        if at + length in run.breaks:
            number = run.digits[at : at + length]
            if is_id_number(number):
                return Kind.ID_NUMBER, length
            if not is_code and _is_card(number, before):
                return Kind.BANK_CARD, length
            if not is_code and _MOBILE.fullmatch(number):
                return Kind.MOBILE, length
    return None


def is_id_number(number: str) -> bool:
    """Whether it is a resident's: of 18 characters by its check character; of 15 (until 1999) by place and birthday."""
    if number[:2] not in _PROVINCES:
        return False
    if len(number) == 18:
        return number[6:8] in _CENTURIES and all(problem.warning for problem in check_resident_id(number))
    return len(number) == 15 and number.isdigit() and _is_day("19" + number[6:12])


def _is_day(digits: str) -> bool:
    try:
        date.fromisoformat(digits)
    except ValueError:
        return False
    return True


def _is_card(number: str, before: str) -> bool:
    if len(number) < _CARD_CHARS:
        return False
    if not (_CARD.fullmatch(number) or (_OTHER_CARD.fullmatch(number) and _CARD_WORDS.search(before))):
        return False
    try:
        luhn.validate(number)
    except ValidationError:
        return False
    return True


def is_registration_number(number: str) -> bool:
    """Whether 15 characters are by a check digit no ID number of before 1999.

    They are a registration number (GS 15-2006), or a tax number: six of the place, then the organisation code.
    """
    number = normalise(number)
    if len(number) != 15 or not number.isascii():
        return False
    return is_organisation_code(number[6:]) or (number.isdigit() and mod_11_10.checksum(number) == 1)
