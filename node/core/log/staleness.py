"""Whether what is known of another city's log is too old to answer from."""

CLOCK_SKEW_MS = 5 * 60_000


def is_stale(confirmed_at_ms: int, now_ms: int, stale_after_ms: int) -> bool:
    """Whether a city that vouched for its log at `confirmed_at_ms` has not been heard for too long.

    A time to come was written before the clock was put back: nobody can say how long ago, so it is stale.
    """
    return not -CLOCK_SKEW_MS <= now_ms - confirmed_at_ms <= stale_after_ms
