"""A process and all that it started: what they take together, by Linux's /proc."""

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

_CPUCLOCK_SCHED = 2  # of linux/posix-timers.h
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_LOOK_S = 0.5


def family(pid: int) -> Iterator[int]:
    """The process and its descendants that live."""
    yield pid
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children = path.read_text().split()
        except OSError:  # the thread has ended
            continue
        for child in children:
            yield from family(int(child))


def cpu_s(pid: int) -> float:
    """Processor time of a family so far, user and system, by its processes' clocks (clock_getcpuclockid(3)).

    They count nanoseconds; /proc/PID/stat counts ticks of 10 ms and reads a short run as nothing.
    """
    return sum(time.clock_gettime(~each << 3 | _CPUCLOCK_SCHED) for each in family(pid))


def memory_mb(pid: int, name: str) -> float:
    """Memory of a family by a name of /proc/PID/status: VmRSS now, VmHWM at most."""
    kib = 0
    for each in family(pid):
        status = dict(line.split(":", 1) for line in Path(f"/proc/{each}/status").read_text().splitlines())
        kib += int(status[name].split()[0])
    return round(kib / 1024, 1)


class PeakMemory:
    """The most resident memory that this process and all it starts hold at one time, looked at twice a second."""

    def __init__(self) -> None:
        self.mb = 0.0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: TracebackType | type[BaseException] | BaseException | None) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        is_over = False
        while not is_over:
            held = sum(map(_resident_bytes, family(os.getpid())))
            self.mb = max(self.mb, round(held / 2**20, 1))
            is_over = self._ended.wait(_LOOK_S)


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    except OSError:  # it has ended
        return 0
