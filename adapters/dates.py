"""Days as exports write them: 1978-10-27, 1978年10月27日, 一九七八年十月二十七日, a moment, a spreadsheet's serial."""

import re
from datetime import date, timedelta
from unicodedata import normalize

from node.tables.unfit import UnfitError

_DATE = re.compile(
    r"(\d{4})(?:([-/.、。—–])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})[日号]?|(\d{2})(\d{2}))", re.ASCII
)
_ONES = "〇一二三四五六七八九"
_IN_WORDS = re.compile(
    rf"([{_ONES}]{{4}})年(十[一二]?|[一二三四五六七八九])月([二三]?十[{_ONES[1:]}]?|[{_ONES[1:]}])[日号]?"
)
_CLOCK = re.compile(
    r"[T ]?(?:星期|周)[一二三四五六日天] ?$"
    r"|[T ](?:上午|下午|AM |PM )? ?\d{1,2}:\d{2}(:\d{2}(\.\d+)?)? ?(?:AM|PM|Z|[+-]\d{2}:?\d{2})?$"
    r"|(?<=日) ?\d{1,2}时(\d{1,2}分(\d{1,2}秒)?)?$",
    re.ASCII | re.IGNORECASE,
)
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?", re.ASCII)
# Day 0 of a spreadsheet; right from 1900-03-01 on, the serials below five digits are refused anyway.
_SERIAL_EPOCH = date(1899, 12, 30)
# 20213 is a month of 2021 without its nought as well as a day of 1955: nobody can tell.
_LIKE_A_MONTH = range(19000, 21000)


def iso_date(cell: str) -> str:
    """YYYY-MM-DD of a day in digits or in words, of a moment, or of a spreadsheet's serial.

    Raises:
        UnfitError: `date_unreadable`, or `date_invalid` for a day that no calendar has.
    """
    plain = _CLOCK.sub("", " ".join(normalize("NFKC", cell).split())).replace(" ", "")
    if serial := _SERIAL.fullmatch(plain):
        return _of_serial(int(serial[1]))
    if words := _IN_WORDS.fullmatch(plain.replace("零", "〇").replace("○", "〇")):
        return _of_parts([int("".join(str(_ONES.index(each)) for each in words[1])), *map(_number, words.groups()[1:])])
    parts = _DATE.fullmatch(plain)
    if parts is None:
        raise UnfitError("date_unreadable", "not a date such as 1978-10-27, with year, month and day")
    return _of_parts([int(part) for part in parts.groups() if part and part.isdecimal()])


def _of_parts(parts: list[int]) -> str:
    try:
        return date(*parts).isoformat()
    except ValueError:
        raise UnfitError("date_invalid", "no such day in the calendar") from None


def _of_serial(days: int) -> str:
    if days in _LIKE_A_MONTH:
        raise UnfitError("date_unreadable", "a spreadsheet's number of days, or a year and a month: write the date out")
    return (_SERIAL_EPOCH + timedelta(days=days)).isoformat()


def _number(words: str) -> int:
    """1..39 of 一, 十, 十二, 三十, 三十一."""
    tens, ten, ones = words.rpartition("十")
    if not ten:
        return _ONES.index(words)
    return 10 * (_ONES.index(tens) if tens else 1) + (_ONES.index(ones) if ones else 0)
