"""Clocks that a test sets."""

NOW_MS = 1_790_000_000_000
HOUR_MS = 3_600_000


class SetClock:
    """A clock that stands until it is set."""

    def __init__(self, now_ms: int = NOW_MS) -> None:
        self._at_ms = now_ms
        self._elapsed_ms = 0

    @property
    def at_ms(self) -> int:
        return self._at_ms

    @at_ms.setter
    def at_ms(self, at_ms: int) -> None:
        self.pass_ms(max(0, at_ms - self._at_ms))
        self._at_ms = at_ms

    def pass_ms(self, ms: int) -> None:
        """Lets time pass by the clock that nobody sets alone."""
        self._elapsed_ms += ms

    def now_ms(self) -> int:
        return self.at_ms

    def elapsed_s(self) -> float:
        return self._elapsed_ms / 1000
