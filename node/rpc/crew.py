"""Threads for short calls: few that work, and one more for each that waits for its caller."""

from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore

AT_ONCE = 4
MAX_WAITING = 60


class Crew(ThreadPoolExecutor):
    """Threads of which `AT_ONCE` work at a time; they begin when there is a call.

    Attributes:
        turn: Held by a call while it works.
    """

    def __init__(self, name: str) -> None:
        super().__init__(AT_ONCE, name)
        self.turn = BoundedSemaphore(AT_ONCE)

    def make_up_for(self, waiting: int) -> None:
        """Lets others work in the place of `waiting` threads that wait for their callers."""
        most = AT_ONCE + min(waiting, MAX_WAITING)
        if most > self._max_workers:
            # The one thing that the library has no public way for. Threads that were once needed stay.
            self._max_workers = most
            for _ in range(waiting):
                self.submit(_nothing)  # begins a thread for what is queued already


def _nothing() -> None:
    """What a thread is begun with."""
