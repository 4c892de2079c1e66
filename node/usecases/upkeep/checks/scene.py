"""What the checks look at: the node's files, store and clock at one moment. It needs no running node."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from node.config import Config
from node.core.law.calendar import Calendar
from node.core.members.clients import Clients
from node.core.members.federation import Federation, Member
from node.errors import FileError, NodeError, Reason
from node.folder.clock import node_clock
from node.folder.data_lock import is_data_held
from node.folder.files import load_calendar, load_clients, load_federation, read_text
from node.folder.keyfile import (
    Passphrase,
    environment_passphrase,
)
from node.folder.trust import ReloadingFile
from node.messages import _
from node.storage.sqlite.reader import Reader
from node.usecases.exchange.enforce_policy import read_policy
from node.usecases.upkeep.own_keys import LOG, TLS, WITNESS, OwnKey, Public

T = TypeVar("T")


class Tried(NamedTuple, Generic[T]):
    """What a file says, or why it cannot be used."""

    value: T | None
    error: NodeError | None


@dataclass(frozen=True)
class Scene:
    """A node at one moment.

    Attributes:
        now: By the node's clock, which a file may shift.
        machine_now: By the machine's clock, to which certificates are held.
        federation: As its file says now; likewise the others.
        log_key: The public part of `keys/log.key`, with its name.
        certificate: The fingerprint of the one in `keys/tls.pem`.
        witness_key: Its public part, with its name; None where there is no such file.
        reader: The store; None where there is none yet.
        is_running: Whether a process of the node holds the data folder.
    """

    config: Config
    now: datetime
    machine_now: datetime
    federation: Tried[Federation]
    clients: Tried[Clients]
    policy_error: NodeError | None
    calendar: Tried[Calendar]
    log_key: Tried[Public]
    certificate: Tried[Public]
    witness_key: Tried[Public] | None
    reader: Reader | None
    is_running: bool

    @property
    def own(self) -> Member | None:
        """This node's own card."""
        return self.federation.value.find(self.config.city) if self.federation.value else None

    @property
    def peers(self) -> tuple[Member, ...]:
        """The other members."""
        return self.federation.value.peers_of(self.config.city) if self.federation.value else ()

    @property
    def now_ms(self) -> int:
        """Unix milliseconds by the node's clock."""
        return int(self.now.timestamp() * 1000)


class Observer:
    """Makes scenes of one node; a file is read again only when it has changed: a sealed key takes a second to open."""

    def __init__(
        self, config: Config, passphrase: Passphrase = environment_passphrase, *, is_running: bool | None = None
    ) -> None:
        """Reads the node's files.

        Args:
            config: Of the node.
            passphrase: Of sealed keys.
            is_running: Whether the node runs, where the caller knows; else the lock of its data folder tells.
        """
        self._config = config
        self._clock = node_clock(config)
        self._federation = _watch(config.federation, load_federation)
        self._clients = _watch(config.clients, load_clients)
        self._policy = _watch(config.policy, partial(_check_policy, config.city))
        keys = (_watch_key(kind, config, passphrase) for kind in (LOG, TLS, WITNESS))
        self._log_key, self._certificate, self._witness_key = keys
        self._reader: Reader | None = None
        self._is_running = is_running

    def scene(self) -> Scene:
        """The node now."""
        config = self._config
        if self._reader is None and config.node_db.exists():
            self._reader = Reader(config.node_db)
        return Scene(
            config=config,
            now=datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC),
            machine_now=datetime.now(UTC),
            federation=self._federation.current(),
            clients=self._clients.current(),
            policy_error=self._policy.current().error,
            calendar=_tried(lambda _: load_calendar(config.calendars), config.data_dir),
            log_key=self._log_key.current(),
            certificate=self._certificate.current(),
            witness_key=self._witness_key.current() if config.witness_key.exists() else None,
            reader=self._reader,
            is_running=is_data_held(config.data_dir) if self._is_running is None else self._is_running,
        )


def _watch(path: Path, load: Callable[[Path], T]) -> "ReloadingFile[Tried[T]]":
    return ReloadingFile(path, partial(_tried, load))


def _watch_key(kind: OwnKey, config: Config, passphrase: Passphrase) -> "ReloadingFile[Tried[Public]]":
    return _watch(kind.path(config), lambda path: kind.read(path, passphrase))


def _tried(load: Callable[[Path], T], path: Path) -> Tried[T]:
    try:
        return Tried(load(path), None)
    except NodeError as error:
        return Tried(None, error)


def _check_policy(city: str, path: Path) -> None:
    policy = read_policy(read_text(path, Reason.INVALID_POLICY), str(path))
    if policy.city != city:
        raise FileError(
            Reason.INVALID_POLICY,
            str(path),
            _("this is the policy of {city}, but this node is {own}", city=policy.city, own=city),
        )
