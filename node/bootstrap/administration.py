"""Notes acts of administration that come by a call in the trail."""

import time
from pathlib import Path

import structlog

from node.errors import NodeError
from node.ports import Clock
from node.storage.sqlite.trail import Act, Trail

_log = structlog.get_logger(__name__)

# Of what a caller is refused again and again the trail has one note in this time.
_REFUSAL_S = 60.0


class Administration:
    """What officers do to the running node, in `trail.db` and in the log."""

    def __init__(self, data_dir: Path, clock: Clock) -> None:
        self._clock = clock
        self._trail = Trail(data_dir)
        self._refused: dict[tuple[str, str], float] = {}

    def note(self, who: str, place: str, what: str, about: str, result: str) -> None:
        """Notes an act that has ended: it is done, whether the disk takes the note or not.

        It is not noted before it begins: a caller who is refused again and again would fill the disk with beginnings.
        Of refused calls the trail notes at most one a minute for a caller and a method. What the trail does not take
        is in the log.
        """
        if result != "done" and not self._is_first_refusal(who, what):
            return
        try:
            self._trail.add(Act(self._clock.now_ms(), who, place, what, about, result))
        except NodeError as error:
            _log.error("trail_not_written", reason=error.reason)
        _log.info("administered", who=who, place=place, what=what, about=about, result=result)

    def close(self) -> None:
        """Closes the trail."""
        self._trail.close()

    def _is_first_refusal(self, who: str, what: str) -> bool:
        now_s = time.monotonic()
        if now_s - self._refused.get((who, what), -_REFUSAL_S) < _REFUSAL_S:
            return False
        self._refused[who, what] = now_s  # as many as there are pinned callers and methods
        return True
