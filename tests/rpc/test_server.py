"""One real node as its operator meets it: health, reflection, limits, metrics, logs, stopping."""

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from node.config import Config
from node.control.v1 import control_pb2, control_pb2_grpc
from node.errors import NodeError, Reason
from node.intake.v1 import intake_pb2 as pb
from node.intake.v1 import intake_pb2_grpc
from node.query.v1 import query_pb2 as query
from node.query.v1 import query_pb2_grpc
from node.rpc.client import is_serving
from node.rpc.status import error_from_rpc
from tests.rpc.running import Running, batch, eventually, found

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


def refused(call: Callable[[], object]) -> NodeError:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return error_from_rpc(caught.value)


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
    assert len(watched) >= 5

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


def _pids(node: Running) -> list[int]:
    return sorted(node.children())


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Running]:
    with Running(found(tmp_path, "changsha")[0]) as running:
        yield running


def test_a_killed_role_is_started_again(own: Running) -> None:
    for place in (0, 1):
        before = _pids(own)
        os.kill(before[place], signal.SIGKILL)
        eventually(lambda: len(_pids(own)) == 2 and before[place] not in _pids(own))  # noqa: B023
        eventually(lambda: _answers(own))
    assert own.stop() == 0
    died = [event for event in own.events() if event["event"] == "process_died"]
    assert [event["code"] for event in died] == [-signal.SIGKILL] * 2


def _answers(node: Running) -> bool:
    return all(is_serving(node.channel(service), 1) for service in SERVICES)


def _is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_the_roles_end_when_their_supervisor_is_killed(own: Running) -> None:
    roles = _pids(own)
    assert len(roles) == 2
    assert own.stop(signal.SIGKILL) == -signal.SIGKILL
    eventually(lambda: not any(_is_alive(pid) for pid in roles))


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_stopping_in_the_middle_of_an_intake_loses_nothing_acknowledged(own: Running, sign: int) -> None:
    acknowledged: list[int] = []
    stopping = threading.Event()

    def batches() -> Iterator[pb.SubmitRequest]:
        for number in range(10_000):
            if stopping.is_set() and number > acknowledged[-1] // 20 + 100:
                return
            yield batch(number * 20, 20)

    def send() -> None:
        try:
            for answer in own.submit(batches()):
                assert all(each.status == pb.STATUS_ACCEPTED for each in answer.outcomes)
                acknowledged.append(answer.seq)
        except grpc.RpcError as error:
            ended.append(error_from_rpc(error).reason)

    ended: list[Reason] = []
    sender = threading.Thread(target=send)
    sender.start()
    eventually(lambda: len(acknowledged) > 10)
    began_s = time.monotonic()
    stopping.set()
    assert own.stop(sign) == 0
    assert time.monotonic() - began_s < 20
    sender.join(30)
    assert all(reason in (Reason.UNAVAILABLE, Reason.CANCELLED) for reason in ended)
    with Running(own.config) as again:
        assert again.status().tree_size >= 20 * len(acknowledged)
        [first, last] = again.submit(iter([batch(0, 20), batch(acknowledged[-1], 20)]))
        assert {each.status for each in (*first.outcomes, *last.outcomes)} == {pb.STATUS_DUPLICATE}
    audit = subprocess.run(
        [sys.executable, "-m", "node.cli.main", "audit", "--node", str(own.folder)], capture_output=True, check=False
    )
    assert audit.returncode == 0, audit.stdout


def test_a_retraction_by_command(own: Running) -> None:
    [answer] = own.submit(iter([batch(0)]))
    command = [
        sys.executable, "-m", "node.cli.main", "retract", answer.outcomes[0].id, "--purpose", "correction",
        "--legal-basis", "Decree 809 Art 26", "--yes", "--json", "--node", str(own.folder),
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (
        0, '{"record": "changsha-0", "retraction": "changsha-1", "tree_size": 2}\n'
    )  # fmt: skip
    again = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (again.returncode, again.stdout) == (2, "")
    assert "taken back already" in again.stderr


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Config]:
    """A node whose data lies on a file system of 12 MiB."""
    config = found(tmp_path, "changsha")[0]
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "gongzhi-test", str(config.data_dir)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a file system of its own needs the right to mount")
    try:
        yield config
    finally:
        subprocess.run(["umount", "--lazy", str(config.data_dir)], check=True)


def test_a_full_disk_is_told_and_outlived(small: Config) -> None:
    ballast = small.data_dir / "ballast"
    ballast.write_bytes(bytes(4 * 2**20))
    with Running(small) as node:
        roles = _pids(node)
        stub = intake_pb2_grpc.IntakeServiceStub(node.channel("intake"))
        answered: list[int] = []

        def fill() -> None:
            for _ in range(500):
                [answer] = stub.Submit(iter([batch(len(answered) * 100, 100, scope="围" * 300)]), timeout=60)
                answered.append(answer.seq)

        error = refused(fill)
        acknowledged = 100 * len(answered)
        assert error.reason is Reason.STORAGE_FULL
        assert node.status().tree_size == acknowledged
        with pytest.raises(OSError, match="No space left"):
            (small.data_dir / "rest").write_bytes(bytes(12 * 2**20))
        assert node.metrics()
        assert refused(fill).reason is error.reason
        acknowledged = 100 * len(answered)
        (small.data_dir / "rest").unlink()
        ballast.unlink()
        eventually(lambda: list(stub.Submit(iter([batch(10**6, 5)]), timeout=60)))
        assert node.status().tree_size == acknowledged + 5
        assert _pids(node) == roles
        assert node.stop() == 0
        assert node.events()
