"""Puts the policy file in force, and says so in the log when a peer's view changes by it."""

import threading
from collections.abc import Callable, Iterable
from hashlib import sha256

import structlog

from node.core.log.record import EVERYONE
from node.core.policy.grant import POLICY_CHANGE, Grant
from node.core.policy.policy import Policy, parse_policy
from node.core.standards import standard as standards
from node.errors import FileError
from node.ports import Clock
from node.storage.sqlite.log import Entry
from node.storage.sqlite.store import Store
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.policy_pb2 import Grant as GrantMessage
from node.stubs.standard.v1.policy_pb2 import PolicyChange

_log = structlog.get_logger(__name__)
Key = tuple[str, str]
# Policies that are searched for a peer's earlier grant; beyond them every view is sent anew.
_REMEMBERED = 20


def read_policy(text: str, path: str) -> Policy:
    """A policy checked against every standard known.

    Raises:
        FileError: INVALID_POLICY with file, line and reason.
    """
    return parse_policy(text, path, standards.standards())


class PolicyInForce:
    """The policy by which this node shares, and the grants that follow from it.

    A change of the file takes effect at the next look; what it changes for a peer becomes a `node.policy_change`
    record first, so that the peer can prove by which rules it was told to widen or to destroy.
    """

    def __init__(self, store: Store, newest: Callable[[], tuple[str, Policy]], peers: Callable[[], Iterable[str]],
                 clock: Clock) -> None:  # fmt: skip
        """Takes up what was last in force.

        Args:
            store: Remembers the policies.
            newest: Text and policy of the newest file that checked.
            peers: City slugs of the other members.
            clock: Dates the change.
        """
        self._store = store
        self._newest = newest
        self._peers = peers
        self._clock = clock
        self._lock = threading.Lock()
        self._text: str | None = None
        self._policy = newest()[1]
        self._grants: dict[Key, Grant] = {}
        self._announce: Callable[[], None] | None = None
        self._is_unannounced = False
        self.current()

    def current(self) -> Policy:
        """The policy in force, after taking up a change of the file."""
        text, policy = self._newest()
        if text != self._text:
            with self._lock:
                if text != self._text:
                    self._enforce(text, policy)
                    self._tell()
        return self._policy

    def announce_changes(self, announce: Callable[[], None]) -> None:
        """Calls `announce`, which must not wait, when a change for a peer is durable; now where one was at the start.

        What is narrowed leaves the peers as soon as they pull: they are told at once, as of a retraction.
        """
        with self._lock:
            self._announce = announce
            self._tell()

    def _tell(self) -> None:
        if self._is_unannounced and self._announce is not None:
            self._is_unannounced = False
            self._announce()

    def in_force(self) -> Policy:
        """The policy in force, without a look at the file: for the writer, which must not wait for its own queue."""
        return self._policy

    @property
    def digest(self) -> str:
        """SHA-256 of the policy text in force, in hexadecimal."""
        return sha256((self._text or "").encode()).hexdigest()

    def grant(self, peer: str, purpose: str) -> Grant:
        """What a peer may see for a purpose, by the policy in force."""
        policy = self.current()
        # Not kept where it is not foreseen: the purpose is the peer's word, and may be any.
        grant = self._grants.get((peer, purpose)) or policy.grant(peer, purpose)
        # The purpose itself is not logged: a peer may write anything there.
        rules = {rule.id for rule in policy.rules for single in purpose.split() if rule.is_for(peer, single)}
        _log.debug("granted", city=peer, grant=grant.digest, rules=sorted(rules))
        return grant

    def earlier_grant(self, peer: str, purpose: str, digest: str) -> Grant | None:
        """What a peer might see under an earlier grant; None where its policy isn't known here."""
        for text in self._store.policies(_REMEMBERED):
            policy = _read_earlier(text)
            if policy is not None and (grant := policy.grant(peer, purpose)).digest == digest:
                return grant
        return None

    def _enforce(self, text: str, policy: Policy) -> None:
        previous = self._store.newest_policy()
        grants = self._all_grants(policy)
        earlier = _read_earlier(previous)
        if text != previous:
            change = self._change(self._all_grants(earlier) if earlier else {}, grants) if previous else None
            # A node that publishes nothing shares by the new rules too; it says so once it may.
            if change is None or self._store.log.held_back is None:
                self._store.put_policy(text, change).result()
                self._is_unannounced = change is not None
        self._policy, self._grants, self._text = policy, grants, text

    def _all_grants(self, policy: Policy) -> dict[Key, Grant]:
        peers = {*self._peers(), *policy.peers()}
        return {(peer, purpose): policy.grant(peer, purpose) for peer in peers for purpose in policy.purposes()}

    def _change(self, old: dict[Key, Grant], new: dict[Key, Grant]) -> Entry | None:
        nothing = Grant("", {})
        changed = sorted(
            key for key in old.keys() | new.keys() if old.get(key, nothing).digest != new.get(key, nothing).digest
        )
        if not changed:
            return None
        grants = [
            GrantMessage(peer=peer, purpose=purpose, grant=new.get((peer, purpose), nothing).digest)
            for peer, purpose in changed
        ]
        return self._entry(PolicyChange(grants=grants))

    def _entry(self, change: PolicyChange) -> Entry:
        name, version = POLICY_CHANGE
        now_ms = self._clock.now_ms()
        header = Header(
            standard=name, version=version, city=self._store.log.city, issued_at_ms=now_ms, as_of_ms=now_ms,
            audience=[EVERYONE], purpose="policy", legal_basis="政务数据共享条例 第二十条",
        )  # fmt: skip
        return Entry.of(header, standards.get(name, version).split(change.SerializeToString()))


def _read_earlier(text: str | None) -> Policy | None:
    """A policy once in force; None where there is none, or where the standards of this release don't know it."""
    try:
        return read_policy(text, "policy") if text is not None else None
    except FileError:
        return None
