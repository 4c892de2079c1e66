"""How often one principal may call, and how many threads its calls may hold: one cannot starve the others."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from node.config import Limits, Rate
from node.core.members.clients import Kind
from node.errors import NodeError, Reason
from node.messages import _
from node.rpc.principal import Principal


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
    """The buckets of a process, and the threads that each principal holds."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._rates = {
            Kind.PEER: limits.peer,
            Kind.OFFICER: limits.officer,
            Kind.ADAPTER: limits.adapter,
            Kind.PLATFORM: limits.platform,
        }
        self._clock = clock
        # Of principals, and of certificates whose calls were refused. Only who has shaken hands with a pinned
        # certificate gets here, so this does not grow at a stranger's will.
        self._buckets: dict[Principal | bytes, Bucket] = {}
        self._calls: Counter[Principal] = Counter()
        self._streams: Counter[Principal] = Counter()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, principal: Principal, is_stream: bool) -> Iterator[None]:
        """Holds one thread for a principal: neither silence nor a flood of it takes them all.

        Raises:
            NodeError: RATE_LIMITED, it holds `limits.open_calls`, or `limits.open_streams` with streams.
        """
        with self._lock:
            if is_stream and self._streams[principal] >= self._limits.open_streams:
                raise NodeError(
                    Reason.RATE_LIMITED,
                    _("more than {most} streams at once", most=self._limits.open_streams),
                )
            if self._calls[principal] >= self._limits.open_calls:
                raise too_many_calls(self._limits)
            self._calls[principal] += 1
            self._streams[principal] += is_stream
        try:
            yield
        finally:
            with self._lock:
                self._calls[principal] -= 1
                self._streams[principal] -= is_stream

    def admit(self, principal: Principal) -> None:
        """Counts a call.

        Raises:
            NodeError: RATE_LIMITED.
        """
        self._take(principal, self._rates[principal.kind])

    def refuse(self, certificate: bytes) -> None:
        """Counts a call that is refused, by the certificate it came with: it need not be anybody's any more.

        Raises:
            NodeError: RATE_LIMITED.
        """
        self._take(certificate, self._limits.refused)

    def _take(self, whose: Principal | bytes, rate: Rate) -> None:
        now_s = self._clock()
        bucket = self._buckets.get(whose)
        if bucket is None:
            bucket = self._buckets.setdefault(whose, Bucket(rate, now_s))
        if not bucket.take(now_s):
            text = _("more than {rate:g} calls a second; try again later", rate=rate.requests_per_s)
            raise NodeError(Reason.RATE_LIMITED, text)


def too_many_calls(limits: Limits) -> NodeError:
    """What a principal hears that has as many calls under way as it may."""
    return NodeError(
        Reason.RATE_LIMITED,
        _("more than {most} calls at once; try again when one has ended", most=limits.open_calls),
    )
