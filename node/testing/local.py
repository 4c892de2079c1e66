"""The two grounds on this machine: nodes inside the test's own process, and nodes as processes on loopback."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc

from node.bootstrap import build_role
from node.bootstrap.node_role import NodeRole
from node.bootstrap.query_role import QueryRole
from node.client import NodeClient
from node.config import Config
from node.demo.founding import found_federation
from node.demo.nodes import Node
from node.stubs.control.v1 import control_pb2, control_pb2_grpc
from node.testing.city import City

_SYNC_S = 120.0


class LocalCity(City):
    """A node whose control listener this machine reaches."""

    def status(self) -> control_pb2.StatusResponse:
        """What `gongzhi status` shows."""
        with NodeClient.of_officer(self.config) as node:
            return node.control.Status(control_pb2.StatusRequest(), timeout=_SYNC_S)

    def sync(self, *cities: str) -> dict[str, str]:
        """Pulls now; returns for each peer the reason why it failed, or nothing."""
        with NodeClient.of_officer(self.config) as node:
            steps = node.control.Sync(control_pb2.SyncRequest(cities=cities), timeout=_SYNC_S)
            return {step.city: step.reason for step in steps if step.done}

    def release(self, city: str) -> None:
        """Lets a frozen peer be pulled from again."""
        with NodeClient.of_officer(self.config) as node:
            node.control.ReleasePeer(control_pb2.ReleasePeerRequest(city=city), timeout=_SYNC_S)


class InProcessCity(LocalCity):
    """A node inside the process of the test: real stores, real listeners, no processes to wait for."""

    def __init__(self, config: Config, folder: Path) -> None:
        super().__init__(config, folder)
        self._roles: list[NodeRole | QueryRole] = []

    def start(self) -> None:
        """Opens the store and the listeners."""
        for role in ("node", "query"):
            self._roles.append(build_role(self.config, role))
            self._roles[-1].start()

    def stop(self) -> None:
        """Ends the node in order."""
        while self._roles:
            self._roles.pop().stop()

    def kill(self) -> None:
        """Cannot be done to a part of a process.

        Raises:
            NotImplementedError: Take another ground.
        """
        raise NotImplementedError("a node inside this process cannot be killed: take the ground of processes")


class ProcessCity(LocalCity):
    """A node as `gongzhi run`."""

    def __init__(self, config: Config, folder: Path) -> None:
        super().__init__(config, folder)
        self._node = Node(config, folder)

    def start(self) -> None:
        """Starts the processes."""
        self._node.start(ends_with_us=False)
        self._node.await_serving()

    def stop(self) -> None:
        """Sends SIGTERM and waits."""
        self._node.ask_to_stop()
        self._node.wait()

    def kill(self) -> None:
        """SIGKILL of the supervisor and of both processes."""
        self._node.kill()


def found_local(kind: type[InProcessCity | ProcessCity], base: Path, settings: Mapping[str, Any]) -> list[City]:
    """Founds six nodes on free loopback ports."""
    configs = found_federation(base, datetime.now(UTC), settings=settings)
    return [kind(config, base / config.city) for config in configs]


def _control(channel: grpc.Channel) -> control_pb2_grpc.ControlServiceStub:
    return control_pb2_grpc.ControlServiceStub(channel)
