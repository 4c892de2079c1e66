"""The engine's own command line, as an administrator types it; what a test makes with it is taken away again."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

CONFINED = ("--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL", "--security-opt", "no-new-privileges")
TIMEOUT_S = 600


def run(*command: str | Path, codes: tuple[int, ...] = (0,), **environment: str) -> str:
    """Runs a command and returns what it printed.

    Raises:
        AssertionError: It ended otherwise than with `codes`.
    """
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
    )
    assert done.returncode in codes, f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def inspect(kind: str, name: str) -> dict[str, Any]:
    """What the engine knows of an image or a container."""
    [found] = json.loads(run("docker", "inspect", "--type", kind, name))
    return dict(found)


@contextmanager
def volume() -> Iterator[str]:
    """A new volume."""
    name = f"gongzhi-test-{uuid4().hex[:12]}"
    run("docker", "volume", "create", name)
    try:
        yield name
    finally:
        run("docker", "volume", "rm", "--force", name)


@contextmanager
def derived(image: str, *lines: str) -> Iterator[str]:
    """An image made from `image` by further lines of a Dockerfile."""
    tag = f"gongzhi-test:{uuid4().hex[:12]}"
    text = "\n".join((f"FROM {image}", *lines))
    built = subprocess.run(
        ["docker", "build", "--force-rm", "--quiet", "--tag", tag, "-"],
        input=text, capture_output=True, text=True, check=False, timeout=TIMEOUT_S,
    )  # fmt: skip
    assert built.returncode == 0, built.stderr
    try:
        yield tag
    finally:
        run("docker", "image", "rm", "--force", tag)


@contextmanager
def node(image: str, data: str) -> Iterator[str]:
    """A node in a container of its own, confined as compose.yml confines it; its data in the volume `data`."""
    name = f"gongzhi-test-{uuid4().hex[:12]}"
    run("docker", "run", "--detach", "--network", "none", "--name", name, *CONFINED, "--volume", f"{data}:/data", image)
    try:
        yield name
    finally:
        run("docker", "rm", "--force", "--volumes", name)


class Project:
    """Services of a compose file under a name of their own."""

    def __init__(self, file: Path, **environment: str) -> None:
        self.name = f"gongzhitest{uuid4().hex[:8]}"
        self._file = file
        self._environment: Mapping[str, str] = environment

    def compose(self, *arguments: str, codes: tuple[int, ...] = (0,), **environment: str) -> str:
        """Runs docker-compose on the project."""
        command: tuple[str | Path, ...] = ("docker-compose", "-f", self._file, "-p", self.name, *arguments)
        return run(*command, codes=codes, **(dict(self._environment) | environment))

    def exec(self, service: str, *command: str, codes: tuple[int, ...] = (0,)) -> str:
        """Runs a command in the service's container."""
        return run("docker", "exec", f"{self.name}_{service}_1", *command, codes=codes)

    def status(self, service: str) -> dict[str, Any]:
        """What `gongzhi status` says of the node."""
        return dict(json.loads(self.exec(service, "gongzhi", "status", "--json")))

    def container(self, service: str) -> dict[str, Any]:
        """What the engine knows of the service's container, running or not."""
        return inspect("container", f"{self.name}_{service}_1")

    def health(self, service: str) -> str:
        """As the engine sees it: starting, healthy, unhealthy."""
        return str(self.container(service)["State"]["Health"]["Status"])

    def down(self) -> None:
        """Takes containers, networks and volumes away."""
        self.compose("--profile", "monitoring", "down", "--volumes", "--remove-orphans", "--timeout", "5")
