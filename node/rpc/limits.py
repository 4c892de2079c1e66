"""How often one principal may call, and how many threads its calls may hold: one cannot starve the others."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from node.config import Limits, Rate
from node.core.members.clients import Kind
from node.errors import NodeError, Reason
from node.messages import _
from node.rpc.counts import Counted, Counts
from node.rpc.principal import Principal

# A process fetches what a caller may ask in this time at once, so that few calls wait for the lock of all processes.
# So much may be asked beyond the rate, of each process: what was fetched earlier is asked later.
FETCH_S = 0.01


class Bucket:
    """Holds at most `burst` tokens and gains `requests_per_s`; a call takes one, whichever process it comes to."""

    def __init__(self, rate: Rate, counts: Counts, row: int) -> None:
        self._rate = rate
        self._counts = counts
        self._row = row
        self._at_once = max(1, int(rate.requests_per_s * FETCH_S))
        self._fetched = 0
        self._empty_until_s = 0.0
        self._lock = threading.Lock()

    def take(self, now_s: float) -> bool:
        """Whether there was a token at `now_s` (monotonic seconds)."""
        with self._lock:
            if not self._fetched and now_s >= self._empty_until_s:
                self._fetched = self._fetch(now_s)
            if not self._fetched:
                return False
            self._fetched -= 1
            return True

    def _fetch(self, now_s: float) -> int:
        """Tokens from the bucket of all processes; where it has none, notes when it will have one."""
        rate, burst = self._rate.requests_per_s, self._rate.burst
        with self._counts.locked():
            full_at_s = max(self._counts.full_at_s(self._row), now_s)
            tokens = burst - (full_at_s - now_s) * rate
            # Below none where another process was here since `now_s`.
            fetched = max(0, min(self._at_once, int(tokens)))
            self._counts.set_full_at_s(self._row, full_at_s + fetched / rate)
        if not fetched:
            self._empty_until_s = now_s + (1 - tokens) / rate
        return fetched


class Limiter:
    """The buckets of the callers, and the threads that each principal holds, in all processes that share `counts`."""

    def __init__(self, limits: Limits, counts: Counts, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._rates = {
            Kind.PEER: limits.peer,
            Kind.OFFICER: limits.officer,
            Kind.ADAPTER: limits.adapter,
            Kind.PLATFORM: limits.platform,
        }
        self._counts = counts
        self._clock = clock
        # Of principals, and of certificates whose calls were refused. Only who has shaken hands with a pinned
        # certificate gets here, so this does not grow at a stranger's will.
        self._buckets: dict[Principal | bytes, Bucket] = {}
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, principal: Principal, is_stream: bool) -> Iterator[None]:
        """Holds one thread for a principal: neither silence nor a flood of it takes them all.

        Raises:
            NodeError: RATE_LIMITED, it holds `limits.open_calls`, or `limits.open_streams` with streams.
        """
        row = self._counts.row(principal.key)
        # Counted first and looked at after: of two that come to two processes at once, none slips past the other.
        self._add(row, 1, is_stream)
        try:
            if is_stream and self._counts.total(row, Counted.STREAMS) > self._limits.open_streams:
                raise NodeError(
                    Reason.RATE_LIMITED,
                    _("more than {most} streams at once", most=self._limits.open_streams),
                )
            if self._counts.total(row, Counted.CALLS) > self._limits.open_calls:
                raise too_many_calls(self._limits)
            yield
        finally:
            self._add(row, -1, is_stream)

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

    def _add(self, row: int, number: int, is_stream: bool) -> None:
        with self._lock:
            self._counts.put(row, Counted.CALLS, self._counts.own(row, Counted.CALLS) + number)
            if is_stream:
                self._counts.put(row, Counted.STREAMS, self._counts.own(row, Counted.STREAMS) + number)

    def _take(self, whose: Principal | bytes, rate: Rate) -> None:
        bucket = self._buckets.get(whose)
        if bucket is None:
            row = self._counts.row(whose if isinstance(whose, bytes) else whose.key)
            bucket = self._buckets.setdefault(whose, Bucket(rate, self._counts, row))
        if not bucket.take(self._clock()):
            text = _("more than {rate:g} calls a second; try again later", rate=rate.requests_per_s)
            raise NodeError(Reason.RATE_LIMITED, text)


def too_many_calls(limits: Limits) -> NodeError:
    """What a principal hears that has as many calls under way as it may."""
    return NodeError(
        Reason.RATE_LIMITED,
        _("more than {most} calls at once; try again when one has ended", most=limits.open_calls),
    )
