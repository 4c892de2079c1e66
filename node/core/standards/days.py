"""Days and moments that have happened, and those to come."""

from collections.abc import Sequence
from datetime import date

_DAY_MS = 86_400_000
_SHANGHAI_MS = 8 * 3_600_000


def is_later(value: str | int, today: date) -> bool:
    """Whether a day YYYY-MM-DD, or a moment in Unix milliseconds, is after a day; what is no day is another finding."""
    if isinstance(value, int):
        return value >= _end_ms(today)
    return len(value) == len("YYYY-MM-DD") and value > today.isoformat()


def none_later(values: Sequence[str] | Sequence[int], today: date) -> bool:
    """Whether certainly none of the values of a field is later; there is at least one."""
    last = max(values)
    return last < _end_ms(today) if isinstance(last, int) else last <= today.isoformat()


def _end_ms(today: date) -> int:
    """When the day ends in Shanghai."""
    return ((today - date(1970, 1, 1)).days + 1) * _DAY_MS - _SHANGHAI_MS
