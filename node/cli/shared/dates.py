"""Dates, moments and periods as an officer types them."""

from datetime import UTC, date, datetime
from typing import NamedTuple

import click

from node.core.law.calendar import ONE_DAY, SHANGHAI
from node.messages import _


class Period(NamedTuple):
    """Days that do not count, `first` and `last` included, and why."""

    first: date
    last: date
    cause: str | None

    @property
    def resumed(self) -> date:
        """The first day that counts again."""
        return self.last + ONE_DAY


def parse_day(text: str) -> date:
    """A date; or a moment, of Shanghai where it names no offset."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.BadParameter(
            _("{text} is not a date (2026-08-05) or a moment (2026-08-05T15:00)", text=text)
        ) from None
    if len(text) <= len("2026-08-05"):
        return moment.date()
    return moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)


def parse_period(text: str) -> Period:
    """FROM..TO or FROM..TO:CAUSE."""
    days, _sign, cause = text.partition(":")
    try:
        first, last = (date.fromisoformat(day) for day in days.split(".."))
    except ValueError:
        raise click.BadParameter(_("{text} is not a period such as 2026-03-02..2026-03-06", text=text)) from None
    if last < first:
        raise click.BadParameter(_("{text} ends before it begins", text=text))
    return Period(first, last, cause or None)


def time_text(at_ms: int) -> str:
    """A moment in Shanghai, where the cities are; empty where none is stated, the bare number beyond the calendar."""
    try:
        return f"{datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(SHANGHAI):%Y-%m-%d %H:%M:%S}" if at_ms else ""
    except (ValueError, OverflowError, OSError):  # a peer signs what it likes, and what it likes must be shown
        return f"{at_ms} ms"
