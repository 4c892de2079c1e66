"""Founds a node: its folder, keys, configuration, policy and its own card; or a whole federation on one machine."""

import socket
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import node
from node.config import Config, Listen, load_config
from node.core.clients import Clients, Kind
from node.core.federation import Federation, Member, server_name
from node.errors import FileError, NodeError, Reason
from node.storage.bundle import add_client
from node.storage.clock import SystemClock
from node.storage.config_text import format_settings
from node.storage.files import load_federation, save_clients, save_federation, write_file
from node.storage.founded import found_log
from node.storage.keyfile import create_log_key, create_tls_identity, create_witness_key

CAPITALS = MappingProxyType(
    {
        "changsha": ("长沙", "430100"),
        "wuhan": ("武汉", "420100"),
        "zhengzhou": ("郑州", "410100"),
        "hefei": ("合肥", "340100"),
        "taiyuan": ("太原", "140100"),
        "nanchang": ("南昌", "360100"),
    }
)
"""Slug to Chinese name and GB/T 2260 code of the six founding cities."""

_DENY_ALL = "# Nothing is shared until a rule says so.\ncity: {city}\nrules: []\n"


@dataclass(frozen=True)
class Plan:
    """What a new node is to be.

    Attributes:
        address: host:port under which peers reach its exchange listener.
        policy: Text of its policy file.
        federation: Path of the federation file from the node's folder; its card is added there.
        settings: Further sections of node.yaml, e.g. {"sync": {"interval_s": 5}}.
    """

    city: str
    name_zh: str
    region6: str
    address: str
    policy: str
    listen: Listen = field(default_factory=Listen)
    federation: str = "federation.yaml"
    settings: Mapping[str, Any] = field(default_factory=dict)


def shipped_policy(city: str) -> str:
    """The policy shipped for a city; for any other, one that shares nothing."""
    package = Path(node.__file__).parent
    for folder in (package / "policies", package.parent / "policies"):
        if (path := folder / f"{city}.yaml").is_file():
            return path.read_text("utf-8")
    return _DENY_ALL.format(city=city)


def found_node(folder: Path, plan: Plan, now: datetime, passphrase: bytes | None = None) -> Config:
    """Makes a node's folder; `node.yaml` is written last, so a folder that has it is whole.

    Raises:
        FileError: INVALID_CONFIG, the folder is a node already; INVALID_KEY, it holds keys; INVALID_ARGUMENT, a log.
        NodeError: INVALID_FEDERATION, the city is a member of the federation file already.
    """
    if (folder / "node.yaml").exists():
        raise FileError(Reason.INVALID_CONFIG, str(folder / "node.yaml"), "this folder is a node already")
    for path in (folder, folder / "keys", folder / "officer", folder / "data"):
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    config = _configure(folder / ".node.yaml", plan)
    federation = _joinable(config.federation, plan.city)
    log_key = create_log_key(config.log_key, plan.city, passphrase)
    identity = create_tls_identity(config.tls_identity, server_name(plan.city), now, passphrase)
    witness = create_witness_key(config.witness_key, plan.city, passphrase)
    certs, witnesses = (identity.certificate,), (witness.key,)
    card = Member(plan.city, plan.name_zh, plan.region6, plan.address, (log_key.key,), certs, witness_keys=witnesses)
    save_federation(config.federation, federation.with_member(card))
    save_clients(config.clients, Clients())
    add_client(config, "officer", Kind.OFFICER, config.officer, now, passphrase)
    write_file(config.policy, plan.policy.encode())
    found_log(config, SystemClock(), lambda: passphrase)
    (folder / ".node.yaml").rename(folder / "node.yaml")
    return load_config(folder)


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


def _configure(path: Path, plan: Plan) -> Config:
    content = {"city": plan.city, "federation": plan.federation, "listen": plan.listen.model_dump(), **plan.settings}
    write_file(path, format_settings(content).encode())
    return load_config(path)


def _joinable(path: Path, city: str) -> Federation:
    federation = load_federation(path) if path.exists() else Federation(())
    if federation.find(city):
        raise NodeError(Reason.INVALID_FEDERATION, f"{city} is a member of {path.name} already: `gongzhi key rotate`")
    return federation
