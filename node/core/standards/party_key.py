"""The keys a party is asked about by: their canonical form, their subject, and why a key can be nobody's.

A wrong key is never mended, and a value that can be read in two ways is never guessed: whoever asks is told why.
"""

import re
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, Protocol
from unicodedata import category

from node.core.reason_texts import explained
from node.core.standards.identifiers import (
    Problem,
    Problems,
    check_licence,
    check_resident_id,
    check_uscc,
    normalise,
    without_label,
)
from node.core.standards.personal import is_id_number, is_registration_number
from node.messages import Message, _, both, render

MAX_KEY_CHARS = 200
"""A longer text is no key and is not looked at."""
_USCC_CHARACTERS = 18
_ID_CHARACTERS = (15, 18)
# Put around a code to keep a spreadsheet from taking it for a number: '9143…, ="9143…".
_KEEPERS = "'`\"=‘’“”"

_MISSING = Problem("key_missing", "no unified code or registration number is stated")
_TOO_LONG = Problem("key_too_long", f"a key has at most {MAX_KEY_CHARS} characters")
FIELD_TOO_LONG = Problem("field_too_long", "no record has a value of that length; it was not compared")
MANGLED = Problem(
    "number_mangled", "a spreadsheet turned this code into a number; keep such columns as text, and ask again"
)
_SEVERAL = Problem("several_codes", "several codes stand in one cell; ask about each in a row of its own")
IS_ID_NUMBER = Problem(
    "id_number_as_code", "this is the ID number of a person, which is no code of an operator; ask by id_hmac instead"
)
OLD_TAX_NUMBER = Problem("old_tax_number", "a taxpayer's number of before 2015 is no key; ask by the unified code")
CODE_AS_ID_NUMBER = Problem(
    "code_as_id_number", "this is a unified code, which is no ID number; put it into the column of codes"
)
OTHER_PURPOSE = Problem("policy_denied", "the records were obtained for another purpose than the one stated")
UNREADABLE = Problem("record_unreadable", "a record under this key cannot be read here, so nothing is said")
_LICENCE_FORM = Problem("licence_format", "this is no number of a licence")
_KEY_FORM = Problem(
    "key_form",
    "state the number alone, half width and in capital letters: no label (注册号：), blanks or quotes around it",
)
_CODE_AS_NUMBER = Problem(
    "code_as_number", "this has the 18 characters of a unified code, which is no registration number; state it in uscc"
)
_LIKE_OLDER_NUMBER = Problem(
    "registration_number_form",
    "this looks like a registration number of before 2015, which has 13 to 15 digits: compare it with the licence",
)
_MISREAD = "with a digit for the letter it would be right: look at the licence itself"

_NUMBERS = re.compile(r"\d(\.\d+)?E\+?\d+|\d+\.0*|\d{1,3}(,\d{3})+(\.0*)?")
_BETWEEN = re.compile(r"[\s,，、;；/|\\+&()（）和及与]+")
_ONE_CODE = re.compile(r"[0-9A-Z]{18}|\d{13,15}")
# Registration numbers of before 2015 and of before 2007; a branch or a re-registration has a suffix.
_REGISTRATION = re.compile(r"\d{13,15}(\(\d{1,2}-\d{1,2}\)|-\d{1,2})?|.{1,30}字第?.{1,30}号", re.ASCII)
# Passports, permits of Hong Kong, Macao, Taiwan and foreigners: letters and digits; a long row of digits is none.
_DOCUMENT = re.compile(r"(?=.*\d)[A-Z0-9()]{5,20}")
_PASSPORT_CHARACTERS = 11
# Digits enough for a registration number, one lost or one too many; a telephone number has fewer.
_OLDER_DIGITS = range(13, 17)
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[A-Z]")
# Food production, food business, filing: 14 digits follow, whatever was mistyped for one of them.
_CHECKED_LICENCE = re.compile(r"(SC|JY|YB)[0-9OIL].{13}$")
_LOOK_ALIKE = str.maketrans("OIZS", "0125")


def canonical_key(text: str) -> str:
    """A key in its canonical form: half width, upper case, no blanks or unseen characters, no quotes around it.

    Empty for a text that is too long to be one.
    """
    if len(text) > MAX_KEY_CHARS:
        return ""
    canonical = normalise(text).strip(_KEEPERS)
    if canonical.isascii():
        return canonical
    return "".join(sign for sign in canonical if category(sign) != "Cf").strip(_KEEPERS)


def key_in_cell(cell: str) -> str:
    """The key that a cell of a roster states, without a label before it (注册号：), which no record has.

    The cell itself where it has none: what is wrong with it is then said of the cell as it stands. Not for ID numbers:
    a passport may begin as a label does.
    """
    canonical = canonical_key(cell)
    key = without_label(canonical)
    return cell if key == canonical else key


def subject_of(code: str) -> str:
    """The subject key of a unified code or, where it cannot be one, of a registration number of before.

    Empty where there is none: of the ID number of a person, which no usage record is to keep, and of a mangled number.
    """
    canonical = canonical_key(code)
    if not canonical or is_person(canonical):
        return ""
    if _is_long_as_uscc(canonical):
        return f"uscc:{canonical}"
    return "" if is_number_mangled(canonical) else f"reg:{canonical}"


def check_registration_number(number: str) -> Problems:
    """Checks that a record under a registration number is found by it: that it is written as `subject_of` has it."""
    canonical = without_label(canonical_key(number))
    if not is_person(canonical) and _is_long_as_uscc(canonical):
        return (_CODE_AS_NUMBER,)
    return _problems_of_form(number, canonical)


def check_licence_key(number: str) -> Problems:
    """Checks that a record under the number of a licence is found by it."""
    return _problems_of_form(number, without_label(canonical_key(number)))


def _problems_of_form(number: str, canonical: str) -> Problems:
    if instead := IS_ID_NUMBER if is_person(canonical) else MANGLED if is_number_mangled(canonical) else None:
        return (instead,)
    return () if number == canonical else (_KEY_FORM,)


def _is_long_as_uscc(canonical: str) -> bool:
    """Whether a key is a unified code, mistyped or not: a registration number as long has signs in it, 4301…-01."""
    return len(canonical) == _USCC_CHARACTERS and canonical.isascii() and canonical.isalnum()


class _Told(Protocol):
    @property
    def reason(self) -> str: ...
    @property
    def message(self) -> str: ...


def advice(problem: _Told) -> Message:
    """A problem in words, after its code."""
    text = explained(problem.reason, problem.message, of_key=True)
    return _("{reason}: {message}", reason=problem.reason, message=text)


class _Answer(Protocol):
    """What an answer of the node has: `Answer` of a query, `Screened` of a screening."""

    reason: str

    @property
    def advice(self) -> Any: ...
    @property
    def advice_zh(self) -> Any: ...


def explain(answer: _Answer, problems: Sequence[_Told]) -> None:
    """Writes into an answer why nothing can be said: the code of the first problem, and each in both languages."""
    answer.reason = problems[0].reason
    answer.advice[:] = map(advice, problems)
    answer.advice_zh[:] = [render(advice(problem), "zh") for problem in problems]


def advice_of(answer: _Answer) -> list[Message]:
    """What `explain` wrote into an answer; in English where the node is of before 0.2, which says no more."""
    pairs = zip_longest(answer.advice, answer.advice_zh, fillvalue="")
    return [both(en, zh or en) for en, zh in pairs]


def problem_of_code(text: str) -> Problem | None:
    """Why a text is neither a unified code nor a registration number; None where it may be somebody's."""
    code = canonical_key(text)
    if not code:
        return _TOO_LONG if len(text) > MAX_KEY_CHARS else _MISSING
    problems = check_uscc(code)
    if not problems or may_be_registration_number(code):
        return None
    return _what_it_is_instead(text, code) or _older_number(code) or _wrong_code(code, problems)


def may_be_registration_number(canonical: str) -> bool:
    """Whether a code has the form of a registration number of before the unified code, and is no person's ID number."""
    return _REGISTRATION.fullmatch(canonical) is not None and not is_person(canonical)


def is_number_mangled(canonical: str) -> bool:
    """Whether a spreadsheet took a long number for a quantity: 9.143E+17, 914301001838418210.0, 914,301,..."""
    return _NUMBERS.fullmatch(canonical) is not None


def _what_it_is_instead(text: str, canonical: str) -> Problem | None:
    if is_person(canonical):
        return IS_ID_NUMBER
    if is_number_mangled(canonical):
        return MANGLED
    return _SEVERAL if _are_several(text, canonical) else None


def _older_number(canonical: str) -> Problem | None:
    """A registration number with something around it, or with a digit lost: a unified code has letters or 18 digits."""
    digits = sum(map(str.isdigit, canonical))
    is_like_one = digits in _OLDER_DIGITS or (canonical.isdigit() and digits + 1 in _OLDER_DIGITS)
    return _LIKE_OLDER_NUMBER if is_like_one and not _LETTER.search(canonical) else None


def _wrong_code(code: str, problems: Problems) -> Problem | None:
    wrong = next((problem for problem in problems if not problem.warning), None)
    if wrong and check_uscc(code.translate(_LOOK_ALIKE)) == ():
        return wrong._replace(message=f"{wrong.message}; {_MISREAD}")
    return wrong


def code_of(cells: Mapping[str, str]) -> tuple[str, Problem | None]:
    """The code that a row states in its fields uscc, legacy_number or tax_number; and why none of them is usable.

    A taxpayer's number is the unified code since 2015; an older one, also of 15 digits, is no registration number. The
    ID number of a person leaves nobody's machine as it stands.
    """
    text = key_in_cell(cells.get("uscc") or cells.get("legacy_number") or "")
    if not text and (tax_number := key_in_cell(cells.get("tax_number", ""))):
        if len(canonical_key(tax_number)) != _USCC_CHARACTERS:
            return "", OLD_TAX_NUMBER
        text = tax_number
    return ("", IS_ID_NUMBER) if is_person(canonical_key(text)) else (text, None)


def problem_of_id_number(text: str) -> Problem | None:
    """Why a text is no number of an identity document; passports and permits have forms of their own."""
    number = canonical_key(text)
    wrong = next((problem for problem in check_resident_id(number) if not problem.warning), None)
    if wrong is None or is_number_mangled(number):
        return wrong and MANGLED
    if not check_uscc(number):
        return CODE_AS_ID_NUMBER
    is_resident = number[:-1].isdigit() and len(number) > _PASSPORT_CHARACTERS
    return None if _DOCUMENT.fullmatch(number) and not is_resident else wrong


def problem_of_licence(text: str) -> Problem | None:
    """Why a text is no number of a licence; None where it may be one. Most licences have no common form."""
    number = canonical_key(text)
    if not number:
        return _TOO_LONG if len(text) > MAX_KEY_CHARS else _LICENCE_FORM
    if without_label(number) != number:
        return IS_ID_NUMBER if is_person(number) else _KEY_FORM
    is_format = _DIGIT.search(number) and (number[2:].isdigit() or not _CHECKED_LICENCE.match(number))
    wrong = next(iter(check_licence(number)), None) if is_format else _LICENCE_FORM
    return _what_it_is_instead(text, number) or wrong


def is_person(canonical: str) -> bool:
    """Whether a code is the ID number of a person, labelled or not, and by its check character no operator's code."""
    number = without_label(canonical)
    return len(number) in _ID_CHARACTERS and is_id_number(number) and not _is_operator(number)


def _is_operator(code: str) -> bool:
    return check_uscc(code) == () if len(code) == _USCC_CHARACTERS else is_registration_number(code)


def _are_several(text: str, canonical: str) -> bool:
    parts = [part for part in _BETWEEN.split(text) if _ONE_CODE.fullmatch(normalise(part))]
    if len(parts) > 1:
        return True
    length, rest = divmod(len(canonical), _USCC_CHARACTERS)
    codes = [canonical[at * _USCC_CHARACTERS :][:_USCC_CHARACTERS] for at in range(length)]
    return rest == 0 and length > 1 and all(check_uscc(code) == () for code in codes)
