"""Days as exports write them: 1978-10-27, 1978年10月27日, 一九七八年十月二十七日, a moment, a spreadsheet's serial."""

import re
from datetime import date, datetime, time, timedelta
from unicodedata import normalize

from adapters.moments import day_of, day_of_unix, in_iso_order, json_date, split_moment
from adapters.noted import Noted
from node.messages import _
from node.tables.unfit import UnfitError

_DATE = re.compile(
    r"(?:公元)?(\d{4})(?:([-/\\.、。—–])(\d{1,2})\2(\d{1,2})日?|年(\d{1,2})月(\d{1,2})[日号]?|(\d{2})(\d{2}))", re.ASCII
)
_ONES = "〇一二三四五六七八九"
_IN_WORDS = re.compile(
    rf"([{_ONES}]{{4}})年〇?(一?十[一二]?|[一二三四五六七八九])月〇?([一二三]?十[{_ONES[1:]}]?|[{_ONES[1:]}])[日号]?"
)
# 贰〇壹伍年肆月壹日, as on a cheque.
_FORMAL = str.maketrans("零○壹贰叁肆伍陆柒捌玖拾", "〇〇一二三四五六七八九十")
_SERIAL = re.compile(r"(\d{5})(\.\d+)?", re.ASCII)
# Day 0 of a spreadsheet; right from 1900-03-01 on, the serials below five digits are refused anyway.
_SERIAL_EPOCH = date(1899, 12, 30)
_DAY_SECONDS = 86_400
# 20213 is a month of 2021 without its nought as well as a day of 1955: nobody can tell.
_LIKE_A_MONTH = range(19000, 21000)
_SERIAL_NOTE = (
    "date_serial",
    _("a spreadsheet's day number, read as counted from 1900; counted from 1904 it is four years off"),
)
_COUNT = re.compile(r"-?\d{1,13}(?:\.0*)?", re.ASCII)
_TWO_DIGITS = _("the year has two digits or is of an era; write it in four digits, 2015-04-01")
_TOO_SHORT = _("not a date such as 1978-10-27, with year, month and day")
# What people write that is no day of one meaning, and why.
_REFUSED = (
    (
        re.compile(r"-?(?:\d{10}|\d{13})(?:\.\d*)?", re.ASCII),
        "date_ambiguous",
        _("a count of seconds or milliseconds; say which in the mapping: unix_seconds or unix_milliseconds"),
    ),
    (
        re.compile(
            r"(?:中华)?民国.*|(?:平成|昭和|令和|大正|明治|光绪|宣统).*|[01]?\d{2}年.*|1\d\d([-/.])\d{1,2}\1\d{1,2}"
        ),
        "date_unreadable",
        _TWO_DIGITS,
    ),
    (
        re.compile(r"\d{1,2}([-/.])(?:\d{1,2}|\d{1,2}月 ?)\1\d{4}", re.ASCII),
        "date_unreadable",
        _("day and month cannot be told apart; write the year first, 2015-04-01"),
    ),
    (
        re.compile(r"\d{1,2}([-/. ])(?:\d{1,2}|\d{1,2}月 ?|[A-Z]{3})\1\d{1,2}", re.ASCII | re.IGNORECASE),
        "date_unreadable",
        _TWO_DIGITS,
    ),
)


def iso_date(cell: str) -> str | Noted:
    """YYYY-MM-DD of a day in digits or in words, of a moment (its day in China), or of a spreadsheet's serial (noted).

    Raises:
        UnfitError: `date_unreadable`, `date_ambiguous`, or `date_invalid` for a day that no calendar has.
    """
    text = " ".join(normalize("NFKC", cell).split())
    if (day := json_date(text)) is not None:
        return day
    moment = split_moment(in_iso_order(text))
    on = _read_day(moment.day)
    if moment.clock is not None and isinstance(on, date):
        on = day_of(on, moment.clock, moment.zone)
    return on.isoformat() if isinstance(on, date) else on


def unix_seconds(cell: str) -> str:
    """The day in China of Unix seconds.

    Raises:
        UnfitError: `date_unreadable` or `date_invalid`.
    """
    return day_of_unix(_count(cell))


def unix_milliseconds(cell: str) -> str:
    """The day in China of Unix milliseconds.

    Raises:
        UnfitError: `date_unreadable` or `date_invalid`.
    """
    return day_of_unix(_count(cell) / 1000)


def _count(cell: str) -> float:
    plain = normalize("NFKC", cell).strip()
    if not _COUNT.fullmatch(plain):
        raise UnfitError("date_unreadable", _("not a count of seconds or milliseconds, as the mapping says"))
    return float(plain)


def _read_day(words: str) -> date | Noted:
    plain = words.replace(" ", "")
    if serial := _SERIAL.fullmatch(plain):
        return _of_serial(int(serial[1]), float(serial[2] or 0))
    if parts := _DATE.fullmatch(plain):
        return _of_parts([int(part) for part in parts.groups() if part and part.isdecimal()])
    if spoken := _IN_WORDS.fullmatch(plain.translate(_FORMAL)):
        year = int("".join(str(_ONES.index(each)) for each in spoken[1]))
        return _of_parts([year, *map(_number, spoken.groups()[1:])])
    for form, reason, message in _REFUSED:
        if form.fullmatch(plain):
            raise UnfitError(reason, message)
    raise UnfitError("date_unreadable", _TOO_SHORT)


def _of_parts(parts: list[int]) -> date:
    try:
        return date(*parts)
    except ValueError:
        raise UnfitError("date_invalid", _("the calendar has no such day")) from None


def _of_serial(days: int, part: float) -> Noted:
    """The day of a spreadsheet's number of days, of which the part of a day is a time without a zone."""
    if days in _LIKE_A_MONTH:
        raise UnfitError("date_unreadable", _("a spreadsheet's day number, or a year and a month; write the date out"))
    moment = datetime.combine(_SERIAL_EPOCH, time()) + timedelta(days=days, seconds=int(part * _DAY_SECONDS))
    return Noted(day_of(moment.date(), moment.time(), None).isoformat(), *_SERIAL_NOTE)


def _number(words: str) -> int:
    """1..39 of 一, 十, 十二, 三十, 三十一."""
    tens, ten, ones = words.rpartition("十")
    if not ten:
        return _ONES.index(words)
    return 10 * (_ONES.index(tens) if tens else 1) + (_ONES.index(ones) if ones else 0)
