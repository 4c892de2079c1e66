"""Wake-up hints: does something for a city soon, at once when it can, but never in a hurry that a stranger sets."""

import threading
from collections.abc import Callable, Collection, Iterable

import structlog

from node.core.log.record import EVERYONE
from node.errors import NodeError

_log = structlog.get_logger(__name__)


class Debouncer:
    """Runs one job a city, each city for itself: at once, then no sooner than `pause_s` after the last.

    What is asked for while a job runs or pauses makes one more run, however often it was asked for.
    """

    def __init__(self, name: str, run: Callable[[str], None], pause_s: float) -> None:
        self._name = name
        self._run = run
        self._pause_s = pause_s
        self._lock = threading.Lock()
        self._bells: dict[str, threading.Event] = {}
        self._stopping = threading.Event()

    def ask(self, city: str) -> None:
        """Has the job run for a city. Only members may be named: each has a thread of its own."""
        with self._lock:
            if city not in self._bells:
                self._bells[city] = threading.Event()
                threading.Thread(target=self._serve, args=(city,), name=f"{self._name}-{city}", daemon=True).start()
        self._bells[city].set()

    def stop(self) -> None:
        """Runs nothing more; does not wait for what is under way."""
        self._stopping.set()
        for bell in list(self._bells.values()):
            bell.set()

    def _serve(self, city: str) -> None:
        bell = self._bells[city]
        while bell.wait() and not self._stopping.is_set():
            bell.clear()
            try:
                self._run(city)
            except NodeError as error:
                _log.info("hint_failed", job=self._name, city=city, reason=error.reason, message=error.message)
            except Exception:  # noqa: BLE001 - the thread lives on: the next hint may fare better
                _log.exception("hint_failed", job=self._name, city=city)
            self._stopping.wait(self._pause_s)


class Hints:
    """Tells peers that there is something new for them. Only a courtesy: without it they come by schedule."""

    def __init__(self, debouncer: Debouncer, peers: Callable[[], Iterable[str]]) -> None:
        self._debouncer = debouncer
        self._peers = peers

    def notify(self, audience: Collection[str]) -> None:
        """Hints every peer that the audience names; does not wait."""
        for city in self._peers():
            if city in audience or EVERYONE in audience:
                self._debouncer.ask(city)
