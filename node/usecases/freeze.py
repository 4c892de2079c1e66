"""Freezes a log whose city is proven to have signed two histories, and has everybody know."""

from collections.abc import Callable

import structlog

from node.core.checkpoint import parse_checkpoint
from node.core.fork import parse_fork
from node.errors import NodeError, Reason
from node.storage.links import add_fork
from node.storage.store import Store

_log = structlog.get_logger(__name__)
WAY_OUT = "once its log is rebuilt under a new key: gongzhi peer forget"


class Freeze:
    """Stops trusting a forked log: nothing more is pulled or cosigned of it; where it is the own, published."""

    def __init__(self, store: Store, city: str, now_ms: Callable[[], int], alarm: Callable[[], None]) -> None:
        """Holds the own log back where it is known to be forked already.

        Args:
            store: Of the node.
            city: Slug of this node's city.
            now_ms: Dates the incident.
            alarm: Has the other cities hear of it without delay.
        """
        self._store = store
        self._city = city
        self._now_ms = now_ms
        self._alarm = alarm
        if store.link(city).frozen:
            self._hold_back()

    def __call__(self, city: str, evidence: bytes, teller: str) -> None:
        """Keeps verified evidence as an incident and freezes the log; nothing where it is frozen for a fork already."""
        fork = parse_fork(evidence)
        sizes = sorted(parse_checkpoint(note.encode()).size for note in (fork.smaller, fork.larger))
        text = f"{city} signed two histories of its log: of {sizes[0]} records, and of {sizes[1]}; told by {teller}"
        at_ms = self._now_ms()
        if not self._store.submit(lambda connection: add_fork(connection, city, text, at_ms, evidence)).result():
            return
        _log.error("log_forked", city=city, smaller=sizes[0], larger=sizes[1], told_by=teller)
        if city == self._city:
            self._hold_back()
        self._alarm()

    def _hold_back(self) -> None:
        text = "this city's log is proven to be forked: it publishes nothing more; see docs/operations.md"
        self._store.log.held_back = NodeError(Reason.LOG_FORKED, text)
