"""A whole node but for its network: one store with its own log and the replicas of its peers, killed and begun anew."""

import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from node.config import Sync as Settings
from node.core.log.checkpoint import LogKey, log_name
from node.core.members.federation import Member
from node.errors import NodeError
from node.ports import Peer, Signer
from node.storage.sqlite.schema import Connection
from node.storage.sqlite.store import Store
from node.usecases.exchange.pull import Progress
from node.usecases.exchange.sync import Sync
from tests.kit.clock import SetClock
from tests.kit.keys import KeySigner
from tests.kit.simulator.origin import Origin, SimulatedPeer, Twist, member
from tests.kit.stores.city import PURPOSE


class Node:
    """A city of the federation.

    Attributes:
        log_keys: Every key that signed its log, oldest first: what stands on its card.
        cards: The other cities' cards, as this one has them.
    """

    def __init__(self, folder: Path, city: str, peers: Sequence[str], policy: str) -> None:
        self.city = city
        self.clock = SetClock()
        self.cards: dict[str, Member] = {}
        self._folder = folder
        self._lives = 0
        self._ended: list[Store] = []
        self._others = peers
        self._signer: Signer = KeySigner()
        self.log_keys = [self._log_key()]
        folder.mkdir()
        self._open(self._next_path(), policy)

    @property
    def card(self) -> Member:
        return replace(member(self.city, self._signer), log_keys=tuple(self.log_keys))

    def pull(self, origin: "Node", twist: Twist = iter) -> Progress:
        """Pulls from another city at once.

        Raises:
            NodeError: What the pull met.
        """
        self._reach(origin, twist)
        return self.sync.run_now(origin.city, lambda _: None)

    def pull_if_due(self, origin: "Node") -> None:
        """What the schedule does."""
        self._reach(origin, iter)
        self.sync.run_due(origin.city)

    def _reach(self, origin: "Node", twist: Twist) -> None:
        self._peers[origin.city] = SimulatedPeer(origin.own, self.city, twist, twist)

    def rotate(self) -> None:
        """A new log key, used from the next start on."""
        self._signer = KeySigner()
        self.log_keys.append(self._log_key())
        self._ended.append(self.store)
        self._open(self._image())

    @contextmanager
    def killed(self, *, after: bool, commit: int) -> Iterator[None]:
        """Nobody hears of what is done within: the process is killed at a commit, or after all where there are fewer.

        Args:
            after: The commit is durable, but nothing that follows it is done; else it is all but durable.
            commit: Which, from 0.
        """
        moment = _Moment(self, after=after, commit=commit)
        self.store._writer.participants.insert(0, moment)
        with suppress(NodeError):
            yield
        self._ended.append(self.store)
        self._open(moment.found or self._image())

    def close(self) -> None:
        for store in (self.store, *self._ended):
            store.close()

    def _log_key(self) -> LogKey:
        return LogKey(log_name(self.city), self._signer.public_key)

    def _open(self, path: Path, policy: str | None = None) -> None:
        self.own = Origin(path, self.city, self._signer, self._others, policy, self.clock)
        self.path, self.store = path, self.own.store
        self._peers: dict[str, Peer] = {}
        self.sync = Sync(self.store, self.cards.values, self._connect, Settings(purpose=PURPOSE), self.clock)

    @contextmanager
    def _connect(self, card: Member) -> Iterator[Peer]:
        yield self._peers[card.city]

    def _next_path(self) -> Path:
        self._lives += 1
        path = self._folder / str(self._lives) / "node.db"
        path.parent.mkdir()
        return path

    def _image(self) -> Path:
        """The files as a process would find them that began now: the shared memory is gone with the old one."""
        path = self._next_path()
        for suffix in ("", "-wal"):
            source = self.path.with_name(self.path.name + suffix)
            if source.exists():
                shutil.copyfile(source, path.with_name(path.name + suffix))
        return path


class _Moment:
    """Takes part in the commits and keeps what the disk holds at one of them."""

    def __init__(self, node: Node, *, after: bool, commit: int) -> None:
        self.found: Path | None = None
        self._node = node
        self._after = after
        self._left = commit

    def before_commit(self, _: Connection) -> None:
        if not self._after:
            self._pass()

    def after_commit(self) -> None:
        if self._after:
            self._pass()

    def after_rollback(self) -> None: ...

    def _pass(self) -> None:
        if self._left == 0:
            self.found = self._node._image()
        self._left -= 1
