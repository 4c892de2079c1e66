"""Waiting for what happens elsewhere."""

import time
from collections.abc import Callable


def eventually(
    is_so: Callable[[], object], what: str = "it is so", *, timeout_s: float = 30, every_s: float = 0.1
) -> None:
    """Waits until something is so, looking again and again.

    Args:
        is_so: Asked until what it gives is true.
        what: What is waited for, in words.
        timeout_s: How long at most.
        every_s: How long between two looks.

    Raises:
        AssertionError: It is not so in time; says what.
    """
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, f"not within {timeout_s:g} s: {what}"
        time.sleep(every_s)
