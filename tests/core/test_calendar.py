"""The working calendar: the notices as they are, and what it refuses to know."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.core.law.calendar import (
    SHANGHAI,
    Year,
    add_months,
    legal_date,
    make_calendar,
    parse_year,
    vendored_calendar,
)
from node.errors import FileError, NodeError, Reason

CALENDAR = vendored_calendar()
DAYS = st.dates(CALENDAR.first, date(2026, 9, 30))

# What differs from Monday to Friday, month and day. From 国办发明电〔2023〕7号, 〔2024〕12号, 〔2025〕7号;
# the same list comes out of the package chinesecalendar 1.11.
WEEKDAYS_OFF = {
    2024: "0101 0212 0213 0214 0215 0216 0404 0405 0501 0502 0503 0610 0916 0917 1001 1002 1003 1004 1007",
    2025: "0101 0128 0129 0130 0131 0203 0204 0404 0501 0502 0505 0602 1001 1002 1003 1006 1007 1008",
    2026: "0101 0102 0216 0217 0218 0219 0220 0223 0406 0501 0504 0505 0619 0925 1001 1002 1005 1006 1007",
}
WEEKENDS_WORKED = {
    2024: "0204 0218 0407 0428 0511 0914 0929 1012",
    2025: "0126 0208 0427 0928 1011",
    2026: "0104 0214 0228 0509 0920 1010",
}


def text_of(year: int) -> str:
    return (resources.files("node.core.law") / "calendar_data" / f"{year}.yaml").read_text("utf-8")


def days_of(year: int) -> list[date]:
    return [date(year, 1, 1) + timedelta(days=n) for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)]


@pytest.mark.parametrize("year", [2024, 2025, 2026])
def test_every_day_is_as_the_notice_says(year: int) -> None:
    off = [f"{day:%m%d}" for day in days_of(year) if day.weekday() < 5 and not CALENDAR.is_working_day(day)]
    on = [f"{day:%m%d}" for day in days_of(year) if day.weekday() >= 5 and CALENDAR.is_working_day(day)]
    assert off == WEEKDAYS_OFF[year].split()
    assert on == WEEKENDS_WORKED[year].split()
    assert CALENDAR.working_days_of(year) == sum(CALENDAR.is_working_day(day) for day in days_of(year))


@pytest.mark.parametrize(
    ("day", "count", "due"),
    [
        (date(2026, 2, 12), 7, date(2026, 2, 28)),
        (date(2026, 2, 12), 15, date(2026, 3, 11)),
        (date(2026, 9, 18), 15, date(2026, 10, 15)),
        (date(2026, 4, 30), 10, date(2026, 5, 18)),
        (date(2025, 12, 31), 1, date(2026, 1, 4)),
        (date(2026, 2, 15), 1, date(2026, 2, 24)),
    ],
)
def test_worked_examples(day: date, count: int, due: date) -> None:
    assert CALENDAR.add_working_days(day, count) == due


def test_the_saturday_that_others_get_wrong_is_worked() -> None:
    assert CALENDAR.is_working_day(date(2026, 2, 14))
    assert CALENDAR.add_working_days(date(2026, 10, 3), 1) == date(2026, 10, 8)


@given(DAYS, st.integers(0, 50))
def test_adding_is_monotone_and_counting_undoes_it(day: date, count: int) -> None:
    due = CALENDAR.add_working_days(day, count)
    assert CALENDAR.count_working_days(day, due) == count
    assert CALENDAR.add_working_days(day, count + 1) > due
    assert CALENDAR.add_working_days(day + timedelta(days=1), count) >= due
    if count:
        assert CALENDAR.is_working_day(due)


@given(DAYS)
def test_the_first_working_day_after_a_day_passes_none_by(day: date) -> None:
    first = CALENDAR.add_working_days(day, 1)
    assert CALENDAR.is_working_day(first)
    assert not any(CALENDAR.is_working_day(day + timedelta(days=n)) for n in range(1, (first - day).days))


@pytest.mark.parametrize(
    "question",
    [
        lambda: CALENDAR.is_working_day(date(2027, 1, 1)),
        lambda: CALENDAR.is_working_day(date(2023, 12, 31)),
        lambda: CALENDAR.add_working_days(date(2026, 12, 31), 1),
        lambda: CALENDAR.add_working_days(date(2026, 12, 21), 9),
        lambda: CALENDAR.count_working_days(date(2026, 12, 1), date(2027, 1, 1)),
    ],
)
def test_past_the_horizon_there_is_no_answer(question: Callable[[], object]) -> None:
    with pytest.raises(NodeError, match=r"2026-12-31.*notice for 2027.*gongzhi deadline calendar") as refusal:
        question()
    assert refusal.value.reason is Reason.CALENDAR_HORIZON


def test_the_last_working_day_is_still_known() -> None:
    assert CALENDAR.add_working_days(date(2026, 12, 21), 8) == date(2026, 12, 31)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("works: [2026-01-04]", "works: [2026-01-05]", "only a Saturday or Sunday"),
        ("to: 2026-02-23, days: 9", "to: 2026-02-24, days: 9", "is 10 days, not 9"),
        ("to: 2026-02-23, days: 9", "to: 2026-02-24, days: 10", "make 14 days, not 13"),
        ("works: [2026-05-09]", "works: []", "make 14 days, not 13"),
        ("works: [2026-05-09]", "works: [2026-05-02]", "2026-05-02 is given twice"),
        ("works: [2026-05-09]", "works: [2027-05-09]", "2027-05-09 is not in 2026"),
        ("of: [中秋节]", "of: [国庆节]", "must be there once"),
        ("of: [中秋节]", "of: [圣诞节]", "of"),
        ("国办发明电〔2025〕7号", "a notice", "number"),
        ("version: 1", "version: 0", "version"),
        ("statutory_days: 13\n", "", "statutory_days"),
        ("days: 9", "days: 9, day: 1", "day"),
    ],
)
def test_a_wrong_file_is_refused(old: str, new: str, message: str) -> None:
    text = text_of(2026)
    assert old in text
    with pytest.raises(FileError, match=message) as refusal:
        parse_year(text.replace(old, new, 1), "2026.yaml")
    assert refusal.value.reason is Reason.INVALID_CALENDAR


def test_a_new_year_that_begins_in_december_is_allowed() -> None:
    text = text_of(2025).replace(
        "from: 2025-01-01, to: 2025-01-01, days: 1", "from: 2024-12-29, to: 2025-01-01, days: 4"
    )
    text = text.replace("days: 4}", "days: 4, works: [2024-12-28, 2024-12-22]}")
    calendar = make_calendar([parse_year(text_of(2024), "2024"), parse_year(text, "2025")])
    assert not calendar.is_working_day(date(2024, 12, 29))
    assert calendar.add_working_days(date(2024, 12, 28), 1) == date(2025, 1, 2)


def year(number: int, version: int = 1) -> Year:
    text = text_of(2026).replace("version: 1", f"version: {version}")
    return parse_year(text, "2026").model_copy(update={"year": number})


@pytest.mark.parametrize(
    ("years", "message"),
    [([], "at least one"), ([2024, 2026], "2025 is missing"), ([2025, 2026, 2025], "2025 is given twice")],
)
def test_years_have_no_gap_and_no_double(years: list[int], message: str) -> None:
    with pytest.raises(NodeError, match=message) as refusal:
        make_calendar([year(number) for number in years])
    assert refusal.value.reason is Reason.INVALID_CALENDAR


def test_a_year_can_be_added_or_replaced_by_a_newer_version() -> None:
    assert CALENDAR.with_year(year(2027)).horizon == date(2027, 12, 31)
    assert CALENDAR.with_year(year(2026, version=2)).version == "2024.1 2025.1 2026.2"
    for refused in (year(2026), year(2028)):
        with pytest.raises(NodeError):
            CALENDAR.with_year(refused)


def test_a_moment_is_its_date_in_shanghai() -> None:
    assert legal_date(datetime(2026, 2, 11, 16, 30, tzinfo=UTC)) == date(2026, 2, 12)
    assert legal_date(datetime(2026, 2, 11, 23, 59, tzinfo=SHANGHAI)) == date(2026, 2, 11)
    assert legal_date(date(2026, 2, 11)) == date(2026, 2, 11)
    with pytest.raises(NodeError, match="no time zone"):
        legal_date(datetime(2026, 2, 11, 23, 59))  # noqa: DTZ001 - that is the point


@given(st.dates(date(1990, 1, 1), date(2090, 1, 1)), st.integers(0, 120))
def test_months_keep_the_day_or_end_with_the_month(day: date, count: int) -> None:
    end = add_months(day, count)
    assert (end.year - day.year) * 12 + end.month - day.month == count
    assert end.day == day.day or (end.day < day.day and (end + timedelta(days=1)).day == 1)
