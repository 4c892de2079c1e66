"""A writer that is kept busy, so that what is handed in meanwhile shares one commit."""

import threading
from collections.abc import Sequence

from node.storage.sqlite.log import Entry
from tests.kit.stores.city import City


class HeldWriter:
    """Keeps a city's writer busy with an append of nothing until it is released."""

    def __init__(self, city: City) -> None:
        self._released, entered = threading.Event(), threading.Event()

        def wait(*_: object) -> Sequence[Entry]:
            entered.set()
            self._released.wait(20)
            return ()

        city.store.append([], wait)
        assert entered.wait(20)

    def release(self) -> None:
        self._released.set()
