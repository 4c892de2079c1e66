"""Connections to each of the processes that answer at one address."""

import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import grpc

from tests.kit.nodes.processes import Running

_ESTABLISHED = "01"


def query_processes(node: Running) -> dict[int, int]:
    """Process id of each query process of a node, by its number."""
    processes: dict[int, int] = {}
    for pid in node.children():
        words = dict(pairwise(_words(pid)))
        if words.get("--role") == "query":
            processes[int(words["--place"].partition("/")[0])] = pid
    return processes


def channels(node: Running, open_channel: Callable[[], grpc.Channel]) -> dict[int, grpc.Channel]:
    """A connected channel to each query process, by its number: new ones are opened until the kernel chose each."""
    spread: dict[int, grpc.Channel] = {}
    deadline = time.monotonic() + 60
    while len(spread) < node.config.query_count:
        assert time.monotonic() < deadline, f"the kernel gives connections to {sorted(spread)} only"
        before = _connections(node)
        channel = open_channel()
        grpc.channel_ready_future(channel).result(20)
        number = next((each for each, sockets in _connections(node).items() if sockets - before[each]), None)
        if number is None or number in spread:
            channel.close()
        else:
            spread[number] = channel
    return spread


def _connections(node: Running) -> dict[int, set[str]]:
    """Sockets of the established connections of each query process."""
    port = f":{int(node.config.listen.query.rpartition(':')[2]):04X}"
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path("/proc/net", name).read_text().splitlines()[1:]]
    established = {line[9] for line in lines if line[1].endswith(port) and line[3] == _ESTABLISHED}
    return {number: established & _sockets(pid) for number, pid in query_processes(node).items()}


def _sockets(pid: int) -> set[str]:
    sockets: set[str] = set()
    for descriptor in Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = str(descriptor.readlink())
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            sockets.add(target[len("socket:[") : -1])
    return sockets


def _words(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
    except FileNotFoundError:
        return []
