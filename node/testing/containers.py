"""The ground of containers: each city a container of the node's image, each with a network of its own and all on one.

A city's own network is where its adapters and platforms are, and where this machine reaches it; the federation's is
where the cities reach each other, each by its slug. Needs the extra `testing` and a container engine on this machine.
"""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from docker.models.containers import Container
from google.protobuf.json_format import ParseDict
from testcontainers.core.config import testcontainers_config
from testcontainers.core.container import DockerContainer
from testcontainers.core.docker_client import DockerClient
from testcontainers.core.network import Network

from node.config import Config, Listen
from node.core.members.federation import Federation
from node.errors import NodeError, Reason
from node.folder.files import load_federation, save_federation
from node.folder.founding import CAPITALS, Plan, shipped_policy
from node.storage.founding import found_node
from node.stubs.control.v1 import control_pb2
from node.testing.city import City

IMAGE = "gongzhi:dev"
"""What `make image` builds."""
_START_S = 120
_STOP_S = 30
_LISTEN = Listen(
    exchange="0.0.0.0:7100",
    intake="0.0.0.0:7101",
    control="127.0.0.1:7102",
    query="0.0.0.0:7103",
    metrics="127.0.0.1:7104",
)  # fmt: skip - inside a container, whose networks are nobody else's
# The image that would watch over ours cannot be had without a registry; what is started here is ended here.
testcontainers_config.ryuk_disabled = True


def missing_engine(image: str = IMAGE) -> str:
    """Why there can be no containers here; empty where there can."""
    try:
        client = DockerClient().client
        client.ping()
    except Exception as error:  # noqa: BLE001 - whatever it is, there is no engine
        return f"no container engine answers ({type(error).__name__})"
    return "" if client.images.list(image) else f"there is no image {image}: make image"


class ContainerCity(City):
    """A node in a container."""

    def __init__(self, config: Config, folder: Path, image: str, federation: Network, stack: ExitStack) -> None:
        super().__init__(config, folder)
        self.federation = federation
        self._image = image
        self._stack = stack
        self._container: Container | None = None

    @property
    def container(self) -> Container:
        """Of the engine; there from the first start on."""
        assert self._container is not None, f"{self.slug} was never started"  # noqa: S101 - a misuse by the test
        return self._container

    @property
    def network(self) -> str:
        """Name of the city's own network."""
        return self._own.name

    def start(self) -> None:
        """Starts the container, made at the first time, and waits until the node in it answers."""
        if self._container is None:
            self._make()
        else:
            self._container.start()
        self.gongzhi("status", "--wait", str(_START_S), codes=(0, 1, 3))  # 1, 3: it runs, and has something to tell
        self.container.reload()

    def stop(self) -> None:
        """As `docker stop`."""
        if self._container is not None:
            self._container.stop(timeout=_STOP_S)

    def kill(self) -> None:
        """As `docker kill`: SIGKILL of the first process, and so of all."""
        self.container.kill()
        self.container.wait(timeout=_STOP_S)

    def status(self) -> control_pb2.StatusResponse:
        """What `gongzhi status` shows."""
        return ParseDict(json.loads(self.gongzhi("status", "--json", codes=(0, 1, 3))), control_pb2.StatusResponse())

    def sync(self, *cities: str) -> dict[str, str]:
        """Pulls now; returns for each peer the reason why it failed, or nothing."""
        results = json.loads(self.gongzhi("sync", "--now", "--json", *cities, codes=(0, 1)))
        return {city: each["reason"] for city, each in results.items()}

    def release(self, city: str) -> None:
        """Lets a frozen peer be pulled from again."""
        self.gongzhi("peer", "release", city)

    def gongzhi(self, *arguments: str, codes: Sequence[int] = (0,)) -> str:
        """Runs a command of the node in its container, as its administrator would; returns what it printed.

        Raises:
            NodeError: UNAVAILABLE, with what it said: another exit code than `codes`.
        """
        code, (output, errors) = self.container.exec_run(["gongzhi", *arguments], demux=True)
        if code not in codes:
            text = (errors or output or b"").decode(errors="replace").strip()
            raise NodeError(Reason.UNAVAILABLE, f"{self.slug}: gongzhi {' '.join(arguments)}: {code} {text[-2000:]}")
        return (output or b"").decode()

    def address(self, service: str) -> str:
        """host:port at which this machine finds a service: on the city's own network."""
        port = super().address(service).rpartition(":")[2]
        return f"{self.ip(self.network)}:{port}"

    def ip(self, network: str) -> str:
        """Of the node on a network."""
        return str(self.container.attrs["NetworkSettings"]["Networks"][network]["IPAddress"])

    def _make(self) -> None:
        self._own = self._stack.enter_context(Network())
        made = DockerContainer(self._image).with_network(self._own).with_volume_mapping(self.folder, "/data", "rw")
        made.with_tmpfs_mount("/tmp")  # noqa: S108 - the container's own
        made.with_kwargs(
            user=f"{os.getuid()}:{os.getgid()}",
            hostname=self.slug,
            read_only=True,
            cap_drop=["ALL"],
            security_opt=["no-new-privileges"],
            # Six of them would take a core's worth of a small machine; who waits for a node here asks it.
            healthcheck={"test": ["NONE"]},
        )
        self._stack.callback(made.stop)
        self._container = made.start().get_wrapped_container()
        self.federation.connect(str(self._container.id), [self.slug])


def found_containers(base: Path, settings: Mapping[str, Any], image: str | None, stack: ExitStack) -> list[City]:
    """Founds six nodes and the network of their federation; `stack` takes both away again.

    Raises:
        NodeError: UNAVAILABLE, there is no engine or no image.
    """
    image = image or IMAGE
    if why := missing_engine(image):
        raise NodeError(Reason.UNAVAILABLE, why)
    configs = [_found_city(base / city, city, settings) for city in CAPITALS]
    cards = [load_federation(config.federation).member(config.city) for config in configs]
    for config in configs:
        save_federation(config.federation, Federation(tuple(cards)))
    federation = stack.enter_context(Network())
    return [ContainerCity(config, base / config.city, image, federation, stack) for config in configs]


def _found_city(folder: Path, city: str, settings: Mapping[str, Any]) -> Config:
    plan = Plan(city, *CAPITALS[city], f"{city}:7100", shipped_policy(city), _LISTEN, settings=settings)
    return found_node(folder, plan, datetime.now(UTC))
