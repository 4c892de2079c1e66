"""Whom a node trusts now: files that may change under a running node, followed without a restart."""

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

import structlog

from node.config import Config
from node.core.members.clients import Clients
from node.core.members.federation import Federation
from node.errors import NodeError
from node.folder.files import load_clients, load_federation
from node.folder.keyfile import Passphrase, TlsIdentity, environment_passphrase, load_tls_identity

T = TypeVar("T")
RECHECK_S = 1.0
_log = structlog.get_logger(__name__)


class ReloadingFile(Generic[T]):
    """What a file says, read again within `recheck_s` of a change; one that does not read leaves the old in force."""

    def __init__(self, path: Path, load: Callable[[Path], T], recheck_s: float = RECHECK_S) -> None:
        self._path = path
        self._load = load
        self._recheck_s = recheck_s
        self._lock = threading.Lock()
        self._stamp = _stamp(path)
        self._checked_at = time.monotonic()
        self._value = load(path)
        self.error: NodeError | None = None

    def current(self) -> T:
        """The newest value that read well."""
        if time.monotonic() - self._checked_at >= self._recheck_s:
            self._check()
        return self._value

    def newest(self) -> T:
        """As `current`, after a look at the file's date now; it is read again only if that has changed."""
        self._check()
        return self._value

    def _check(self) -> None:
        with self._lock:
            self._checked_at = time.monotonic()
            stamp = _stamp(self._path)
            if stamp == self._stamp:
                return
            self._stamp = stamp
            try:
                self._value, self.error = self._load(self._path), None
                _log.info("file_in_force", file=self._path.name)
            except NodeError as error:
                self.error = error
                _log.warning("file_refused", reason=error.reason, message=error.message)


def _stamp(path: Path) -> tuple[int, int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


class Trusted(NamedTuple):
    """What is trusted at one moment."""

    federation: Federation
    clients: Clients
    identity: TlsIdentity


class Trust:
    """Whom this node knows: its federation, its clients and its own identity, each followed as its file changes."""

    def __init__(self, config: Config, passphrase: Passphrase = environment_passphrase) -> None:
        self.city = config.city
        # ReloadingFile apart: a broken federation file must not keep a removed client in force.
        self._federation = ReloadingFile(config.federation, load_federation)
        self._clients = ReloadingFile(config.clients, load_clients)
        self._identity = ReloadingFile(config.tls_identity, lambda path: load_tls_identity(path, passphrase))
        self._lock = threading.Lock()
        self._looked_at_s = time.monotonic()
        self._trusted = Trusted(self._federation.current(), self._clients.current(), self._identity.current())

    def current(self) -> Trusted:
        """What the files said within the last second; the same object until one of them changes."""
        if time.monotonic() - self._looked_at_s < RECHECK_S:
            return self._trusted
        return self.newest()

    def newest(self) -> Trusted:
        """As `current`, but what was saved a moment ago counts: for a new connection, which costs more than a look."""
        with self._lock:  # who looked earlier must not put back what it saw
            self._looked_at_s = time.monotonic()
            now = Trusted(self._federation.newest(), self._clients.newest(), self._identity.newest())
            if any(new is not old for new, old in zip(now, self._trusted, strict=True)):
                self._trusted = now
            return self._trusted

    @property
    def errors(self) -> tuple[NodeError, ...]:
        """Why newer versions of the files are not in force."""
        watched = (self._federation, self._clients, self._identity)
        return tuple(each.error for each in watched if each.error is not None)
