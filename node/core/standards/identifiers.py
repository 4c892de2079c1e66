"""Identifiers of operators, people, licences, goods and places: one pure check a kind.

A check takes the canonical form (see `normalise`) and returns what is wrong with it, nothing where it is right.
Messages never hold the value: it may be personal.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from operator import mul
from typing import NamedTuple
from unicodedata import normalize

from stdnum import ean
from stdnum.cn import ric
from stdnum.exceptions import ValidationError
from stdnum.iso7064 import mod_11_10

from node.core.standards.regions import find_region


class Problem(NamedTuple):
    """What is wrong with a value. A warning is worth a look and rejects nothing."""

    reason: str
    message: str
    warning: bool = False


Problems = tuple[Problem, ...]
Checker = Callable[[str], Problems]


def normalise(text: str) -> str:
    """The canonical form of a code: half width, upper case, no white space."""
    return "".join((text if text.isascii() else normalize("NFKC", text)).upper().split())


# What people write before a code, in its canonical form: 注册号：4301…, NO.4301…; its place too: (430104)4301….
# The letters NO alone (and №, which becomes them) may begin a passport: only what is too long for one has a label.
_LABEL = re.compile(
    r"(?:(?:(?:工商|企业|营业执照)?注册|(?:营业)?执照|身份证|许可证)(?:号码?|编号)|身份证|(?:统一)?(?:社会)?信用代码|组织机构代码"
    r"|税务登记号|(?:证件)?号码|编号)[:.]?(?=[^:.])|NO(?:[.:]{1,2}(?=[0-9A-Z])|(?=\d{13}))|\((\d{6})\)(?=\1)"
)


def without_label(canonical: str) -> str:
    """A code in its canonical form without the name of its kind before it. A name alone stays.

    For cells of a file, before they become a record or a question: a key is compared as it stands.
    """
    label = None if canonical[:1].isdigit() else _LABEL.match(canonical)
    return canonical[label.end() :] if label else canonical


USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# Registering departments of GB 32100-2015, table 1: A the army, N agriculture, Y others.
USCC_AUTHORITIES = "123456789ANY"
# The check character has weight 1: the sum over all 18 is a multiple of 31.
USCC_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28, 1)
# GB 11714: the ninth is the check character, X is ten.
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2, 1)
_ORGANISATION = slice(8, 17)
_INVALID = 255


def _values(alphabet: str) -> bytes:
    """A table for bytes.translate: character to its value, anything else to _INVALID."""
    return bytes(position if (position := alphabet.find(chr(byte))) >= 0 else _INVALID for byte in range(256))


_USCC_VALUES = _values(USCC_ALPHABET)
_ORGANISATION_VALUES = _values("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_ORGANISATION_CHECK_VALUES = _values("0123456789X")


def _products(values: bytes, weights: Sequence[int], modulus: int) -> list[bytes]:
    """For each place, a table of character to its value times the weight; a character without a value to anything."""
    return [bytes(value * weight % modulus for value in values) for weight in weights]


_AUTHORITY_BYTES = frozenset(USCC_AUTHORITIES.encode())
_USCC_PRODUCTS = _products(_USCC_VALUES, USCC_WEIGHTS, 31)
_ORGANISATION_PRODUCTS = [
    *_products(_ORGANISATION_VALUES, ORGANISATION_WEIGHTS[:-1], 11),
    *_products(_ORGANISATION_CHECK_VALUES, ORGANISATION_WEIGHTS[-1:], 11),
]
_USCC_LENGTH = (Problem("uscc_length", "a unified social credit code has 18 characters"),)
_USCC_CHARACTER = (Problem("uscc_character", "only digits and capital letters but I, O, S, V, Z"),)
_USCC_AUTHORITY = (Problem("uscc_authority", "the first character is no registering department"),)
_USCC_CHECK_DIGIT = (Problem("uscc_check_digit", "the check character is wrong"),)
_USCC_ORGANISATION = (Problem("uscc_organisation_code", "the organisation code inside has a wrong check digit", True),)

_USCC_TRUNCATED = (Problem("uscc_truncated", "a spreadsheet that took it for a number made its last digits noughts"),)


def check_uscc(code: str) -> Problems:
    """Checks a unified social credit code (GB 32100-2015).

    Its region digits are not looked at: the code is for life and survives every move (order 112). The organisation code
    inside (GB 11714) only warns: some real registrations carry a wrong one.
    """
    if len(code) != 18:
        return _USCC_LENGTH
    raw = code.encode("ascii", "replace")
    values = raw.translate(_USCC_VALUES)
    if _INVALID in values:
        return _USCC_CHARACTER
    if code[0] not in USCC_AUTHORITIES:
        return _USCC_AUTHORITY
    is_right = sum(map(mul, values, USCC_WEIGHTS)) % 31 == 0
    if is_right and _is_organisation(raw[_ORGANISATION]):
        return ()
    # It keeps 15 digits. What is left passes one check by chance, of thirty-one or of eleven.
    if code.endswith("000") and code.isdigit():
        return _USCC_TRUNCATED
    return _USCC_ORGANISATION if is_right else _USCC_CHECK_DIGIT


def are_usccs(codes: Sequence[str]) -> bool:
    """Whether `check_uscc` finds nothing in any of the codes: what it does for one, place by place for all."""
    raw = "".join(codes).encode("ascii", "replace")
    return (
        set(map(len, codes)) == {len(USCC_WEIGHTS)}
        and _INVALID not in raw.translate(_USCC_VALUES)
        and _AUTHORITY_BYTES.issuperset(raw[:: len(USCC_WEIGHTS)])
        and _INVALID not in raw[_ORGANISATION.stop - 1 :: len(USCC_WEIGHTS)].translate(_ORGANISATION_CHECK_VALUES)
        and not any(total % 31 for total in _totals(raw, 0, _USCC_PRODUCTS))
        and not any(total % 11 for total in _totals(raw, _ORGANISATION.start, _ORGANISATION_PRODUCTS))
    )


def _totals(raw: bytes, start: int, products: Sequence[bytes]) -> Iterable[int]:
    """The weighted sum of each code, from its place `start` on."""
    columns = (raw[place :: len(USCC_WEIGHTS)].translate(table) for place, table in enumerate(products, start))
    return map(sum, zip(*columns, strict=True))


def _is_organisation(raw: bytes) -> bool:
    values = raw[:8].translate(_ORGANISATION_VALUES) + raw[8:].translate(_ORGANISATION_CHECK_VALUES)
    return _INVALID not in values and sum(map(mul, values, ORGANISATION_WEIGHTS)) % 11 == 0


def is_organisation_code(code: str) -> bool:
    """Whether nine characters are an organisation code with its check character (GB 11714)."""
    return len(code) == 9 and _is_organisation(code.encode("ascii", "replace"))


def uscc_check_character(first_17: str) -> str:
    """The check character that completes 17 characters of a unified social credit code."""
    return USCC_ALPHABET[-sum(map(mul, first_17.encode().translate(_USCC_VALUES), USCC_WEIGHTS)) % 31]


def organisation_check_character(first_8: str) -> str:
    """The check character that completes 8 characters of an organisation code."""
    return "0123456789X"[-sum(map(mul, first_8.encode().translate(_ORGANISATION_VALUES), ORGANISATION_WEIGHTS)) % 11]


_LICENCE_FORMAT = (Problem("licence_format", "an SC, JY or YB number is two letters and 14 digits"),)
_LICENCE_CHECK_DIGIT = (Problem("licence_check_digit", "the check digit is wrong"),)


def check_licence(number: str) -> Problems:
    """Checks a food production (SC), food business (JY) or filing (YB) number: 14 digits, ISO 7064 MOD 11,10.

    Numbers of other licences have no common form and pass, e.g. SCXK(...) of laboratory animals.
    """
    if number[:2] not in {"SC", "JY", "YB"} or not number[2:3].isdigit():
        return ()
    digits = number[2:]
    if len(digits) != 14 or not (digits.isascii() and digits.isdigit()):
        return _LICENCE_FORMAT
    return () if mod_11_10.checksum(digits) == 1 else _LICENCE_CHECK_DIGIT


_ID_FORMAT = (Problem("resident_id_format", "a resident identity number is 17 digits and a digit or X"),)
_ID_CHECK_DIGIT = (Problem("resident_id_check_digit", "the check character is wrong"),)
_ID_BIRTH_DATE = (Problem("resident_id_birth_date", "the date of birth does not exist"),)
_ID_BIRTH_PLACE = (Problem("resident_id_birth_place", "no such division in the year of birth", True),)


def check_resident_id(number: str) -> Problems:
    """Checks a resident identity number (GB 11643-1999).

    The place only warns: numbers are given out by the division of the first registration, not always that of birth.
    """
    if len(number) != 18 or not number.isascii() or not number[:17].isdigit() or number[17] not in "0123456789X":
        return _ID_FORMAT
    if ric.calc_check_digit(number) != number[17]:
        return _ID_CHECK_DIGIT
    if not _is_right(ric.get_birth_date, number):
        return _ID_BIRTH_DATE
    return () if _is_right(ric.get_birth_place, number) else _ID_BIRTH_PLACE


_GTIN = (Problem("gtin_invalid", "an article number has 8, 12, 13 or 14 digits, the last a check digit"),)


def check_gtin(number: str) -> Problems:
    """Checks a GTIN-8, -12, -13 or -14."""
    return () if number.isascii() and number.isdigit() and _is_right(ean.validate, number) else _GTIN


def _is_right(check: Callable[[str], object], number: str) -> bool:
    try:
        check(number)
    except (ValidationError, KeyError):  # python-stdnum lets KeyError slip for a county that its province has not
        return False
    return True


_REGION_UNKNOWN = (Problem("region_unknown", "no division of GB/T 2260 has this code"),)


def check_region(code: str) -> Problems:
    """Checks a six-digit code of an administrative division (GB/T 2260); an abolished one warns."""
    region = find_region(code)
    if region is None:
        return _REGION_UNKNOWN
    if region.until is None:
        return ()
    return (Problem("region_abolished", f"the division was abolished in {region.until}", warning=True),)


_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029]")
_CONTROL_CHARACTER = (Problem("control_character", "a control character or a line end stands in it"),)


def check_line(text: str) -> Problems:
    """Checks that a text is one line and may be shown: no control characters."""
    return _CONTROL_CHARACTER if _CONTROL.search(text) else ()


def are_lines(texts: Iterable[str]) -> bool:
    """Whether `check_line` finds nothing in any of the texts."""
    return not _CONTROL.search("".join(texts))


_DATE_INVALID = (Problem("date_invalid", "not a day of the calendar, YYYY-MM-DD"),)


def check_date(text: str) -> Problems:
    """Checks a day, YYYY-MM-DD."""
    # fromisoformat also reads 20240131 and 2024-W05-3.
    if len(text) != 10 or text[4] != "-" or text[7] != "-":
        return _DATE_INVALID
    try:
        date.fromisoformat(text)
    except ValueError:
        return _DATE_INVALID
    return ()


def are_dates(texts: Sequence[str]) -> bool:
    """Whether `check_date` finds nothing in any of the texts: each day is written as it reads back."""
    try:
        return list(map(date.isoformat, map(date.fromisoformat, texts))) == list(texts)
    except ValueError:
        return False
