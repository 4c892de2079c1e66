"""Waits until every city has verified what every other took in, by its own schedule, and keeps count."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from node.demo.failure import DemoError
from node.demo.intake import Load
from node.demo.nodes import Node
from node.messages import _
from node.stubs.control.v1 import control_pb2

_POLL_S = 0.5
# A load that gets nowhere for so long has failed.
_STALL_S = 120.0
# The slowest pace at which the exchange is still believed to work: records arriving a second, over all nodes.
_SLOWEST_PER_S = 500
_SYNC_S = 60.0

Statuses = Mapping[str, control_pb2.StatusResponse]


@dataclass
class Exchange:
    """Where the exchange stands.

    Attributes:
        statuses: City to what its node says.
        rejected: City to its rejected rows, once its file is in.
        seconds: City to when it had all of every peer, since the loads began.
    """

    statuses: Statuses = field(default_factory=dict)
    rejected: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def own(self) -> int:
        """Records in all logs."""
        return sum(status.tree_size for status in self.statuses.values())

    @property
    def received(self) -> int:
        """Records that arrived from peers and were verified, over all nodes."""
        return sum(peer.tree_size for status in self.statuses.values() for peer in status.peers)


def exchange(nodes: Sequence[Node], loads: Sequence[Load], show: Callable[[Exchange], None]) -> Exchange:
    """Follows the loads and the scheduled pulls to their end.

    Raises:
        DemoError: A load or a node failed, a peer was frozen, or it took too long.
    """
    state = Exchange()
    began = time.monotonic()
    watch = _Watch()
    while len(state.seconds) < len(nodes):
        time.sleep(_POLL_S)
        state.statuses = {node.city: node.status() for node in nodes}
        _check_trust(state.statuses)
        state.rejected = {load.city: load.rejected for load in loads if load.is_done}
        if len(state.rejected) == len(loads):
            for city in complete(state.statuses).difference(state.seconds):
                state.seconds[city] = time.monotonic() - began
        watch.check(state, loads)
        show(state)
    return state


def complete(statuses: Statuses) -> set[str]:
    """The cities that have verified all that every other has in its log now."""
    own = {city: (status.tree_size, status.root) for city, status in statuses.items()}
    return {city for city, status in statuses.items() if all(_is_current(peer, own) for peer in status.peers)}


def _is_current(peer: control_pb2.PeerStatus, own: Mapping[str, tuple[int, bytes]]) -> bool:
    return (peer.tree_size, peer.root) == own[peer.city] and not peer.lag_records and not peer.to_revise


def _check_trust(statuses: Statuses) -> None:
    for city, status in statuses.items():
        for peer in status.peers:
            if peer.state == "frozen":
                incidents = "; ".join(f"{each.reason}: {each.message}" for each in status.incidents)
                raise DemoError(
                    _("{city} has frozen {peer}: {incidents}", city=city, peer=peer.city, incidents=incidents)
                )


class _Watch:
    """Ends what takes too long."""

    def __init__(self) -> None:
        self._seen: tuple[int, int, int] | None = None
        self._moved_at = time.monotonic()
        self._sync_began: float | None = None

    def check(self, state: Exchange, loads: Sequence[Load]) -> None:
        """Raises DemoError where the loads stand still, or the exchange is past its deadline."""
        now = time.monotonic()
        if len(state.rejected) == len(loads):
            self._check_sync(state, now)
            return
        seen = (state.own, state.received, sum(len(load.output) for load in loads))
        if seen != self._seen:
            self._seen, self._moved_at = seen, now
        elif now > self._moved_at + _STALL_S:
            waiting = ", ".join(load.city for load in loads if not load.is_done)
            raise DemoError(
                _("nothing was loaded for {seconds:g} s; not done: {waiting}", seconds=_STALL_S, waiting=waiting)
            )

    def _check_sync(self, state: Exchange, now: float) -> None:
        self._sync_began = self._sync_began or now
        deadline_s = _SYNC_S + state.own * (len(state.statuses) - 1) / _SLOWEST_PER_S
        if now > self._sync_began + deadline_s:
            raise DemoError(
                _(
                    "not everything was verified within {seconds:.0f} s after the last load:\n{behind}",
                    seconds=deadline_s,
                    behind=_behind(state),
                )
            )


def _behind(state: Exchange) -> str:
    own = {city: (status.tree_size, status.root) for city, status in state.statuses.items()}
    return "\n".join(
        f"  {city} has {peer.tree_size} of {own[peer.city][0]} records of {peer.city}"
        f" ({peer.state}) {peer.last_reason} {peer.last_error}".rstrip()
        for city, status in state.statuses.items()
        for peer in status.peers
        if not _is_current(peer, own)
    )
