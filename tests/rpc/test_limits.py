"""The token bucket."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.config import Limits, Rate
from node.core.clients import Kind
from node.errors import NodeError, Reason
from node.rpc.limits import MAX_STREAMS, Bucket, Limiter
from node.rpc.principal import Principal


@given(
    st.floats(0.1, 100),
    st.integers(1, 50),
    st.lists(st.floats(0, 2), min_size=1, max_size=200),
)
def test_never_more_than_burst_and_rate_allow(rate: float, burst: int, pauses: list[float]) -> None:
    bucket, now_s, taken = Bucket(Rate(requests_per_s=rate, burst=burst), 0.0), 0.0, 0
    for pause in pauses:
        now_s += pause
        taken += bucket.take(now_s)
        assert taken <= burst + rate * now_s + 1e-6


def test_a_pause_fills_it_up_again() -> None:
    bucket = Bucket(Rate(requests_per_s=2, burst=3), 0.0)
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.5), bucket.take(0.5)] == [True, False]
    assert [bucket.take(1000) for _ in range(4)] == [True, True, True, False]


def test_one_principal_cannot_take_every_thread_with_its_streams() -> None:
    limiter, greedy, other = Limiter(Limits()), Principal(Kind.PEER, "wuhan"), Principal(Kind.PEER, "hefei")
    with ExitStack() as streams:
        for _ in range(MAX_STREAMS):
            streams.enter_context(limiter.stream(greedy))
        with pytest.raises(NodeError) as refused, limiter.stream(greedy):
            pass
        assert refused.value.reason is Reason.RATE_LIMITED
        with limiter.stream(other):
            pass
    with limiter.stream(greedy):
        pass
