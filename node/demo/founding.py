"""Founds a federation of six nodes on this machine."""

import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from node.config import Config, Listen
from node.folder.founding import CAPITALS, Plan, shipped_policy
from node.storage.founding import found_node


def found_federation(
    base: Path,
    now: datetime,
    cities: Sequence[str] = tuple(CAPITALS),
    settings: Mapping[str, Any] = MappingProxyType({}),
    policies: Mapping[str, str] = MappingProxyType({}),
) -> list[Config]:
    """Makes a ready node for each city under `base`, on free loopback ports, with one federation file for all.

    Args:
        base: Folder; each node lies in `base/<city>`.
        now: Aware; the certificates' term starts here.
        cities: Slugs among `CAPITALS`.
        settings: Further sections of every node.yaml.
        policies: Text of a city's policy file where it is not to be the shipped one.

    Raises:
        NodeError: As `found_node`.
    """
    ports = free_ports(len(Listen.model_fields) * len(cities))
    configs = []
    for index, city in enumerate(cities):
        own = ports[index :: len(cities)]
        listen = Listen(**{name: f"127.0.0.1:{port}" for name, port in zip(Listen.model_fields, own, strict=True)})
        policy = policies.get(city) or shipped_policy(city)
        plan = Plan(city, *CAPITALS[city], listen.exchange, policy, listen, "../federation.yaml", settings)
        configs.append(found_node(base / city, plan, now))
    return configs


def free_ports(count: int) -> list[int]:
    """Loopback ports nobody listens on now, all different."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
