"""The listeners' addresses, answered while the node runs and free while it does not; and each query process."""

import socket
from collections.abc import Iterator

from node.core.finding import Code, Finding, new_finding
from node.folder.data_lock import is_place_held
from node.usecases.upkeep.checks.scene import Scene

_CONNECT_S = 2.0
_ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - read here, bound nowhere


def ports(scene: Scene) -> Iterator[Finding]:
    """Each listener's address."""
    if not scene.is_running:
        yield new_finding(Code.NODE_NOT_RUNNING)
    for listener, address in scene.config.listen.model_dump().items():
        if _is_answered(address) != scene.is_running:
            code = Code.NOT_LISTENING if scene.is_running else Code.PORT_TAKEN
            yield new_finding(code, listener=listener, address=address)


def query_processes(scene: Scene) -> Iterator[Finding]:
    """Each process that answers questions."""
    of = scene.config.query_count
    for number in range(1, of + 1) if scene.is_running else ():
        if not is_place_held(scene.config.data_dir, number):
            yield new_finding(Code.QUERY_PROCESS_DOWN, number=number, of=of)


def _is_answered(address: str) -> bool:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    try:
        with socket.create_connection((_ANY.get(host, host), int(port)), _CONNECT_S):
            return True
    except OSError:
        return False
