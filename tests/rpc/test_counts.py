"""What processes count together of a caller: by processes of their own, some killed in the middle."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from node.config import Limits, Rate
from node.core.members.clients import Kind
from node.errors import NodeError, Reason
from node.rpc.counts import Counted, Counts, Place, new_memory
from node.rpc.limits import FETCH_S, Bucket, Limiter
from node.rpc.principal import Principal

PROCESSES = 3
WHO = Principal(Kind.PLATFORM, "jd")

# Asks as often as it can for the seconds it is told, or until it is killed; says how often it was let in.
ASKS = """
import sys, time
from node.config import Rate
from node.rpc.counts import Counts, Place
from node.rpc.limits import Bucket
memory, number, of, rate, burst = (float(each) for each in sys.argv[1:])
counts = Counts(Place(int(number), int(of)), int(memory))
bucket = Bucket(Rate(requests_per_s=rate, burst=int(burst)), counts, counts.row(b"platform:jd"))
taken = 0
print("ready", flush=True)
until_s = time.monotonic() + float(input())
while (now_s := time.monotonic()) < until_s:
    taken += bucket.take(now_s)
print(taken)
"""


class Asking:
    """A process that asks."""

    def __init__(self, memory: int, number: int, rate: Rate) -> None:
        handed = (memory, number, PROCESSES, rate.requests_per_s, rate.burst)
        command = [sys.executable, "-c", ASKS, *map(str, handed)]
        self._process = subprocess.Popen(
            command, pass_fds=(memory,), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def ask_for(self, seconds: float) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == "ready\n"
        self._process.stdin.write(f"{seconds}\n")

    def taken(self) -> int:
        return int(self._process.communicate(timeout=60)[0])

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.communicate(timeout=10)


@pytest.fixture
def memory() -> Iterator[int]:
    descriptor = new_memory(PROCESSES)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize("rate", [Rate(requests_per_s=20, burst=30), Rate(requests_per_s=5000, burst=1000)])
def test_the_rate_of_one_caller_holds_over_all_processes(memory: int, rate: Rate) -> None:
    asking = [Asking(memory, number, rate) for number in range(1, PROCESSES + 1)]
    began_s = time.monotonic()
    for each in asking:
        each.ask_for(2)
    taken = sum(each.taken() for each in asking)
    lasted_s = time.monotonic() - began_s
    assert taken <= rate.burst + rate.requests_per_s * lasted_s + PROCESSES * max(1, rate.requests_per_s * FETCH_S)
    assert taken >= rate.burst + 0.9 * rate.requests_per_s * 2, "nor is it held to less"


def test_processes_that_are_killed_give_nobody_more_and_take_from_nobody(memory: int) -> None:
    rate = Rate(requests_per_s=1000, burst=200)
    staying, killed = Asking(memory, 1, rate), [Asking(memory, 2 + number % 2, rate) for number in range(4)]
    began_s = time.monotonic()
    for each in (staying, *killed):
        each.ask_for(3)
    for each in killed:
        time.sleep(0.2)
        each.kill()
    alone_s = began_s + 3 - time.monotonic()
    taken = staying.taken()
    lasted_s = time.monotonic() - began_s
    assert 0.9 * 1000 * alone_s <= taken <= 200 + 1000 * lasted_s + rate.requests_per_s * FETCH_S


def test_every_process_finds_the_same_row_and_sees_what_the_others_have(memory: int) -> None:
    first, second, third = (Counts(Place(number, PROCESSES), memory) for number in (1, 2, 3))
    row = first.row(WHO.key)
    assert row == second.row(WHO.key) == third.row(WHO.key)
    others = {first.row(f"officer:{number}".encode()) for number in range(500)}
    assert len(others) == 500
    assert row not in others
    first.put(row, Counted.CALLS, 2)
    second.put(row, Counted.CALLS, 3)
    second.put(row, Counted.STREAMS, 1)
    assert [each.total(row, Counted.CALLS) for each in (first, second, third)] == [5, 5, 5]
    assert (third.own(row, Counted.CALLS), third.total(row, Counted.STREAMS)) == (0, 1)
    first.forget(2)
    assert (third.total(row, Counted.CALLS), third.total(row, Counted.STREAMS)) == (2, 0)


def test_more_callers_than_rows_share_some(memory: int) -> None:
    counts = Counts(Place(1, PROCESSES), memory)
    assert all(0 <= counts.row(f"officer:{number}".encode()) < 4096 for number in range(5000))


@pytest.mark.parametrize(("is_stream", "most"), [(True, Limits().open_streams), (False, Limits().open_calls)])
def test_open_calls_hold_over_all_processes_and_end_with_theirs(memory: int, is_stream: bool, most: int) -> None:
    first, third = (Limiter(Limits(), Counts(Place(number, PROCESSES), memory)) for number in (1, 3))
    killed = Counts(Place(2, PROCESSES), memory)
    for what in (Counted.CALLS, Counted.STREAMS)[: 1 + is_stream]:
        killed.put(killed.row(WHO.key), what, 2)
    with ExitStack() as held:
        for number in range(most - 2):
            held.enter_context((first, third)[number % 2].hold(WHO, is_stream))
        for limiter in (first, third):
            with pytest.raises(NodeError) as refused, limiter.hold(WHO, is_stream):
                pass
            assert refused.value.reason is Reason.RATE_LIMITED
            with limiter.hold(Principal(Kind.PLATFORM, "taobao"), is_stream):
                pass
        killed.forget(2)
        with first.hold(WHO, is_stream), third.hold(WHO, is_stream):
            pass


def test_one_who_looked_at_the_clock_before_another_took_everything_gets_nothing(memory: int) -> None:
    rate = Rate(requests_per_s=1000, burst=10)
    late, early = (
        Bucket(rate, counts, counts.row(WHO.key))
        for counts in (Counts(Place(number, PROCESSES), memory) for number in (1, 2))
    )
    assert all(early.take(5) for _ in range(10))
    assert not late.take(4.99)


def test_a_bucket_is_what_it_was_after_a_restart(memory: int) -> None:
    def bucket() -> Bucket:
        counts = Counts(Place(2, PROCESSES), memory)
        return Bucket(Rate(requests_per_s=1, burst=3), counts, counts.row(WHO.key))

    assert [bucket().take(100) for _ in range(4)] == [True, True, True, False]
    assert [bucket().take(101), bucket().take(101)] == [True, False]
