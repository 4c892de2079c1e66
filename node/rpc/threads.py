"""Threads that calls run in: a listener's own, and the few for short calls with one more for each that waits."""

from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore, Semaphore

AT_ONCE = 4
MAX_WAITING = 60


class Threads(ThreadPoolExecutor):
    """A pool that begins a thread for each call until all are there.

    The library's begins one only where it counts none as idle, and its count is too high from the first call that had
    to queue (python/cpython#88354). A call is then left in the queue with threads to begin, until one is free, and
    where callers are silent none is.
    """

    def __init__(self, most: int, name: str) -> None:
        super().__init__(most, name)
        self._idle_semaphore = _NoneIdle()


class Crew(Threads):
    """Threads of which `AT_ONCE` work at a time; they begin when there is a call.

    Attributes:
        turn: Held by a call while it works.
    """

    def __init__(self, name: str) -> None:
        super().__init__(AT_ONCE, name)
        self.turn = BoundedSemaphore(AT_ONCE)

    def make_up_for(self, waiting: int) -> None:
        """Lets others work in the place of `waiting` threads that wait for their callers.

        As many again are begun beside them: of many silent calls only those that have a thread are seen to be silent.
        """
        more = AT_ONCE + min(2 * waiting, MAX_WAITING) - self._max_workers
        if more > 0:
            # The library has no public way for it. Threads that were once needed stay.
            self._max_workers += more
            for _ in range(more):
                self.submit(_nothing)  # begins a thread for what is queued already


class _NoneIdle(Semaphore):
    """What a pool counts its idle threads by: none ever is."""

    def acquire(self, blocking: bool = True, timeout: float | None = None) -> bool:  # noqa: ARG002 - the library's
        return False

    def release(self, n: int = 1) -> None:
        pass


def _nothing() -> None:
    """What a thread is begun with."""
