"""The time of a node, and what it says of it."""

import time
from functools import partial

import structlog

from node.config import Config
from node.core.law.calendar import Calendar
from node.folder.clock import ShiftedClock, node_clock
from node.ports import Clock
from node.stubs.control.v1 import control_pb2

# What NTP corrects in a second or two without a step is less.
_STEP_S = 1.0
_log = structlog.get_logger(__name__)


def build_clock(config: Config, role: str) -> Clock:
    """The clock of a process; one that a file shifts is logged as a warning, at the start and at each change.

    Raises:
        FileError: INVALID_CONFIG, the file holds no number of seconds.
    """
    return node_clock(config, partial(_warn, config, role))


def describe_clock(clock: Clock, calendar: Calendar) -> control_pb2.Clock:
    """What `gongzhi status` says of a node's time."""
    description = control_pb2.Clock(now_ms=clock.now_ms(), calendar=calendar.version)
    if isinstance(clock, ShiftedClock):
        description.offset_file, description.offset_s = str(clock.path.resolve()), round(clock.offset_s)
    return description


class ClockSteps:
    """Tells the log when the machine's clock was put forward or back: days and terms go by it."""

    def __init__(self) -> None:
        self._ahead_s = _ahead_s()

    def look(self) -> None:
        """Compares the wall clock with the one that nobody sets."""
        ahead_s = _ahead_s()
        step_s, self._ahead_s = ahead_s - self._ahead_s, ahead_s
        if abs(step_s) > _STEP_S:
            _log.warning("clock_stepped", seconds=round(step_s, 1))


def _ahead_s() -> float:
    return time.time() - time.monotonic()


def _warn(config: Config, role: str, offset_s: float) -> None:
    _log.warning("clock_shifted_by_a_file", city=config.city, role=role, offset_s=offset_s)
