"""The casework of a running node: acts, notices, and the hints that carry both to the other cities without delay."""

import threading
from collections.abc import Callable

from node.core.law.calendar import Calendar
from node.errors import NodeError
from node.ports import Clock
from node.storage.sqlite.store import Store
from node.usecases.casework.act import Casework
from node.usecases.casework.case_file import Members
from node.usecases.casework.case_index import CaseIndex
from node.usecases.casework.notices import Notices
from node.usecases.exchange.debouncer import Debouncer, Hints

# A peer that hints without end makes this node pull no more often; an act after a hint waits no longer.
PULL_PAUSE_S = 0.5
HINT_PAUSE_S = 0.2
_REMIND_MS = 3_600_000


class CaseworkService:
    """Puts the parts together; `run` is called each second."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        calendar: Calendar,
        members: Members,
        send_hint: Callable[[str], None],
        pull: Callable[[str], None],
    ) -> None:
        """Takes up nothing yet.

        Args:
            store: Of the node.
            clock: Dates acts and notices.
            calendar: Working days.
            members: Of the federation, this city among them.
            send_hint: Hints one peer.
            pull: Pulls from one peer now.
        """
        self._store = store
        self._clock = clock
        self._pull = pull
        self._pulls = Debouncer("pull", self._pull_hinted, PULL_PAUSE_S)
        self._sends = Debouncer("hint", send_hint, HINT_PAUSE_S)
        own = store.log.city
        peers = Hints(self._sends, lambda: [peer.city for peer in members().peers_of(own)])
        self.notify = peers.notify
        self.case_index = CaseIndex(store, calendar, members)
        self.casework = Casework(store, clock, members, self.notify, self.case_index)
        self.notices = Notices(store, clock, self.notify, self.case_index)
        self._busy = threading.Lock()
        self._reminded_at_ms = 0

    def wake(self, city: str) -> None:
        """A peer says that it has something new."""
        self._pulls.ask(city)

    def run(self) -> None:
        """Acknowledges what came; reminds once an hour.

        Raises:
            NodeError: STORAGE_FULL or STORAGE_CORRUPT; what was not said is said at a later look.
        """
        if self._store.log.held_back is not None:
            return
        with self._busy:
            self.notices.acknowledge()
            if self._clock.now_ms() - self._reminded_at_ms >= _REMIND_MS:
                self.notices.remind()
                self._reminded_at_ms = self._clock.now_ms()

    def stop(self) -> None:
        """Hints and pulls no more."""
        self._sends.stop()
        self._pulls.stop()

    def _pull_hinted(self, city: str) -> None:
        try:
            self._pull(city)
        finally:
            self._acknowledge()

    def _acknowledge(self) -> None:
        try:
            self.run()
        except NodeError:
            return  # said at the next look, which reports it
