"""A client that asks a node about operators as fast as it answers: so many questions in flight, or a whole roster."""

from __future__ import annotations  # gRPC's types are generic only to the type checker

import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import cycle
from statistics import quantiles
from typing import NamedTuple

import grpc

from node.config import Config
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.replica import Origin
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.bench.world import Process

IN_FLIGHT = 32
ROSTER_BATCH = 500
VERIFY = "/node.query.v1.QueryService/Verify"
_ROSTER = "/node.query.v1.QueryService/VerifyRoster"
_REASON = query.Reason(purpose="verification", legal_basis="政务数据共享条例 第二十条")


class Asked(NamedTuple):
    """Answers a second, the latency of each answer, milliseconds, and the server's processor time for one."""

    per_s: float
    latencies_ms: list[float]
    server_cpu_us: float = 0.0

    @property
    def p50_ms(self) -> float:
        """The median latency."""
        return self._percentile(50)

    @property
    def p99_ms(self) -> float:
        """The latency that one in a hundred exceeds."""
        return self._percentile(99)

    def __repr__(self) -> str:
        return f"{self.per_s:.0f}/s, p50 {self.p50_ms:.2f} ms, p99 {self.p99_ms:.2f} ms, {self.server_cpu_us:.0f} us"

    def _percentile(self, percent: int) -> float:
        return round(quantiles(self.latencies_ms, n=100, method="inclusive")[percent - 1], 3)


def questions(config: Config, city: str, count: int) -> list[query.Question]:
    """Questions about random records of a city that a node holds: 8 of 10 match, 1 name is wrong, 1 code is wrong."""
    reader = Reader(config.node_db)
    origin = reader.origin(city)
    chosen = random.Random(count).choices(range(origin.size), k=count)  # the same in each run
    made = [_question(body) for body in _bodies(reader, origin, chosen)]
    for asked in made[::10]:
        asked.name += "分公司"
    for asked in made[5::10]:
        asked.uscc = "91430100MA00TEXT01"
    return made


def _bodies(reader: Reader, origin: Origin, indices: Iterable[int]) -> Iterator[OperatorRegistration]:
    for index in indices:
        (record,) = reader.records(origin.number, index, index + 1)
        yield OperatorRegistration.FromString(b"".join(record.bodies()))


def _question(body: OperatorRegistration) -> query.Question:
    code = body.uscc or body.legacy_number
    return query.Question(uscc=code, name=body.name, address=body.registered_address.text)


def requests(asked: Sequence[query.Question]) -> list[bytes]:
    """A serialised VerifyRequest for each question."""
    return [query.VerifyRequest(reason=_REASON, question=each).SerializeToString() for each in asked]


def ask(channel: grpc.Channel, method: str, serialised: Sequence[bytes], count: int) -> Asked:
    """Asks `count` times, IN_FLIGHT at once."""
    return ask_while(channel, method, serialised, _Countdown(count).is_left)


def ask_server(server: Process, channel: grpc.Channel, method: str, serialised: Sequence[bytes], count: int) -> Asked:
    """As `ask`, with the processor time of the server."""
    before_s = server.cpu_s
    measured = ask(channel, method, serialised, count)
    return measured._replace(server_cpu_us=(server.cpu_s - before_s) / count * 1e6)


def ask_while(channel: grpc.Channel, method: str, serialised: Sequence[bytes], go_on: Callable[[], bool]) -> Asked:
    """Asks, IN_FLIGHT at once, as long as `go_on` says. Bytes both ways: this side is to cost as little as it can.

    Raises:
        grpc.RpcError: The first refusal.
    """
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(method)
    room = threading.Semaphore(IN_FLIGHT)
    latencies_ms: list[float] = []
    failed: list[grpc.Future[bytes]] = []

    def done(asked_at_s: float, future: grpc.Future[bytes]) -> None:
        latencies_ms.append((time.perf_counter() - asked_at_s) * 1000)
        if future.exception() is not None:
            failed.append(future)
        room.release()

    began = time.perf_counter()
    for request in cycle(serialised):
        if failed or not go_on():
            break
        room.acquire()
        call.future(request).add_done_callback(partial(done, time.perf_counter()))
    for _ in range(IN_FLIGHT):
        room.acquire()
    seconds = time.perf_counter() - began
    if failed:
        failed[0].result()
    return Asked(len(latencies_ms) / seconds, latencies_ms)


class _Countdown:
    """Says true so many times."""

    def __init__(self, count: int) -> None:
        self._left = count

    def is_left(self) -> bool:
        self._left -= 1
        return self._left >= 0


def ask_roster(channel: grpc.Channel, asked: Sequence[query.Question]) -> float:
    """Asks a whole roster in one stream; questions answered a second."""
    batches = [
        query.VerifyRosterRequest(seq=seq, reason=_REASON, questions=asked[begin : begin + ROSTER_BATCH])
        for seq, begin in enumerate(range(0, len(asked), ROSTER_BATCH))
    ]
    serialised = [batch.SerializeToString() for batch in batches]
    call: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(_ROSTER)
    began = time.perf_counter()
    answers = list(call(iter(serialised)))
    seconds = time.perf_counter() - began
    answered = sum(len(query.VerifyRosterResponse.FromString(answer).answers) for answer in answers)
    if answered != len(asked):
        raise RuntimeError(f"{answered} answers to {len(asked)} questions")
    return answered / seconds


def answer_to(channel: grpc.Channel, request: bytes) -> bytes:
    """The answer to one question."""
    call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(VERIFY)
    return call(request)


def results(channel: grpc.Channel, serialised: Sequence[bytes]) -> dict[str, int]:
    """How often each result is given: what is measured must be answers, not refusals."""
    given = [query.VerifyResponse.FromString(answer_to(channel, each)).answer.result for each in serialised]
    return {query.Result.Name(each).removeprefix("RESULT_").lower(): given.count(each) for each in sorted(set(given))}
