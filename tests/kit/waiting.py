"""Waiting for what happens elsewhere."""

import time
from collections.abc import Callable


def eventually(is_so: Callable[[], object], timeout_s: float = 30) -> None:
    """Waits until something is so.

    Raises:
        AssertionError: It is not within `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.1)
