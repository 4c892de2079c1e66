"""One real node as its operator meets it: health, reflection, limits, metrics, logs, stopping."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from node.client.errors import error_from_rpc
from node.errors import Reason
from node.stubs.control.v1 import control_pb2, control_pb2_grpc
from node.stubs.intake.v1 import intake_pb2 as pb
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.query.v1 import query_pb2_grpc
from tests.kit.nodes.processes import Running, batch, found, refused
from tests.kit.waiting import eventually

SERVICES = {
    "intake": "node.intake.v1.IntakeService",
    "control": "node.control.v1.ControlService",
    "query": "node.query.v1.QueryService",
}


PHONE, ID_NUMBER = "13912345678", "430102198001011234"


REASON = query.Reason(purpose="verification", legal_basis="b")


MAX_BYTES = 200_000


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    settings = {
        "limits": {"max_message_bytes": MAX_BYTES, "officer": {"requests_per_s": 40, "burst": 60}},
        "sync": {"interval_s": 1, "backoff_base_s": 0.2},
    }
    configs = found(tmp_path_factory.mktemp("ops"), "changsha", "wuhan", settings=settings)
    with Running(configs[0]) as running:
        yield running


@pytest.mark.parametrize("service", SERVICES)
def test_health_says_that_each_service_serves(node: Running, service: str) -> None:
    stub: Any = health_pb2_grpc.HealthStub(node.channel(service))
    for name in ("", SERVICES[service]):
        answer = stub.Check(health_pb2.HealthCheckRequest(service=name), timeout=20)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.parametrize("service", SERVICES)
def test_reflection_lists_the_services(node: Running, service: str) -> None:
    stub: Any = reflection_pb2_grpc.ServerReflectionStub(node.channel(service))
    request = reflection_pb2.ServerReflectionRequest(list_services="")
    [answer] = stub.ServerReflectionInfo(iter([request]), timeout=20)
    names = {each.name for each in answer.list_services_response.service}
    assert {SERVICES[service], "grpc.health.v1.Health"} <= names


def test_a_message_beyond_the_limit_is_refused_and_the_next_is_taken(node: Running) -> None:
    error = refused(lambda: list(node.submit(iter([batch(0, 1, name="名" * MAX_BYTES)]))))
    assert error.reason is Reason.TOO_LARGE
    assert [each.status for each in next(node.submit(iter([batch(0)]))).outcomes] == [pb.STATUS_ACCEPTED]


def test_one_principal_is_held_to_its_rate_and_recovers(node: Running) -> None:
    stub = control_pb2_grpc.ControlServiceStub(node.channel("control"))

    def burst() -> None:
        for _ in range(200):
            stub.Status(control_pb2.StatusRequest(), timeout=20)

    error = refused(burst)
    assert error.reason is Reason.RATE_LIMITED
    time.sleep(1)
    stub.Status(control_pb2.StatusRequest(), timeout=20)
    # The peers' and the query process's buckets are others: a verify goes through at once.
    eventually(lambda: "RESOURCE_EXHAUSTED" in node.metrics())


def test_every_documented_metric_is_there(node: Running) -> None:
    time.sleep(1)
    query_pb2_grpc.QueryServiceStub(node.channel("query")).Verify(
        query.VerifyRequest(reason=REASON, question=query.Question(uscc="91430100MA00TEXT01")), timeout=20
    )
    list(node.submit(iter([batch(500, 3)])))
    documented = set(re.findall(r"^\| `(gongzhi_\w+)` ", Path("docs/operations.md").read_text(), re.MULTILINE))
    assert len(documented) >= 15

    def missing() -> set[str]:
        seen = re.findall(r"^(gongzhi_\w+?)(?:_bucket|_sum|_count)?[ {]", node.metrics(), re.MULTILINE)
        return documented - set(seen)

    eventually(lambda: not missing())
    scraped = set(re.findall(r"^# TYPE (gongzhi_\w+) ", node.metrics(), re.MULTILINE))
    assert scraped == documented
    assert 'gongzhi_rpc_total{code="OK",method="/node.query.v1.QueryService/Verify"}' in node.metrics()
    assert 'gongzhi_sync_failures_total{city="wuhan",reason="unavailable"}' in node.metrics()


@pytest.mark.parametrize("file", ["dashboard.json", "alerts.yml"])
def test_every_metric_that_is_watched_is_there(node: Running, file: str) -> None:
    text = (Path("deploy/compose/monitoring") / file).read_text("utf-8")
    watched = set(re.findall(r"\bgongzhi_[a-z_]+", text))
    assert len(watched) >= 3

    def missing() -> set[str]:
        return watched - set(re.findall(r"^(gongzhi_\w+)[ {]", node.metrics(), re.MULTILINE))

    eventually(lambda: not missing())


def test_nothing_personal_in_logs_errors_or_metrics(node: Running) -> None:
    """Rows with a telephone and an ID number, good, bad and broken; then whatever was written or answered anywhere."""
    time.sleep(1)
    marked = {"phone": PHONE, "id_number": ID_NUMBER, "legal_representative": "标记王五"}
    said = [str(each.outcomes) for each in node.submit(iter([batch(1000, 5, **marked)]))]
    bad = batch(1000, 5, **(marked | {"status": 99, "established_on": f"x{PHONE}"}))
    for row in bad.rows[2:]:
        row.body = f"{PHONE}{ID_NUMBER}".encode() + b"\xff"
    said += [str(each.outcomes) for each in node.submit(iter([bad]))]
    assert "REJECTED" in said[-1]
    verifier = query_pb2_grpc.QueryServiceStub(node.channel("query"))
    for uscc in (ID_NUMBER, f"{PHONE}\0"):
        asked = query.VerifyRequest(reason=REASON, question=query.Question(uscc=uscc))
        try:
            verifier.Verify(asked, timeout=20)
        except grpc.RpcError as error:
            said.append(error_from_rpc(error).message)
    broken = pb.SubmitRequest(standard=f"{PHONE}", version=1, source="s", purpose="p", legal_basis="b")
    said.append(refused(lambda: list(node.submit(iter([broken])))).message)
    told = node.log.read_text() + node.metrics()
    assert ID_NUMBER not in told
    assert PHONE not in told
    assert "标记王五" not in told
    assert not any(ID_NUMBER in text or "标记王五" in text for text in said)


def test_the_log_is_json_lines_whatever_happens(node: Running) -> None:
    """A stranger's handshake makes gRPC's core complain on standard error."""
    host, _, port = node.config.listen.exchange.rpartition(":")
    for sent in ("GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01garbage"):
        subprocess.run(["bash", "-c", f"printf '%b' '{sent}' > /dev/tcp/{host}/{port}"], check=True, timeout=20)
    time.sleep(0.5)
    events = node.events()
    assert {"ready", "sync_failed"} <= {event["event"] for event in events}
    assert all(event["level"] in ("info", "warning", "error") for event in events)


def test_a_second_node_on_the_same_data_is_refused(node: Running) -> None:
    for role in ("node", "query"):
        command = [sys.executable, "-m", "node.cli.main", "run", "--node", str(node.folder), "--role", role]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert second.returncode == 2
        assert "already_running" in second.stderr
    list(node.submit(iter([batch(2000)])))
