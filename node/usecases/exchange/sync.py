"""Keeps the replicas of the peers up to date: one pull a peer at a time, back-off, circuit, freeze."""

import random
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import structlog
from prometheus_client import Counter

from node.config import Sync as Settings
from node.core.members.federation import Member
from node.errors import NodeError, Reason, TrustError
from node.messages import _
from node.ports import Clock, Peer
from node.storage.sqlite.peer_state import PeerState, is_forked
from node.storage.sqlite.store import Store
from node.usecases.exchange.pull import OnProgress, Progress, pull

_log = structlog.get_logger(__name__)
_PULLED = Counter("gongzhi_records_pulled", "Records of a peer's log verified and stored", ["city"])
_FAILURES = Counter("gongzhi_sync_failures", "Pulls that failed, by peer and reason code", ["city", "reason"])
_MAX_DOUBLINGS = 30
_MAX_TEXT = 500


def _nothing(_: Progress) -> None: ...


Connect = Callable[[Member], AbstractContextManager[Peer]]


class Silence(NamedTuple):
    """How long a peer has not been heard: `seconds`, or more where it was not heard since this node started."""

    seconds: float
    is_at_least: bool


class PullHooks(Protocol):
    """What is done around pulls."""

    def after_pull(self, member: Member, peer: Peer) -> None:
        """The peer's log has been pulled to its end; raises nothing of the peer's making."""

    def after_lie(self, city: str, error: TrustError) -> None:
        """The peer sent what cannot be true; it is frozen."""


class Sync:
    """Pulls from the members of the federation. Durable state (cursor, back-off, freeze) is in the store."""

    def __init__(
        self,
        store: Store,
        members: Callable[[], Iterable[Member]],
        connect: Connect,
        settings: Settings,
        clock: Clock,
        hooks: PullHooks | None = None,
    ) -> None:
        self._store = store
        self._members = members
        self._connect = connect
        self._settings = settings
        self._clock = clock
        self._hooks = hooks
        self._locks: dict[str, threading.Lock] = {}
        self._began_s = clock.elapsed_s()
        self._heard_s: dict[str, float] = {}
        self._due_s: dict[str, float] = {}

    def cities(self) -> list[str]:
        """The peers there are."""
        return [member.city for member in self._members()]

    def silence(self, city: str) -> Silence:
        """For how long a peer has not been heard, by a clock that nobody sets."""
        heard_s = self._heard_s.get(city)
        since_s = self._began_s if heard_s is None else heard_s
        return Silence(self._clock.elapsed_s() - since_s, is_at_least=heard_s is None)

    def run_due(self, city: str) -> None:
        """Pulls from a peer by schedule: not while it is frozen, backing off, or being pulled from already."""
        state = self._store.peers.state(city)
        if state.frozen or self._is_waiting(state):
            return
        lock = self._lock(city)
        if not lock.acquire(blocking=False):
            return
        try:
            self._attempt(city, _nothing)
        except NodeError as error:
            _log.warning("sync_failed", city=city, reason=error.reason, message=error.message)
        finally:
            lock.release()

    def run_now(self, city: str, on_progress: OnProgress) -> Progress:
        """Pulls from a peer at once, whatever its back-off; waits for a pull under way.

        Raises:
            NodeError: PEER_FROZEN, NOT_FOUND (no such member), or what the pull met.
        """
        if self._store.peers.state(city).frozen:
            raise NodeError(Reason.PEER_FROZEN, _("{city} is frozen: check its incident, then release it", city=city))
        with self._lock(city):
            return self._attempt(city, on_progress)

    def run_hinted(self, city: str) -> None:
        """Pulls from a peer that said it has something new; who says so is up, so its back-off does not count.

        Waits for a pull under way, which may have passed by what the hint is about.

        Raises:
            NodeError: What the pull met.
        """
        with self._lock(city):
            if not self._store.peers.state(city).frozen:
                self._attempt(city, _nothing)

    def release(self, city: str) -> None:
        """Lets a frozen peer be pulled from again.

        Raises:
            NodeError: NOT_FOUND, or LOG_FORKED: for a proven fork there is no release.
        """
        self._member(city)
        if is_forked(self._store.peers.state(city)):
            raise NodeError(
                Reason.LOG_FORKED,
                _(
                    "{city} signed two histories of its log; once its log is rebuilt under a new key, "
                    "run: gongzhi peer forget {city}",
                    city=city,
                ),
            )
        self._store.peers.set_state(PeerState(city)).result()
        self._due_s.pop(city, None)
        _log.info("peer_released", city=city)

    def _lock(self, city: str) -> threading.Lock:
        return self._locks.setdefault(city, threading.Lock())

    def _member(self, city: str) -> Member:
        for member in self._members():
            if member.city == city:
                return member
        raise NodeError(Reason.NOT_FOUND, _("{city!r} is not a peer of this node", city=city[:40]))

    def _attempt(self, city: str, on_progress: OnProgress) -> Progress:
        member, before = self._member(city), self._size(city)
        try:
            progress = self._pull(member, on_progress)
        except TrustError as error:
            self._freeze(city, error)
            raise
        except NodeError as error:
            self._back_off(city, error)
            raise
        except Exception:
            # Unforeseen, perhaps provoked: without a wait the schedule would run into it at every turn.
            self._back_off(city, NodeError(Reason.INTERNAL, _("internal error: see the node's log")))
            raise
        finally:
            self._count(city, before)
        self._succeed(city)
        return progress

    def _pull(self, member: Member, on_progress: OnProgress) -> Progress:
        with self._connect(member) as peer:
            progress = pull(self._store, peer, member.city, member.log_keys, self._settings.purpose, on_progress)
            if self._hooks:
                self._hooks.after_pull(member, peer)
        return progress

    def _freeze(self, city: str, error: TrustError) -> None:
        _log.error("peer_frozen", city=city, reason=error.reason, message=error.message)
        _FAILURES.labels(city, error.reason).inc()
        self._store.peers.add_incident(city, error.reason, error.message[:_MAX_TEXT], error.payload).result()
        if self._hooks:
            self._hooks.after_lie(city, error)

    def _count(self, city: str, before: int) -> None:
        size = self._size(city)
        _PULLED.labels(city).inc(size - before)
        if size > before:
            _log.info("pulled", city=city, records=size - before, size=size)

    def _succeed(self, city: str) -> None:
        self._heard_s[city] = self._clock.elapsed_s()
        self._due_s.pop(city, None)
        state = self._store.peers.state(city)
        if state != PeerState(city) and not state.frozen:  # comparing checkpoints may have frozen it
            self._store.peers.set_state(PeerState(city)).result()

    def _size(self, city: str) -> int:
        origin = self._store.find_origin(city)
        return origin.size if origin else 0

    def _is_waiting(self, state: PeerState) -> bool:
        due_s = self._due_s.get(state.city)
        if due_s is None:
            due_s = self._due_s[state.city] = self._clock.elapsed_s() + self._left_s(state)
        return self._clock.elapsed_s() < due_s

    def _left_s(self, state: PeerState) -> float:
        """What is left of a wait that began in an earlier run, which only the wall clock can tell."""
        wait_ms = state.next_attempt_at_ms - self._clock.now_ms()
        # No wait is longer than its ceiling: the clock was put back since.
        return wait_ms / 1000 if 0 < wait_ms <= self._ceiling_ms(state.failures) else 0

    def _ceiling_ms(self, failures: int) -> float:
        doubled_s = self._settings.backoff_base_s * 2.0 ** min(failures - 1, _MAX_DOUBLINGS)
        return min(doubled_s, self._settings.backoff_max_s) * 1000

    def _back_off(self, city: str, error: NodeError) -> None:
        _FAILURES.labels(city, error.reason).inc()
        failures = self._store.peers.state(city).failures + 1
        wait_ms = int(self._ceiling_ms(failures) * random.uniform(0.5, 1))  # noqa: S311 - jitter, not a secret
        _log.debug("backing_off", city=city, reason=error.reason, failures=failures, wait_ms=wait_ms)
        self._due_s[city] = self._clock.elapsed_s() + wait_ms / 1000
        self._store.peers.set_state(
            PeerState(
                city,
                failures,
                self._clock.now_ms() + wait_ms,
                last_reason=error.reason,
                last_error=error.message[:_MAX_TEXT],
            )
        ).result()
