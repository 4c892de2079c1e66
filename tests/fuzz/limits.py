"""What a parser may use: processor time and memory, both the process's own, whatever else the machine does."""

import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

SECONDS = 10
BYTES = 512 << 20


class HangError(BaseException):
    """Not an Exception: nothing that is fuzzed may catch it."""


def _raise(_: int, frame: FrameType | None) -> None:
    raise HangError(f"still at work after {SECONDS} s of processor time")


@contextmanager
def limited(seconds: float = SECONDS, memory_bytes: int = BYTES) -> Iterator[None]:
    """Raises HangError after `seconds` of processor time, MemoryError where more than `memory_bytes` are added."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    earlier = signal.signal(signal.SIGPROF, _raise)
    resource.setrlimit(resource.RLIMIT_AS, (_used_bytes() + memory_bytes, hard))
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGPROF, earlier)


def _used_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    return pages * resource.getpagesize()
