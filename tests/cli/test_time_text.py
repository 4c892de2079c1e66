"""Times in tables: what a peer signed must not break the table it is shown in."""

import pytest

from node.cli.shared.dates import time_text

MAX_MS = 2**63 - 1


@pytest.mark.parametrize("at_ms", [MAX_MS, -MAX_MS, 2**62, -(10**15)])
def test_a_time_beyond_the_calendar_is_shown_as_it_stands(at_ms: int) -> None:
    """A header's time is its city's word: any 64-bit number."""
    assert time_text(at_ms) == f"{at_ms} ms"


def test_a_time_is_shown_to_the_second() -> None:
    assert time_text(1_700_000_000_000) == "2023-11-15 06:13:20"
    assert time_text(0) == ""
