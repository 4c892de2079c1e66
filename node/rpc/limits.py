"""How often one principal may call: a token bucket each, so that one cannot starve the others."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from node.config import Limits, Rate
from node.core.clients import Kind
from node.errors import NodeError, Reason
from node.rpc.principal import Principal

MAX_STREAMS = 4
"""Streams that one principal may have under way on all listeners of a process."""


class Bucket:
    """Holds at most `burst` tokens and gains `requests_per_s`; a call takes one."""

    def __init__(self, rate: Rate, now_s: float) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._filled_at_s = now_s
        self._lock = threading.Lock()

    def take(self, now_s: float) -> bool:
        """Whether there was a token at `now_s` (monotonic seconds)."""
        with self._lock:
            gained = (now_s - self._filled_at_s) * self._rate.requests_per_s
            self._tokens = min(self._tokens + gained, self._rate.burst)
            self._filled_at_s = now_s
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True


class Limiter:
    """The buckets of a node."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = {
            Kind.PEER: limits.peer,
            Kind.OFFICER: limits.officer,
            Kind.ADAPTER: limits.adapter,
            Kind.PLATFORM: limits.platform,
        }
        self._clock = clock
        # Only pinned principals get here, so this does not grow at a stranger's will.
        self._buckets: dict[Principal, Bucket] = {}
        self._streams: Counter[Principal] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def stream(self, principal: Principal) -> Iterator[None]:
        """Holds one of a principal's streams: one that reads slowly, or never, can't take every thread.

        Raises:
            NodeError: RATE_LIMITED, it has `MAX_STREAMS` under way.
        """
        with self._lock:
            if self._streams[principal] >= MAX_STREAMS:
                raise NodeError(Reason.RATE_LIMITED, f"more than {MAX_STREAMS} streams at once")
            self._streams[principal] += 1
        try:
            yield
        finally:
            with self._lock:
                self._streams[principal] -= 1

    def admit(self, principal: Principal) -> None:
        """Counts a call.

        Raises:
            NodeError: RATE_LIMITED.
        """
        now_s = self._clock()
        bucket = self._buckets.get(principal)
        if bucket is None:
            bucket = self._buckets.setdefault(principal, Bucket(self._rates[principal.kind], now_s))
        if not bucket.take(now_s):
            rate = self._rates[principal.kind].requests_per_s
            raise NodeError(Reason.RATE_LIMITED, f"more than {rate:g} calls a second; try again later")
