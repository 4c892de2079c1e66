"""Old is stale, and so is what was confirmed in a time to come: the clock was put back since."""

import pytest

from node.core.log.staleness import CLOCK_SKEW_MS, is_stale


@pytest.mark.parametrize(
    ("ago_ms", "stale"),
    [(0, False), (100, False), (101, True), (-CLOCK_SKEW_MS, False), (-CLOCK_SKEW_MS - 1, True), (-(10**11), True)],
)
def test_what_is_too_old_or_of_no_known_age_is_stale(ago_ms: int, stale: bool) -> None:
    assert is_stale(10**12 - ago_ms, 10**12, 100) is stale
