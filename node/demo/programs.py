"""The project's own programs as subprocesses that outlive neither the demonstration nor its crash."""

import ctypes
import os
import signal
import subprocess
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_STOP_S = 45.0
_LOG_LINES = 15
# Loaded before any fork: between fork and exec only the call itself is safe.
_LIBC = ctypes.CDLL(None)


class Program:
    """A running program; what it prints goes into files.

    Attributes:
        log: Its standard error.
        output: Its standard output.
    """

    def __init__(self, name: str, arguments: Sequence[str | Path], log: Path, *, ends_with_us: bool = False) -> None:
        """Starts `name` of this installation.

        Args:
            name: "gongzhi" or "gongzhi-adapter".
            arguments: Of the program.
            log: Where its standard error goes.
            ends_with_us: It is sent SIGTERM even when this process is killed. Only before gRPC is used: this forks.
        """
        self.log = log
        self.output = log.with_suffix(".out")
        command = [Path(sysconfig.get_path("scripts")) / name, *arguments]
        with self.output.open("wb") as output, self.log.open("wb") as errors:
            # A session of its own: Ctrl-C reaches the demonstration alone, which then stops everything in order.
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=errors,
                start_new_session=True,
                preexec_fn=_end_with_parent if ends_with_us else None,  # noqa: PLW1509 - one call, no lock taken
            )

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._process.poll()

    def ask_to_stop(self) -> None:
        """Sends SIGTERM."""
        if self.exit_code is None:
            self._process.terminate()

    def wait(self) -> int:
        """Waits for its end and returns its exit code; kills what has not ended after `_STOP_S` seconds."""
        try:
            code = self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._kill_all()
            return self._process.wait()
        if code < 0:  # killed, so it may not have ended its own children
            self._kill_all()
        return code

    def kill(self) -> None:
        """Sends SIGKILL to it and to its children, and waits for its end."""
        self._kill_all()
        self._process.wait()

    def _kill_all(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def last_lines(self) -> str:
        """The end of its log."""
        lines = self.log.read_text("utf-8", errors="replace").splitlines()
        return "\n".join(f"  {line}" for line in lines[-_LOG_LINES:]) or "  (its log is empty)"


def _end_with_parent() -> None:
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
