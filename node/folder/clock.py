"""The time as a node reads it: the machine's, or for tests and exercises the machine's shifted by what a file says."""

import time
from collections.abc import Callable
from math import nan
from pathlib import Path

from node.config import Config
from node.errors import FileError, Reason
from node.folder.files import read_text
from node.folder.trust import ReloadingFile
from node.messages import _
from node.ports import Clock

OnShift = Callable[[float], None]
# Both processes of a node follow a change of the file within this time.
RECHECK_S = 0.2
# A hundred years: beyond the years that dates can hold nothing can be computed.
_MAX_OFFSET_S = 100 * 366 * 24 * 3600


class SystemClock:
    """The machine's clock."""

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return time.time_ns() // 1_000_000

    def elapsed_s(self) -> float:
        """Seconds of the machine's monotonic clock."""
        return time.monotonic()


class ShiftedClock(SystemClock):
    """The machine's clock and as many seconds as the newest good content of a file says; a missing file says none."""

    def __init__(self, path: Path, report: OnShift = lambda _: None) -> None:
        """Reads the file.

        Args:
            path: Holds a signed number of seconds.
            report: Told the seconds now and whenever they change.

        Raises:
            FileError: INVALID_CONFIG; while it runs, a bad content is refused in the log and changes nothing.
        """

        def load(file: Path) -> float:
            offset_s = _read_offset_s(file)
            report(offset_s)
            return offset_s

        self.path = path
        self._offset_s = ReloadingFile(path, load, RECHECK_S)

    @property
    def offset_s(self) -> float:
        """Seconds ahead of the machine's clock."""
        return self._offset_s.current()

    def now_ms(self) -> int:
        """Unix milliseconds."""
        return super().now_ms() + round(self.offset_s * 1000)


def node_clock(config: Config, report: OnShift = lambda _: None) -> Clock:
    """The clock that a node's configuration asks for.

    Raises:
        FileError: As `ShiftedClock`.
    """
    return SystemClock() if config.clock is None else ShiftedClock(config.clock.offset_file, report)


def _read_offset_s(path: Path) -> float:
    if not path.exists():
        return 0
    text = read_text(path, Reason.INVALID_CONFIG).strip()
    try:
        offset_s = float(text)
    except ValueError:
        offset_s = nan
    if not abs(offset_s) <= _MAX_OFFSET_S:  # nor is anything of it "not a number"
        message = _("must hold a number of seconds from -{most} to {most}, e.g. -3600", most=_MAX_OFFSET_S)
        raise FileError(Reason.INVALID_CONFIG, str(path), message)
    return offset_s
