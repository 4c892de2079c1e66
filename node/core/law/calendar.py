"""The Chinese working calendar as the State Council's yearly notices make it.

A working day is a weekday outside the notice's holidays, or a weekend the notice declares worked in exchange (调休).
One file a year lies in `calendar_data/`, named after its year, with the numbers of its notices; nothing is guessed: a
day past the last file has no answer, because next year's exchanged weekends are not known before its notice.
"""

import calendar as gregorian
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, timedelta, timezone
from functools import cache, cached_property
from importlib import resources
from itertools import pairwise
from typing import Annotated, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from node.core.document import parse_document, read_model
from node.errors import FileError, NodeError, Reason
from node.messages import Message, _

# Asia/Shanghai: without summer time since 1991, and a fixed offset needs no zone database on the machine.
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")
ONE_DAY = timedelta(days=1)
_DECEMBER = 12
_SATURDAY = 5

Festival = Literal["元旦", "春节", "清明节", "劳动节", "端午节", "中秋节", "国庆节"]


def legal_date(moment: date) -> date:
    """The date in Shanghai of a moment; a plain date is itself.

    Raises:
        NodeError: `INVALID_ARGUMENT`: a moment without a time zone could be two dates.
    """
    if not isinstance(moment, datetime):
        return moment
    if moment.tzinfo is None:
        raise NodeError(Reason.INVALID_ARGUMENT, _("{moment} has no time zone", moment=moment.isoformat()))
    return moment.astimezone(SHANGHAI).date()


def legal_day(now_ms: int) -> date:
    """The date in Shanghai of a moment in Unix milliseconds."""
    return datetime.fromtimestamp(now_ms / 1000, SHANGHAI).date()


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Notice(_Entry):
    """A notice of the State Council's General Office: `number` is its 国办发明电 number."""

    number: Annotated[str, Field(pattern=r"^国办发明电〔\d{4}〕\d+号$")]
    title: str
    issued: date


class Holiday(_Entry):
    """Days off in a row, first and last included, and the weekends worked in exchange.

    `days` repeats the length the notice gives: a mistyped date is found by it.
    """

    of: Annotated[list[Festival], Field(min_length=1)]
    from_: date = Field(alias="from")
    to: date
    days: int
    works: list[date] = []

    @property
    def days_off(self) -> list[date]:
        """Every day off, weekends included."""
        return list(_days(self.from_, self.to))

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if len(self.days_off) != self.days:
            raise ValueError(f"{self.from_} to {self.to} is {len(self.days_off)} days, not {self.days}")
        if weekdays := [day for day in self.works if not _is_weekend(day)]:
            raise ValueError(f"{weekdays[0]} is worked anyway: only a Saturday or Sunday can be worked in exchange")
        return self


class Year(_Entry):
    """One year of the calendar, as its notices say. A corrected file, or an amended notice, has a higher `version`."""

    year: int
    version: Annotated[int, Field(ge=1)]
    statutory_days: int
    notices: Annotated[list[Notice], Field(min_length=1)]
    holidays: list[Holiday]

    @property
    def days_off(self) -> list[date]:
        """Every day of every holiday."""
        return [day for holiday in self.holidays for day in holiday.days_off]

    @property
    def works(self) -> list[date]:
        """Every weekend worked in exchange."""
        return [day for holiday in self.holidays for day in holiday.works]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        festivals = sorted(name for holiday in self.holidays for name in holiday.of)
        if festivals != sorted(get_args(Festival)):
            raise ValueError(f"each of {'、'.join(get_args(Festival))} must be there once")
        days = [*self.days_off, *self.works]
        if twice := _first_twice(days):
            raise ValueError(f"{twice} is given twice")
        if outside := [day for day in days if not self._may_hold(day)]:
            raise ValueError(f"{outside[0]} is not in {self.year}")
        # Exchange moves days and makes none: what is off beyond the worked weekends is what the law gives.
        given = sum(not _is_weekend(day) for day in self.days_off) - len(self.works)
        if given != self.statutory_days:
            raise ValueError(f"weekdays off less weekends worked make {given} days, not {self.statutory_days}")
        return self

    def _may_hold(self, day: date) -> bool:
        # New Year's holiday may begin in the December before (2022-12-31 is in the notice of 2023).
        return day.year == self.year or (day.year, day.month) == (self.year - 1, _DECEMBER)


@dataclass(frozen=True)
class Calendar:
    """Years without a gap, in order."""

    years: tuple[Year, ...]

    @property
    def first(self) -> date:
        """The first day known."""
        return date(self.years[0].year, 1, 1)

    @property
    def horizon(self) -> date:
        """The last day known."""
        return date(self.years[-1].year, 12, 31)

    @property
    def version(self) -> str:
        """Names the data an answer was computed from: the years, each with the version of its file."""
        return " ".join(f"{year.year}.{year.version}" for year in self.years)

    def is_working_day(self, day: date) -> bool:
        """Whether offices work on `day`.

        Raises:
            NodeError: `CALENDAR_HORIZON`, as every question about a day that is not known.
        """
        self._require(day)
        index = bisect_left(self._working, day)
        return index < len(self._working) and self._working[index] == day

    def add_working_days(self, day: date, count: int) -> date:
        """The `count`-th working day after `day`; `day` itself does not count and need not be worked."""
        self._require(day)
        return self._at(bisect_right(self._working, day) + count - 1) if count else day

    def count_working_days(self, after: date, until: date) -> int:
        """Working days in (after, until]; none if `until` is not after `after`."""
        self._require(after)
        self._require(until)
        return max(0, bisect_right(self._working, until) - bisect_right(self._working, after))

    def working_days_of(self, year: int) -> int:
        """How many days of the year are worked."""
        return sum(day.year == year for day in self._working)

    def with_year(self, year: Year) -> "Calendar":
        """This calendar with one more year, or with a higher version of one it has.

        Raises:
            NodeError: `INVALID_CALENDAR`: it leaves a gap, or is not newer than the one that is there.
        """
        kept = [other for other in self.years if other.year != year.year or other.version >= year.version]
        return make_calendar([*kept, year])

    @cached_property
    def _working(self) -> Sequence[date]:
        off = {day for year in self.years for day in year.days_off}
        works = {day for year in self.years for day in year.works}
        return [day for day in _days(self.first, self.horizon) if day in works or not (day in off or _is_weekend(day))]

    def _at(self, index: int) -> date:
        if index >= len(self._working):
            raise self._unknown(_("the day sought lies after {horizon}", horizon=self.horizon))
        return self._working[index]

    def _require(self, day: date) -> None:
        if not self.first <= day <= self.horizon:
            raise self._unknown(_("{day} is not among them", day=day))

    def _unknown(self, what: Message) -> NodeError:
        return NodeError(
            Reason.CALENDAR_HORIZON,
            _(
                "the working calendar covers {first} to {horizon}: {what}. Add the State Council's "
                "notice for {year} as a file under `calendars` in node.yaml: `gongzhi deadline "
                "calendar --help`",
                first=self.first,
                horizon=self.horizon,
                what=what,
                year=self.horizon.year + 1,
            ),
        )


def make_calendar(years: Iterable[Year]) -> Calendar:
    """Puts years together.

    Raises:
        NodeError: `INVALID_CALENDAR`: none, a gap, or a year given twice.
    """
    ordered = sorted(years, key=lambda year: year.year)
    if not ordered:
        raise NodeError(Reason.INVALID_CALENDAR, _("a calendar needs at least one year"))
    for before, after in pairwise(ordered):
        if after.year == before.year:
            raise NodeError(Reason.INVALID_CALENDAR, _("{year} is given twice", year=after.year))
        if after.year != before.year + 1:
            raise NodeError(
                Reason.INVALID_CALENDAR,
                _("{missing} is missing before {year}", missing=before.year + 1, year=after.year),
            )
    return Calendar(tuple(ordered))


def parse_year(text: str, path: str) -> Year:
    """Reads a year's file.

    Raises:
        FileError: `INVALID_CALENDAR`, with the line.
    """
    return read_model(parse_document(text, path, Reason.INVALID_CALENDAR), Year, Reason.INVALID_CALENDAR)


@cache
def vendored_calendar() -> Calendar:
    """The years that come with the program."""
    folder = resources.files("node.core.law") / "calendar_data"
    return make_calendar(_vendored_year(file.name, file.read_text("utf-8")) for file in folder.iterdir())


def _vendored_year(name: str, text: str) -> Year:
    year = parse_year(text, name)
    if name != f"{year.year}.yaml":
        raise FileError(Reason.INVALID_CALENDAR, name, _("this file is for {year}", year=year.year))
    return year


def add_months(day: date, count: int) -> date:
    """The same day `count` months on, the last day of that month where it is shorter; at most the last day there is."""
    year, month = divmod(day.year * 12 + day.month - 1 + count, 12)
    if year > MAXYEAR:
        return date.max
    return date(year, month + 1, min(day.day, gregorian.monthrange(year, month + 1)[1]))


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=count) for count in range((last - first).days + 1))


def _is_weekend(day: date) -> bool:
    return day.weekday() >= _SATURDAY


def _first_twice(days: list[date]) -> date | None:
    return next((day for day in sorted(days) if days.count(day) > 1), None)
