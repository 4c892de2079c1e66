"""A node of one's own: killed, stopped in the middle, told to take back, out of room."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from node.client.errors import error_from_rpc
from node.client.node_client import is_serving
from node.config import Config
from node.errors import Reason
from node.stubs.intake.v1 import intake_pb2 as pb
from node.stubs.intake.v1 import intake_pb2_grpc
from tests.kit.nodes.processes import Running, batch, found, refused
from tests.kit.small_disk import small_disk
from tests.kit.waiting import eventually


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
    return all(is_serving(node.channel(service), 1) for service in ("intake", "control", "query"))


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
    assert "was already retracted" in again.stderr


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Config]:
    """A node whose data lies on a file system of 12 MiB."""
    config = found(tmp_path, "changsha")[0]
    log = config.node_db.read_bytes()
    with small_disk(config.data_dir, 12 * 2**20):
        config.node_db.write_bytes(log)
        yield config


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
        told = [each["event"] for each in node.events()]
    assert told.count("search_index_failed") <= 3, "told when it begins, not at every turn"
