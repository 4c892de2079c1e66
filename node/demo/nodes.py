"""Six nodes of one federation on this machine, each a `gongzhi run` with a folder of its own."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from node.client import NodeClient, wait_until_serving
from node.config import Config
from node.demo.failure import DemoError
from node.demo.founding import found_federation
from node.demo.programs import Program
from node.errors import NodeError
from node.messages import _
from node.stubs.control.v1 import control_pb2

_START_S = 120.0
_CALL_S = 60.0
_SYNC = {"interval_s": 3.0, "backoff_base_s": 1.0, "backoff_max_s": 5.0}


class Node:
    """One city's node."""

    def __init__(self, config: Config, folder: Path) -> None:
        self.config = config
        self.city = config.city
        self.folder = folder
        self._program: Program | None = None

    def start(self, *, ends_with_us: bool = True) -> None:
        """Starts its processes; for `ends_with_us` see `Program`."""
        command = ("run", "--node", self.folder)
        self._program = Program("gongzhi", command, self.folder / "run.log", ends_with_us=ends_with_us)

    def await_serving(self) -> None:
        """Waits until both processes are healthy.

        Raises:
            DemoError: They are not in time, or the node ended.
        """
        deadline = time.monotonic() + _START_S
        while True:
            self.check_running()
            try:
                return wait_until_serving(self.config, wait_s=1)
            except NodeError as error:
                if time.monotonic() > deadline:
                    raise DemoError(
                        _(
                            "{error}; the end of its log:\n{last_lines}",
                            error=error.message,
                            last_lines=self.last_lines(),
                        )
                    ) from None

    def check_running(self) -> None:
        """Raises DemoError with the end of its log where the node has ended."""
        if self._program is None or self._program.exit_code is not None:
            code = self._program and self._program.exit_code
            raise DemoError(
                _(
                    "the node of {city} ended (exit code {code}):\n{last_lines}",
                    city=self.city,
                    code=code,
                    last_lines=self.last_lines(),
                )
            )

    def status(self) -> control_pb2.StatusResponse:
        """What `gongzhi status` shows.

        Raises:
            DemoError: The node ended or does not answer.
        """
        self.check_running()
        try:
            with NodeClient.of_officer(self.config) as node:
                return node.control.Status(control_pb2.StatusRequest(), timeout=_CALL_S)
        except NodeError as error:
            self.check_running()
            raise DemoError(
                _(
                    "the node of {city} does not answer: {error}\n{last_lines}",
                    city=self.city,
                    error=error.message,
                    last_lines=self.last_lines(),
                )
            ) from None

    def ask_to_stop(self) -> None:
        """Sends SIGTERM."""
        if self._program is not None:
            self._program.ask_to_stop()

    def kill(self) -> None:
        """Ends every process of it at once (SIGKILL)."""
        if self._program is not None:
            self._program.kill()

    def wait(self) -> int:
        """The exit code, once it has ended."""
        return self._program.wait() if self._program is not None else 0

    def last_lines(self) -> str:
        """The end of its log."""
        return self._program.last_lines() if self._program is not None else ""


def found_nodes(
    base: Path,
    settings: Mapping[str, Any] = MappingProxyType({"sync": _SYNC}),
    policies: Mapping[str, str] = MappingProxyType({}),
) -> list[Node]:
    """Makes the folders of six nodes under `base`; `policies` are texts of policy files that are not the shipped."""
    configs = found_federation(base, datetime.now(UTC), settings=settings, policies=policies)
    return [Node(config, base / config.city) for config in configs]


@contextmanager
def running(nodes: Sequence[Node]) -> Iterator[Callable[[], None]]:
    """Gives what starts the nodes; whatever happens then, none of their processes is left behind."""

    def start() -> None:
        for node in nodes:
            node.start()
        for node in nodes:
            node.await_serving()

    try:
        yield start
    finally:
        stop(nodes)


def stop(nodes: Sequence[Node]) -> dict[str, int]:
    """Asks all to stop and waits; returns each city's exit code. Those that have ended stay as they are."""
    for node in nodes:
        node.ask_to_stop()
    return {node.city: node.wait() for node in nodes}
