"""The time of a node, and what it says of it."""

from functools import partial

import structlog

from node.config import Config
from node.control.v1 import control_pb2
from node.core.calendar import Calendar
from node.ports import Clock
from node.storage.clock import ShiftedClock, node_clock

_log = structlog.get_logger(__name__)


def build_clock(config: Config, role: str) -> Clock:
    """The clock of a process; one that a file shifts is logged as a warning, at the start and at each change.

    Raises:
        FileError: INVALID_CONFIG, the file holds no number of seconds.
    """
    return node_clock(config, partial(_warn, config, role))


def describe_clock(clock: Clock, calendar: Calendar) -> control_pb2.Clock:
    """What `gongzhi status` says of a node's time."""
    said = control_pb2.Clock(now_ms=clock.now_ms(), calendar=calendar.version)
    if isinstance(clock, ShiftedClock):
        said.offset_file, said.offset_s = str(clock.path.resolve()), round(clock.offset_s)
    return said


def _warn(config: Config, role: str, offset_s: float) -> None:
    _log.warning("clock_shifted_by_a_file", city=config.city, role=role, offset_s=offset_s)
