"""Real nodes: founded in a folder, run by `gongzhi run`, spoken to over mTLS as their clients do."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import grpc
import pytest

from node.client.channel import identity_channel
from node.client.errors import error_from_rpc
from node.client.node_client import wait_until_serving
from node.config import Config
from node.demo.founding import found_federation
from node.errors import NodeError
from node.folder.identity import officer_identity
from node.stubs.control.v1 import control_pb2, control_pb2_grpc
from node.stubs.intake.v1 import intake_pb2 as pb
from node.stubs.intake.v1 import intake_pb2_grpc
from tests.kit.stores.city import operator

START_S = 60
FAST = MappingProxyType({"sync": {"interval_s": 1, "backoff_base_s": 0.2}})


def found(folder: Path, *cities: str, settings: Mapping[str, Any] = FAST, **policies: str) -> list[Config]:
    return found_federation(folder, datetime.now(UTC), cities, settings, policies)


class Running:
    """One node under `gongzhi run`; its log is kept in `log`."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.folder = config.keys.parent
        self.log = self.folder / "stderr.log"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "node.cli.main", "run", "--node", str(self.folder)], stderr=self.log.open("ab")
        )
        self.channels: list[grpc.Channel] = []
        try:
            wait_until_serving(config, START_S)
        except NodeError:
            self.stop()
            raise

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        for channel in self.channels:
            channel.close()
        self.stop()

    def stop(self, sign: int = signal.SIGTERM) -> int:
        """Ends the node; returns its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        return self.process.wait(40)

    def channel(self, service: str) -> grpc.Channel:
        self.channels.append(identity_channel(officer_identity(self.config), service))
        return self.channels[-1]

    def status(self) -> control_pb2.StatusResponse:
        stub = control_pb2_grpc.ControlServiceStub(self.channel("control"))
        return stub.Status(control_pb2.StatusRequest(), timeout=20)

    def metrics(self) -> str:
        with urllib.request.urlopen(f"http://{self.config.listen.metrics}/metrics", timeout=20) as answer:
            return bytes(answer.read()).decode()

    def submit(self, batches: Iterator[pb.SubmitRequest]) -> Iterator[pb.SubmitResponse]:
        return intake_pb2_grpc.IntakeServiceStub(self.channel("intake")).Submit(batches, timeout=120)

    def children(self) -> list[int]:
        """Process ids of the roles."""
        found = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True, check=False)
        return [int(pid) for pid in found.stdout.split()]

    def events(self) -> list[dict[str, Any]]:
        """The log, which must be nothing but JSON lines."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def batch(first: int, count: int = 1, **row: Any) -> pb.SubmitRequest:
    """A batch of registrations with legacy numbers from `first` on."""
    rows = []
    for number in range(first, first + count):
        body = operator("", legacy_number=f"{430100000000000 + number}", **row).SerializeToString()
        rows.append(pb.Row(key=str(number), body=body))
    return pb.SubmitRequest(
        seq=first, standard="operator.registration", version=1, source="test", as_of_ms=1, audience=["all"],
        purpose="registration", legal_basis="b", rows=rows,
    )  # fmt: skip


def refused(call: Callable[[], object]) -> NodeError:
    """What a call is refused with."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return error_from_rpc(caught.value)
