"""A node whose questions three processes answer at one address: limits over all, each killed and started alone."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest

from node.cli.client import client
from node.client.channel import identity_channel
from node.client.errors import error_from_rpc
from node.client.node_client import is_serving
from node.config import Config, Limits
from node.core.members.clients import Kind
from node.errors import NodeError, Reason
from node.folder.data_lock import is_place_held
from node.folder.identity import Identity, add_client
from node.storage.sqlite.schema import open_reader
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.query.v1.query_pb2_grpc import QueryServiceStub
from node.usecases.upkeep.bind_listeners import bind_listeners
from tests.kit.commands import invoke
from tests.kit.nodes.processes import FAST, Running, batch, found, refused
from tests.kit.nodes.spread import channels, query_processes
from tests.kit.waiting import eventually

PROCESSES = 3
RATE, BURST = 40, 20
SETTINGS = FAST | {
    "query_processes": PROCESSES,
    "limits": {"platform": {"requests_per_s": RATE, "burst": BURST}},
}
REASON = query.Reason(purpose="p", legal_basis="b")
ASK = query.VerifyRequest(reason=REASON, question=query.Question(uscc="914300007121944054"))


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    return found(tmp_path_factory.mktemp("node"), "changsha", settings=SETTINGS)[0]


@pytest.fixture(scope="module")
def node(config: Config) -> Iterator[Running]:
    with Running(config) as running:
        await_all(config)
        yield running


def await_all(config: Config) -> None:
    def are_up() -> bool:
        return all(is_place_held(config.data_dir, number) for number in range(1, PROCESSES + 1))

    eventually(are_up, "every query process answers", timeout_s=60)


def new_client(config: Config, name: str, kind: Kind = Kind.PLATFORM) -> Identity:
    identity = add_client(config, name, kind, config.keys.parent / name, datetime.now(UTC))
    time.sleep(1.1)  # the node looks at its clients file once a second
    return identity


def spread(node: Running, identity: Identity) -> list[QueryServiceStub]:
    """A stub for each process, in the order of their numbers."""
    opened = channels(node, lambda: identity_channel(identity, "query"))
    node.channels += opened.values()
    return [QueryServiceStub(opened[number]) for number in sorted(opened)]


def usage(config: Config, name: str) -> list[tuple[str, int]]:
    with closing(open_reader(config.usage_db)) as reader:
        return list(reader.execute("SELECT result, count(*) FROM usage WHERE name = ? GROUP BY 1", (name,)))


def test_the_rate_of_one_caller_holds_over_every_process_and_each_answer_is_recorded(node: Running) -> None:
    stubs = spread(node, new_client(node.config, "jd"))
    answers: list[Counter[str]] = [Counter() for _ in stubs]
    began_s = time.monotonic()
    until_s = began_s + 4

    def ask(stub: QueryServiceStub, ended: Counter[str]) -> None:
        while time.monotonic() < until_s:
            try:
                stub.Verify(ASK, timeout=10)
                ended["answered"] += 1
            except grpc.RpcError as error:
                ended[error_from_rpc(error).reason] += 1

    threads = [threading.Thread(target=ask, args=each) for each in zip(stubs, answers, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    lasted_s = time.monotonic() - began_s
    assert all(each.keys() == {"answered", Reason.RATE_LIMITED} for each in answers), "each process was asked too much"
    answered = sum(each["answered"] for each in answers)
    assert 0.9 * (BURST + RATE * 4) <= answered <= BURST + RATE * lasted_s + PROCESSES, (
        "one token ahead in each process"
    )
    eventually(lambda: usage(node.config, "jd") == [("not_found", answered)], "every answer is recorded")


def test_streams_of_one_caller_are_counted_over_every_process(node: Running) -> None:
    stubs, over = spread(node, new_client(node.config, "wuliu", Kind.ADAPTER)), threading.Event()

    def questions() -> Iterator[query.VerifyRosterRequest]:
        yield query.VerifyRosterRequest(seq=1, reason=REASON, questions=[ASK.question])
        over.wait(60)

    def roster(stub: QueryServiceStub) -> "Iterator[query.VerifyRosterResponse]":
        answers: Iterator[query.VerifyRosterResponse] = iter(stub.VerifyRoster(questions(), timeout=60))
        assert next(answers).seq == 1
        return answers

    most = Limits().open_streams
    held = [roster(stubs[number % PROCESSES]) for number in range(most)]
    for stub in stubs:
        assert refused(lambda: roster(stub)).reason is Reason.RATE_LIMITED  # noqa: B023
    over.set()
    assert [list(answers) for answers in held] == [[]] * most
    for stub in stubs:
        eventually(lambda: list(roster(stub)) == [], timeout_s=5)  # noqa: B023


def test_calls_that_wait_are_counted_over_all_processes(node: Running) -> None:
    identity, over = new_client(node.config, "yiyao", Kind.ADAPTER), threading.Event()
    opened = channels(node, lambda: identity_channel(identity, "query"))
    node.channels += opened.values()

    def silence() -> Iterator[query.VerifyRequest]:
        over.wait(60)
        yield from ()

    def wait_in(channel: grpc.Channel) -> "grpc.Future[query.VerifyResponse]":
        call = channel.stream_unary(
            "/node.query.v1.QueryService/Verify",
            query.VerifyRequest.SerializeToString,
            query.VerifyResponse.FromString,
        )
        return call.future(silence(), timeout=60)

    def is_refused() -> bool:
        try:
            QueryServiceStub(opened[3]).Verify(ASK, timeout=10)
        except grpc.RpcError as error:
            return error_from_rpc(error).reason is Reason.RATE_LIMITED
        return False

    waiting = [wait_in(opened[1 + number % 2]) for number in range(Limits().open_calls)]
    eventually(is_refused, "the third process sees the calls that wait in the others", timeout_s=10)
    over.set()
    assert all(call.exception(30) is not None for call in waiting)
    eventually(lambda: not is_refused(), timeout_s=10)


def test_a_removed_client_is_refused_by_every_process_at_once(node: Running) -> None:
    stubs = spread(node, new_client(node.config, "meituan"))
    assert all(stub.Verify(ASK, timeout=10) for stub in stubs)
    done = invoke(client, "remove", "meituan", "--node", str(node.folder))
    assert done.exit_code == 0, done.output
    time.sleep(1.1)
    assert [refused(lambda: stub.Verify(ASK, timeout=10)).reason for stub in stubs] == [  # noqa: B023
        Reason.UNAUTHENTICATED
    ] * PROCESSES


def test_a_second_node_is_refused_the_address_that_the_processes_share(node: Running, tmp_path: Path) -> None:
    other = found(tmp_path, "wuhan", settings=SETTINGS)[0]
    other.file.write_text(other.file.read_text().replace(other.listen.query, node.config.listen.query))
    command = [sys.executable, "-m", "node.cli.main", "run", "--node", str(other.file.parent)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"gongzhi: already_running: cannot listen on {node.config.listen.query}: ")
    assert "listen.query" in done.stderr


@pytest.mark.parametrize("number", [1, 3])
def test_one_that_is_killed_comes_back_while_the_others_answer(node: Running, number: int) -> None:
    list(node.submit(iter([batch(number, name=f"长沙第{number}食品有限公司")])))
    others = [each for each in range(1, PROCESSES + 1) if each != number]
    identity = new_client(node.config, f"kept-{number}", Kind.ADAPTER)
    stubs = spread(node, identity)
    before = query_processes(node)
    os.kill(before[number], signal.SIGKILL)
    eventually(lambda: not is_place_held(node.config.data_dir, number))
    assert {alert.reason for alert in node.status().alerts} >= {"query_process_down"}
    assert f'gongzhi_query_process_up{{process="{number}"}} 0.0' in node.metrics()
    for _ in range(20):
        for other in others:
            stubs[other - 1].Verify(ASK, timeout=10)
    for _ in range(5):
        with identity_channel(identity, "query") as channel:
            assert is_serving(channel, 10)
    await_all(node.config)
    after = query_processes(node)
    assert {each: after[each] for each in others} == {each: before[each] for each in others}
    assert after[number] != before[number]
    assert all(stub.Verify(ASK, timeout=10) for stub in spread(node, identity)), "it answers again"
    eventually(lambda: "gongzhi_usage_records_waiting 0.0" in node.metrics(), "what the dead one had is not counted")
    eventually(
        lambda: _finds(node, f"第{number}食品"), "the index is followed, by the first process, also after a kill"
    )


def _finds(node: Running, text: str) -> bool:
    request = query.SearchRequest(reason=REASON, text=text, limit=2)
    return len(QueryServiceStub(node.channel("query")).Search(request, timeout=10).records) == 1


def test_while_none_of_them_listens_nobody_else_gets_the_address(node: Running) -> None:
    for pid in query_processes(node).values():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: not any(is_place_held(node.config.data_dir, each) for each in range(1, PROCESSES + 1)))
    with pytest.raises(NodeError) as caught, bind_listeners(node.config.listen):
        pass
    assert caught.value.reason is Reason.ALREADY_RUNNING
    await_all(node.config)


def test_its_log_says_which_process_it_was_and_nothing_is_lost_at_its_end(node: Running) -> None:
    stubs = spread(node, new_client(node.config, "baidu", Kind.ADAPTER))
    for _ in range(100):
        for stub in stubs:
            stub.Verify(ASK, timeout=10)
    assert node.stop() == 0
    assert usage(node.config, "baidu") == [("not_found", 300)]
    events = node.events()
    assert {event.get("process") for event in events if event["event"] == "ready"} == {None, 1, 2, 3}
    died = [event for event in events if event["event"] == "process_died"]
    assert {(event["role"], event["process"]) for event in died} == {("query", 1), ("query", 2), ("query", 3)}
    assert {event["code"] for event in died} == {-signal.SIGKILL}
    assert len([event for event in events if event["event"] == "stopping"]) == PROCESSES + 1
