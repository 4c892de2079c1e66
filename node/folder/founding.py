"""The folder of a new node: its keys, configuration, policy and its own card; and the mark of the log it founded."""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

import node
from node.config import Config, Listen, load_config
from node.core.members.clients import Clients, Kind
from node.core.members.federation import Federation, Member, server_name
from node.errors import FileError, NodeError, Reason
from node.folder.config_text import format_settings
from node.folder.files import load_federation, save_clients, save_federation
from node.folder.identity import add_client
from node.folder.keyfile import create_log_key, create_tls_identity, create_witness_key
from node.messages import _
from node.whole_file import write_file

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

MARK = "founded"
"""Name of the file beside the keys that holds the founding id of the log they sign."""
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


@contextmanager
def new_folder(folder: Path, plan: Plan, now: datetime, passphrase: bytes | None = None) -> Iterator[Config]:
    """Makes a node's folder; `node.yaml` is written last, after the caller's part, so a folder that has it is whole.

    Raises:
        FileError: INVALID_CONFIG, the folder is a node already; INVALID_KEY, it holds keys.
        NodeError: INVALID_FEDERATION, the city is a member of the federation file already.
    """
    if (folder / "node.yaml").exists():
        raise FileError(Reason.INVALID_CONFIG, str(folder / "node.yaml"), _("this folder already is a node"))
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
    yield config
    (folder / ".node.yaml").rename(folder / "node.yaml")


def read_mark(config: Config) -> str:
    """The founding id that stands beside the keys; empty if none does."""
    try:
        return _mark(config).read_text("ascii", "replace").strip()
    except FileNotFoundError:
        return ""


def write_mark(config: Config, founding: str) -> None:
    """Writes the founding id beside the keys, where they can be written."""
    if os.access(config.keys, os.W_OK):
        write_file(_mark(config), f"{founding}\n".encode(), mode=0o600)


def remove_mark(config: Config) -> None:
    """Forgets which log the keys signed, before they get another."""
    _mark(config).unlink(missing_ok=True)


def _mark(config: Config) -> Path:
    return config.keys / MARK


def _configure(path: Path, plan: Plan) -> Config:
    content = {"city": plan.city, "federation": plan.federation, "listen": plan.listen.model_dump(), **plan.settings}
    write_file(path, format_settings(content).encode())
    return load_config(path)


def _joinable(path: Path, city: str) -> Federation:
    federation = load_federation(path) if path.exists() else Federation(())
    if federation.find(city):
        raise NodeError(
            Reason.INVALID_FEDERATION,
            _("{city} already is a member in {name}: use gongzhi key rotate", city=city, name=path.name),
        )
    return federation
