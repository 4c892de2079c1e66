"""Stops trusting a forked log, and stops this node from forking its own; has everybody know."""

from collections.abc import Callable

import structlog

from node.core.log.checkpoint import parse_checkpoint
from node.core.log.fork import parse_fork
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.store import Store

_log = structlog.get_logger(__name__)


class Freeze:
    """What follows from signed checkpoints that cannot all be true, or that a node should have and has not."""

    def __init__(self, store: Store, alarm: Callable[[], None]) -> None:
        """Holds the own log back where it is known to be forked, or to be behind what this city has signed.

        Args:
            store: Of the node.
            alarm: Has the other cities hear of it without delay.
        """
        self._store = store
        self._city = store.log.city
        self._alarm = alarm
        if store.peers.state(self._city).frozen:
            self._hold_back_forked()
        self.check_own_log()

    def freeze(self, city: str, payload: bytes, teller: str) -> None:
        """Keeps a verified proof of a fork as an incident and freezes the log, where no fork has frozen it already."""
        fork = parse_fork(payload)
        sizes = sorted(parse_checkpoint(note.encode()).size for note in (fork.smaller, fork.larger))
        text = f"{city} signed two histories of its log: of {sizes[0]} records, and of {sizes[1]}; told by {teller}"
        if not self._store.peers.add_fork(city, text, payload).result():
            return
        _log.error("log_forked", city=city, smaller=sizes[0], larger=sizes[1], told_by=teller)
        if city == self._city:
            self._hold_back_forked()
        self._alarm()

    def check_own_log(self) -> None:
        """Holds the own log back where a peer has shown more of it, signed by this city, than this node has.

        So it is after a restore, announced or not: the next record would take a place that peers know otherwise.
        """
        seen, log = self._store.checkpoints.largest_heard(self._city), self._store.log
        size = self._store.origin(self._city).size
        if seen > size and (log.held_back is None or log.held_back.reason is Reason.RESTORED):
            text = _(
                "peers hold {seen} records signed by this city, but this log has only {size}: see "
                "gongzhi restore --help",
                seen=seen,
                size=size,
            )
            log.held_back = NodeError(Reason.RESTORED, text)
            _log.error("own_log_is_behind", seen=seen, size=size)

    def _hold_back_forked(self) -> None:
        text = _("this city's log is proven to be forked, so the node no longer publishes: see docs/operations.md")
        self._store.log.held_back = NodeError(Reason.LOG_FORKED, text)
