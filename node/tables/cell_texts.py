"""What the values of a workbook's cells are as texts: dates, numbers, escapes. Nothing is rounded to look better."""

import re
from datetime import date, timedelta
from decimal import Decimal
from enum import Enum
from math import isfinite

# A spreadsheet's number has 15 true digits.
_TRUE_DIGITS = 15
_DAY_MS = 86_400_000
_LAST_DAY = (date(9999, 12, 31) - date(1899, 12, 30)).days
_LEAP_DAY_OF_1900 = 60
"""A day that never was: spreadsheets count 1900-02-29."""

NOT_COMPUTED = "#CALC!"
"""A formula whose value the file does not hold."""


class Shown(Enum):
    """As what a spreadsheet shows a number."""

    NUMBER = "number"
    DATE = "date"
    TIME = "time"


# Formats without a code of their own; 27-36 and 50-58 are the dates of a Chinese spreadsheet.
_DATES = frozenset([*range(14, 18), 22, *range(27, 32), 36, *range(50, 55), 57, 58])
_TIMES = frozenset([*range(18, 22), *range(32, 36), 45, 46, 47, 55, 56])
# Words in quotes, escaped characters, fillers, and colours, locales and conditions in brackets; not [h], a duration.
_NOT_SHOWN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)


def shown_as(number: int, code: str = "") -> Shown:
    """As what a number format shows.

    Args:
        number: Of the format (`numFmtId`).
        code: Such as yyyy"年"m"月"d"日"; "" where the file gives none.
    """
    if not code:
        return Shown.DATE if number in _DATES else Shown.TIME if number in _TIMES else Shown.NUMBER
    first = _NOT_SHOWN.sub("", code[:256]).split(";")[0].casefold()
    if "general" in first:
        return Shown.NUMBER
    if {"y", "d"} & set(first) or ("m" in first and not {"h", "s"} & set(first)):
        return Shown.DATE
    return Shown.TIME if {"h", "s"} & set(first) else Shown.NUMBER


def number_cell(value: float, shown: Shown, *, counts_from_1904: bool) -> str:
    """A number of a cell, as the day or time that a spreadsheet shows; one that is none of these stays a number."""
    text = time_text(value) if shown is Shown.TIME else None
    if text is None and shown is not Shown.NUMBER:
        text = date_text(value, counts_from_1904=counts_from_1904)
    return text or number_text(value)


def date_text(serial: float, *, counts_from_1904: bool) -> str | None:
    """YYYY-MM-DD, with HH:MM:SS where the time is not midnight; None for a number that is no day of a spreadsheet.

    To the millisecond: a time shortly before midnight stays one, since it may be the next day of another time zone.
    """
    if not isfinite(serial) or not 0 <= serial <= _LAST_DAY:
        return None
    days, ms = divmod(round(serial * _DAY_MS), _DAY_MS)
    if counts_from_1904:
        day = (date(1904, 1, 1) + timedelta(days)).isoformat() if days < _LAST_DAY - 1461 else None
    elif days == _LEAP_DAY_OF_1900:
        day = "1900-02-29"
    else:
        day = (date(1899, 12, 31 if days < _LEAP_DAY_OF_1900 else 30) + timedelta(days)).isoformat() if days else None
    return day and (f"{day} {_clock(ms)}" if ms else day)


def time_text(serial: float) -> str | None:
    """HH:MM:SS of a part of a day; None for what is none."""
    return _clock(round(serial * _DAY_MS) % _DAY_MS) if 0 <= serial < 1 else None


def _clock(ms: int) -> str:
    seconds, ms = divmod(ms, 1000)
    text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return f"{text}.{ms:03}" if ms else text


def number_text(value: float) -> str:
    """A number without a trailing ".0".

    A whole number with more digits than a spreadsheet keeps is written as such (9.14301E+17): it is no code any more.
    """
    if not isfinite(value) or abs(value) >= 10**_TRUE_DIGITS:
        return f"{value:.5E}"
    return str(int(value)) if value == int(value) else format(Decimal(f"{value:.{_TRUE_DIGITS}g}"), "f")


_ESCAPE = re.compile("_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    """The text whose characters that XML cannot hold are written _xHHHH_, and `_x005F_` for an underscore before such.

    Source: ECMA-376 part 1, 22.9.2.19 (ST_Xstring). Undone once.
    """
    if "_x" not in text:
        return text
    plain = _ESCAPE.sub(lambda match: chr(int(match[1], 16)), text)
    # Two escapes may be the halves of one character; a half alone stays, and is told as damaged text.
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
