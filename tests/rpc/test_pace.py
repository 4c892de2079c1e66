"""Who is too slow is told so, however he is slow."""

import time
from collections.abc import Iterator

import grpc
import pytest

from node.errors import NodeError, Reason
from node.rpc.pace import MIN_BYTES_PER_S, paced


def slowly(*pauses_s: float, data: bytes = b"x") -> Iterator[bytes]:
    for pause_s in pauses_s:
        time.sleep(pause_s)
        yield data


def reason(messages: Iterator[bytes], patience_s: float) -> Reason:
    with pytest.raises(NodeError) as caught:
        list(paced(messages, len, patience_s))
    return caught.value.reason


def test_silence_and_drip_are_too_slow() -> None:
    assert reason(slowly(0.01, 5), 0.2) is Reason.TOO_SLOW
    began = time.monotonic()
    assert reason(slowly(*[0.05] * 100), 0.3) is Reason.TOO_SLOW
    assert time.monotonic() - began < 4  # all of it takes five


def test_who_keeps_the_pace_may_take_long() -> None:
    enough = bytes(MIN_BYTES_PER_S)
    assert len(list(paced(slowly(*[0.05] * 30, data=enough), len, 1))) == 30


def test_time_of_this_side_does_not_count() -> None:
    taken = 0
    for _ in paced(slowly(*[0] * 12), len, 1):
        time.sleep(0.1)
        taken += 1
    assert taken == 12


def test_a_credit_cannot_be_saved_up() -> None:
    assert reason(slowly(0, 0, 2, data=bytes(100 * MIN_BYTES_PER_S)), 0.2) is Reason.TOO_SLOW


def test_a_broken_stream_is_cancelled() -> None:
    def breaking() -> Iterator[bytes]:
        yield b"x"
        raise grpc.RpcError

    assert reason(breaking(), 1) is Reason.CANCELLED


def test_an_error_comes_through() -> None:
    def failing() -> Iterator[bytes]:
        yield b"x"
        raise NodeError(Reason.STALE, "x")

    assert reason(failing(), 1) is Reason.STALE
