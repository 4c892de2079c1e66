"""Moments with a zone are days in China; what can be two days is refused."""

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.dates import iso_date, unix_milliseconds, unix_seconds
from node.tables.unfit import UnfitError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2015-03-31T16:00:00.000Z", "2015-04-01"),
        ("2015-03-31T16:00:00.000+0000", "2015-04-01"),
        ("1988-05-31T15:00:00.000Z", "1988-06-01"),  # summer time
        ("1988-12-31T15:00:00.000Z", "1988-12-31"),
        ("2015-04-01T00:00:00+08:00", "2015-04-01"),
        ("2015-04-01T00:00:00+08", "2015-04-01"),
        ("2015-04-01T00:00+08:00[Asia/Shanghai]", "2015-04-01"),
        ("2015-03-31 16:00:00 UTC", "2015-04-01"),
        ("2015-03-31 16:00:00 GMT", "2015-04-01"),
        ("2015-04-01 00:00:00 北京时间", "2015-04-01"),
        ("2015-03-31T12:00:00-05:00", "2015-04-01"),
        ("20150331T160000Z", "2015-04-01"),
        ("20150401000000", "2015-04-01"),
        ("Tue, 31 Mar 2015 16:00:00 GMT", "2015-04-01"),
        ("31 Mar 2015 16:00:00 +0000", "2015-04-01"),
        ("Wed Apr 01 2015 00:00:00 GMT+0800 (中国标准时间)", "2015-04-01"),
        ("Tue Mar 31 16:00:00 UTC 2015", "2015-04-01"),
        ("Wed Apr  1 00:00:00 2015", "2015-04-01"),
        ("March 31, 2015, 04:00:00 PM UTC", "2015-04-01"),
        ("01-APR-2015", "2015-04-01"),
        ("/Date(1427817600000)/", "2015-04-01"),
        ("/Date(1427817600000+0800)/", "2015-04-01"),
        ("公元2015年4月1日", "2015-04-01"),
        ("2015-04-01 08:30:00", "2015-04-01"),
        ("2015-04-01 15:00:00", "2015-04-01"),
    ],
)
def test_a_moment_is_its_day_in_china(text: str, expected: str) -> None:
    assert iso_date(text) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2015-03-31 16:00:00", "date_ambiguous"),
        ("2015-03-31T16:00", "date_ambiguous"),
        ("42094.6666666667", "date_ambiguous"),
        ("42094.99950231481", "date_ambiguous"),
        ("42094.9999999", "date_ambiguous"),
        ("2015-03-31 下午 4:00", "date_ambiguous"),
        ("2015-03-31 04:00:00 PM", "date_ambiguous"),
        ("2015年3月31日16时", "date_ambiguous"),
        ("20150331160000", "date_ambiguous"),
        ("1988-05-31 15:00:00", "date_ambiguous"),
        ("2015-03-31 23:59:17", "date_ambiguous"),
        ("2015-03-31 23:59:59", "date_ambiguous"),
        ("2015-03-31 15:59:17", "date_ambiguous"),
        ("2015-03-31 16:00:00 CST", "date_ambiguous"),
        ("Wed Apr 01 00:00:00 CST 2015", "date_ambiguous"),
        ("Tue, 31 Mar 2015 16:00:00 -0000", "date_ambiguous"),
        ("1427817600", "date_ambiguous"),
        ("1427817600000", "date_ambiguous"),
        ("15-04-01", "date_unreadable"),
        ("15年4月1日", "date_unreadable"),
        ("01/04/2015", "date_unreadable"),
        ("31/12/2015", "date_unreadable"),
        ("01-APR-15", "date_unreadable"),
        ("1-4月 -15", "date_unreadable"),
        ("民国104年4月1日", "date_unreadable"),
        ("104/04/01", "date_unreadable"),
        ("平成27年4月1日", "date_unreadable"),
        ("2015-03-31T24:00:00", "date_invalid"),
        ("9999-12-31T20:00:00Z", "date_invalid"),
        ("2015-03-31T16:00:00+15:00", "date_invalid"),
    ],
)
def test_what_can_be_two_days_or_none_is_refused_in_words(text: str, reason: str) -> None:
    with pytest.raises(UnfitError) as refused:
        iso_date(text)
    assert refused.value.reason == reason


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    st.integers(-14 * 4, 14 * 4),
)
def test_any_moment_with_an_offset_falls_on_its_day_in_china(at: datetime, quarters: int) -> None:
    moment = at.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)))
    expected = moment.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()
    assert iso_date(moment.isoformat()) == expected


@given(st.dates(date(1902, 1, 1), date(2100, 1, 1)))
def test_midnight_in_china_written_as_utc_is_never_the_day_before(day: date) -> None:
    """With its zone it is read; without, it is refused: in every year, those of summer time too."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo("Asia/Shanghai"))
    if midnight.astimezone(UTC).astimezone(midnight.tzinfo) != midnight:
        return  # summer time began at this midnight
    text = midnight.astimezone(UTC).isoformat()
    assert iso_date(text) == day.isoformat()
    with pytest.raises(UnfitError):
        iso_date(text.removesuffix("+00:00"))


def test_a_count_of_seconds_is_read_where_the_mapping_says_what_it_counts() -> None:
    assert unix_seconds("1427817600") == unix_milliseconds("1427817600000") == "2015-04-01"
    assert unix_seconds("-1") == "1970-01-01"
    for text in ("2015-04-01", "1427817600000000"):
        with pytest.raises(UnfitError):
            unix_seconds(text)
