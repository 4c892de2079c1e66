"""What the processes of one listener count of each caller, in memory that they share: a limit holds over all of them.

Each process alone writes its own cells, so a process that is killed leaves nothing half done; its supervisor empties
them. When a caller's bucket will be full is written by all, under a lock that the kernel takes back from who dies.
See docs/decisions/0022-query-processes.md.
"""

import fcntl
import mmap
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from hashlib import blake2b
from typing import NamedTuple

_ROWS = 4096
_KEY_BYTES = 16
_NO_KEY = bytes(_KEY_BYTES)
# A caller whose row is not among so many shares one with another: there are far fewer callers than rows.
_PROBES = 64


class Place(NamedTuple):
    """Which of the processes that answer at one address: `number` counts from 1 to `of`."""

    number: int
    of: int

    @property
    def is_first(self) -> bool:
        """Whether it does what one of them must do for all."""
        return self.number == 1


ALONE = Place(1, 1)


class Counted(IntEnum):
    """What is counted of a caller at this moment."""

    CALLS = 0
    STREAMS = 1
    WAITING = 2


def new_memory(of: int) -> int:
    """Descriptor of empty memory for `of` processes; it is gone with the last of them."""
    memory = os.memfd_create("gongzhi-counts")
    os.ftruncate(memory, _bytes(of))
    return memory


class Counts:
    """A row for each caller: the moment its bucket is full (monotonic seconds), and its calls in each process."""

    def __init__(self, place: Place = ALONE, memory: int | None = None) -> None:
        """Maps the memory.

        Args:
            place: Whose cells are written here.
            memory: Made by `new_memory`; None for a process that shares its callers with no other.
        """
        self.place = place
        self._memory = memory
        mapped = memoryview(mmap.mmap(-1 if memory is None else memory, _bytes(place.of)))
        keys, full = _ROWS * _KEY_BYTES, _ROWS * 8
        self._keys = mapped[:keys]
        self._full_at_s = mapped[keys : keys + full].cast("d")
        self._cells = mapped[keys + full :].cast("I")
        self._rows: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def row(self, caller: bytes) -> int:
        """The row of a caller, the same in every process."""
        row = self._rows.get(caller)
        if row is None:
            with self.locked():
                row = self._rows[caller] = self._find(blake2b(caller, digest_size=_KEY_BYTES).digest())
        return row

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Held by one thread of one process at a time; freed where that process dies."""
        with self._lock:
            if self._memory is not None:
                fcntl.lockf(self._memory, fcntl.LOCK_EX)
            try:
                yield
            finally:
                if self._memory is not None:
                    fcntl.lockf(self._memory, fcntl.LOCK_UN)

    def full_at_s(self, row: int) -> float:
        """When the bucket will be full, if nothing more is taken; to be asked while `locked`."""
        return self._full_at_s[row]

    def set_full_at_s(self, row: int, moment_s: float) -> None:
        """Changes that moment, while `locked`."""
        self._full_at_s[row] = moment_s

    def put(self, row: int, what: Counted, number: int) -> None:
        """Says how many this process has; one thread at a time."""
        self._cells[self._first(row, what) + self.place.number - 1] = number

    def own(self, row: int, what: Counted) -> int:
        """How many this process has."""
        return self._cells[self._first(row, what) + self.place.number - 1]

    def total(self, row: int, what: Counted) -> int:
        """How many all processes have."""
        first = self._first(row, what)
        return sum(self._cells[first : first + self.place.of])

    def forget(self, number: int) -> None:
        """Empties the cells of a process that is gone."""
        cells = self._cells[number - 1 :: self.place.of]
        cells[:] = memoryview(bytes(len(cells) * 4)).cast("I")

    def _find(self, key: bytes) -> int:
        first = int.from_bytes(key) % _ROWS
        for step in range(_PROBES):
            row = (first + step) % _ROWS
            place = self._keys[row * _KEY_BYTES : (row + 1) * _KEY_BYTES]
            if place == key:
                return row
            if place == _NO_KEY:
                place[:] = key
                return row
        return first

    def _first(self, row: int, what: Counted) -> int:
        return (what * _ROWS + row) * self.place.of


def _bytes(of: int) -> int:
    return _ROWS * (_KEY_BYTES + 8 + 4 * len(Counted) * of)
