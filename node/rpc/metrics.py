"""Calls and rows of this process, counted for /metrics. Labels are methods, status codes and outcomes, never who asked.

Where PROMETHEUS_MULTIPROC_DIR is unset the counts stay in the process, and nobody reads them.
"""

from collections import Counter as Tally
from collections.abc import Iterable

import grpc
from prometheus_client import Counter, Histogram

from node.stubs.intake.v1.intake_pb2 import Outcome, Status

_BUCKETS_S = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 60)
_CALLS = Counter("gongzhi_rpc", "Calls ended, by method and gRPC status code", ["method", "code"])
_SECONDS = Histogram(
    "gongzhi_rpc_seconds", "Seconds from a call's admission to its end, a stream's whole life", ["method"],
    buckets=_BUCKETS_S,
)  # fmt: skip
_ROWS = Counter("gongzhi_intake_rows", "Rows answered by the intake, by what became of them", ["status"])
_STATUS = {number: name.removeprefix("STATUS_").lower() for name, number in Status.items()}


class Meter:
    """Counts and times the calls of one method; a call costs under 3 us."""

    def __init__(self, method: str) -> None:
        self._method = method
        self._seconds = _SECONDS.labels(method)
        self._calls: dict[grpc.StatusCode, Counter] = {}

    def note(self, code: grpc.StatusCode | None, seconds: float) -> None:
        """Counts a call that has ended; without a code, well."""
        code = code or grpc.StatusCode.OK
        calls = self._calls.get(code)
        if calls is None:
            calls = self._calls[code] = _CALLS.labels(self._method, code.name)
        calls.inc()
        self._seconds.observe(seconds)


def count_rows(outcomes: Iterable[Outcome]) -> Tally[str]:
    """Counts the rows of an answered batch; returns the counts by what became of them."""
    counts = Tally(_STATUS[outcome.status] for outcome in outcomes)
    for status, rows in counts.items():
        _ROWS.labels(status).inc(rows)
    return counts
