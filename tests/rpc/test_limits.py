"""The token bucket."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.bootstrap.listening import WORKERS
from node.config import Limits, Rate
from node.core.members.clients import Kind
from node.errors import NodeError, Reason
from node.rpc.counts import Counts
from node.rpc.limits import Bucket, Limiter
from node.rpc.principal import Principal


def _bucket(rate: Rate) -> Bucket:
    counts = Counts()
    return Bucket(rate, counts, counts.row(b"platform:jd"))


@given(
    st.floats(0.1, 100),
    st.integers(1, 50),
    st.lists(st.floats(0, 2), min_size=1, max_size=200),
)
def test_never_more_than_burst_and_rate_allow(rate: float, burst: int, pauses: list[float]) -> None:
    bucket, now_s, taken = _bucket(Rate(requests_per_s=rate, burst=burst)), 0.0, 0
    for pause in pauses:
        now_s += pause
        taken += bucket.take(now_s)
        assert taken <= burst + rate * now_s + 1e-6


def test_a_pause_fills_it_up_again() -> None:
    bucket = _bucket(Rate(requests_per_s=2, burst=3))
    assert [bucket.take(0) for _ in range(4)] == [True, True, True, False]
    assert [bucket.take(0.5), bucket.take(0.5)] == [True, False]
    assert [bucket.take(1000) for _ in range(4)] == [True, True, True, False]


@pytest.mark.parametrize(("is_stream", "most"), [(True, Limits().open_streams), (False, Limits().open_calls)])
def test_one_principal_cannot_take_every_thread(is_stream: bool, most: int) -> None:
    limiter, greedy, other = Limiter(Limits(), Counts()), Principal(Kind.PEER, "wuhan"), Principal(Kind.PEER, "hefei")
    with ExitStack() as held:
        for _ in range(most):
            held.enter_context(limiter.hold(greedy, is_stream))
        with pytest.raises(NodeError) as refused, limiter.hold(greedy, is_stream):
            pass
        assert refused.value.reason is Reason.RATE_LIMITED
        with limiter.hold(other, is_stream):
            pass
    with limiter.hold(greedy, is_stream):
        pass


def test_the_peers_of_six_cities_cannot_take_every_thread_together() -> None:
    assert 5 * Limits().open_calls < WORKERS
