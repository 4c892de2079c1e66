"""Items read ahead by a thread of their own: so many and no more, and no longer than somebody takes them."""

import queue
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class ReadAhead(Generic[_Item]):
    """The items of an iterator, at most `room` ahead of who takes them. A context: leaving it ends the thread."""

    def __init__(self, items: Iterator[_Item], room: int, name: str) -> None:
        """Names the thread; None is no item."""
        self._items = items
        self._ready: queue.Queue[_Item | Exception | None] = queue.Queue(room)
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._read, name=name, daemon=True)

    def __enter__(self) -> "ReadAhead[_Item]":
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._left.set()

    def take(self, timeout_s: float | None = None) -> _Item | None:
        """The next item; None after the last.

        Raises:
            queue.Empty: None came in time.
            Exception: What the iterator raised.
        """
        item = self._ready.get(timeout=timeout_s)
        if isinstance(item, Exception):
            raise item
        return item

    def _read(self) -> None:
        last: Exception | None = None
        try:
            for item in self._items:
                if not self._put(item):
                    return
        except Exception as error:  # noqa: BLE001 - raised where the items are taken
            last = error
        self._put(last)

    def _put(self, item: _Item | Exception | None) -> bool:
        """Waits for room, but not for one who takes no more."""
        while not self._left.is_set():
            try:
                self._ready.put(item, timeout=1)
            except queue.Full:
                continue
            return True
        return False
