"""Moments as programs write them, and the day in China that they fall on.

A moment with a zone is a day of Asia/Shanghai, with the summer time of 1986 to 1991. One without a zone may be Beijing
time or UTC; where the two are different days and one of them is midnight, nobody can tell, and it is refused.
"""

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import NamedTuple
from zoneinfo import ZoneInfo

from node.messages import _
from node.tables.unfit import UnfitError

SHANGHAI = ZoneInfo("Asia/Shanghai")

_OFFSET = r"[+-]\d{1,2}(?::?\d{2})?"
_ZONE = rf"(?:(?:UTC|GMT|UT) ?)?{_OFFSET}(?: ?\([^()]*\))?|Z|UTC|GMT|UT|北京时间|[A-Z]{{2,5}}"
_CLOCK = re.compile(
    r"(?:(?:T| ?(?:星期|周)[一二三四五六日天] ?| |(?<=[日号]))"
    r"(?P<half>上午|下午|AM|PM)? ?(?P<hour>\d{1,2})(?::|时)(?:(?P<minute>\d{1,2})(?:分(?!\d)|:|分)?)?"
    r"(?:(?P<second>\d{2}|\d(?=秒))秒?(?:[.,]\d+)?)? ?(?P<half_after>AM|PM)?"
    rf"|(?P<compact>T\d{{6}}(?:[.,]\d+)?|(?<=^\d{{8}})\d{{6}}))"
    rf" ?(?P<zone>{_ZONE})?(?:\[[\w/+-]+\])?$",
    re.ASCII | re.IGNORECASE,
)
_WEEKDAY = re.compile(r" ?(?:星期|周)[一二三四五六日天]$")
_JSON = re.compile(rf"/?Date\((-?\d{{1,15}})(?:{_OFFSET})?\)/?", re.ASCII | re.IGNORECASE)
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_MONTH = rf"(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
_TIME = r"(?P<time>\d{1,2}:\d{2}(?::\d{2})?)"
# RFC 2822, JavaScript's toString, C's ctime and Java's toString, and days as the English write them.
_ENGLISH = tuple(
    re.compile(r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,? +)?" + form, re.ASCII | re.IGNORECASE)
    for form in (
        rf"(?P<day>\d{{1,2}})[ -]{_MONTH}[ -](?P<year>\d{{4}})(?P<rest>(?:,? .*)?)",
        rf"{_MONTH} +(?P<day>\d{{1,2}}),? +(?P<year>\d{{4}})(?P<rest>(?:,? .*)?)",
        rf"{_MONTH} +(?P<day>\d{{1,2}}) +{_TIME}(?: (?P<zone>[\w:+-]+))? (?P<year>\d{{4}})",
    )
)
_UTC_NAMES = frozenset(("Z", "UTC", "GMT", "UT"))
# RFC 2822, 3.3: of a time that is no local one.
_UNKNOWN_ZONE = re.compile(r"-00?(?::?00)?(?!\d|:)")
_EDGE = timedelta(minutes=1)
_MAX_OFFSET_MINUTES = 14 * 60


class Moment(NamedTuple):
    """The words of the day, and the time of day with its zone where there are any."""

    day: str
    clock: time | None = None
    zone: timezone | ZoneInfo | None = None


def in_iso_order(text: str) -> str:
    """A moment with an English name of its month as 2015-03-31 16:00:00 +0000; any other text as it stands."""
    for form in _ENGLISH:
        if match := form.fullmatch(text):
            parts = match.groupdict()
            month = _MONTHS.index(parts["month"][:3].lower()) + 1
            rest = parts.get("rest") or " ".join(filter(None, (parts.get("time"), parts.get("zone"))))
            return f"{parts['year']}-{month:02}-{int(parts['day']):02} {rest.lstrip(', ')}".rstrip()
    return text


def split_moment(text: str) -> Moment:
    """The day's words apart from the time and zone that may follow.

    Raises:
        UnfitError: `date_ambiguous` for a zone of several meanings, `date_invalid` for no time of a day.
    """
    match = _CLOCK.search(text)
    if match is None:
        return Moment(_WEEKDAY.sub("", text))
    if compact := match["compact"]:
        hour, minute, second = (int(part) for part in re.findall(r"\d\d", compact)[:3])
    else:
        hour, minute, second = (int(match[part] or 0) for part in ("hour", "minute", "second"))
        hour = _of_half(hour, (match["half"] or match["half_after"] or "").upper())
    try:
        clock = time(hour, minute, second)
    except ValueError:
        raise UnfitError("date_invalid", _("a day has no such time")) from None
    return Moment(text[: match.start()], clock, _zone(match["zone"]))


def day_of(on: date, clock: time, zone: timezone | ZoneInfo | None) -> date:
    """The day in China of a moment.

    Raises:
        UnfitError: `date_ambiguous`, it has no zone and is midnight in one of two; `date_invalid` beyond the calendar.
    """
    try:
        if zone is not None:
            return datetime.combine(on, clock, zone).astimezone(SHANGHAI).date()
        if _is_near_midnight(datetime.combine(on, clock)) and clock >= time(12):
            raise UnfitError("date_ambiguous", _("a minute before midnight: it may mean this day or the next"))
        if clock >= time(12) and _is_near_midnight(datetime.combine(on, clock, UTC).astimezone(SHANGHAI)):
            raise UnfitError(
                "date_ambiguous", _("no time zone: it may mean this day, or midnight of the next in Beijing")
            )
    except OverflowError:
        raise UnfitError("date_invalid", _("the calendar has no such day")) from None
    return on


def day_of_unix(seconds: float) -> str:
    """YYYY-MM-DD in China of Unix seconds.

    Raises:
        UnfitError: `date_invalid`, beyond the calendar.
    """
    try:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(SHANGHAI).date().isoformat()
    except OverflowError:
        raise UnfitError("date_invalid", _("the calendar has no such day")) from None


def json_date(text: str) -> str | None:
    """The day of `/Date(1427817600000)/`, which counts milliseconds of UTC; None for another text."""
    match = _JSON.fullmatch(text)
    return day_of_unix(int(match[1]) / 1000) if match else None


def _is_near_midnight(moment: datetime) -> bool:
    """Within a minute of it: programs err by the 43 seconds that Shanghai's own time differed until 1901."""
    since = timedelta(hours=moment.hour, minutes=moment.minute, seconds=moment.second)
    return since < _EDGE or since >= timedelta(days=1) - _EDGE


def _of_half(hour: int, half: str) -> int:
    if half in {"下午", "PM"} and hour < 12:
        return hour + 12
    return 0 if half in {"上午", "AM"} and hour == 12 else hour


def _zone(words: str | None) -> timezone | ZoneInfo | None:
    if words is None:
        return None
    name = words.upper()
    if name == "北京时间":
        return SHANGHAI
    if name in _UTC_NAMES:
        return UTC
    offset = re.search(r"([+-])(\d{1,2}):?(\d{2})?", name)
    if offset is None or _UNKNOWN_ZONE.match(name):
        raise UnfitError("date_ambiguous", _("this time zone has several meanings or none; write +08:00"))
    minutes = int(offset[2]) * 60 + int(offset[3] or 0)
    if minutes > _MAX_OFFSET_MINUTES:
        raise UnfitError("date_invalid", _("no time zone is that far from UTC"))
    return timezone(timedelta(minutes=minutes if offset[1] == "+" else -minutes))
