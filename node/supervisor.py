"""A node is processes under a thin supervisor: `node` writes, `query`, one or more, answers; none waits for another."""

import ctypes
import gc
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from socket import socket
from traceback import extract_tb
from types import FrameType
from typing import NamedTuple, NoReturn

import structlog
from structlog.typing import EventDict, WrappedLogger

from node.config import Config
from node.errors import NodeError, Reason
from node.rpc.counts import ALONE, Counts, Place, new_memory

ROLES = ("node", "query")
_STOP_S = 20.0
_RESTART_S = 1.0
_LOOK_S = 0.5
# The writer comes back from SQLite to a thread that verifies: it must not wait Python's usual 5 ms for its turn.
_SWITCH_S = 0.0005
_GC_ALLOCATIONS = 50_000
_MAX_RESTARTS = 5
_RESTART_WINDOW_S = 60.0
_PR_SET_PDEATHSIG = 1
_CANNOT_START = 2
_METRICS_BYTES = 256 * 1024
_log = structlog.get_logger(__name__)


def configure_logging(level: str, place: Place = ALONE) -> None:
    """JSON lines on standard error; of several query processes each says which it is."""
    which: EventDict = {"process": place.number} if place.of > 1 else {}
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            lambda _logger, _method, event: {**event, **which},
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _without_values,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),  # a line is one write: others write there too
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OthersLines(which))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
    threading.excepthook = lambda args: _log.error("thread_died", exc_info=args.exc_value)
    sys.excepthook = lambda _, error, __: _log.error("process_failed", exc_info=error)


def tune_interpreter(role: str) -> None:
    """For a process that moves many small objects; what answers many at once is better off with Python's own pace."""
    if role == "node":
        sys.setswitchinterval(_SWITCH_S)
    gc.freeze()  # what start-up made stays: no collection looks at it again
    gc.set_threshold(_GC_ALLOCATIONS, 20, 100)


class _OthersLines(logging.Formatter):
    """What libraries log: who and where. Their texts are not ours to vouch for."""

    def __init__(self, which: EventDict) -> None:
        super().__init__()
        self._which = which

    def format(self, record: logging.LogRecord) -> str:
        event: EventDict = {
            "event": "library",
            "logger": record.name,
            "level": record.levelname.lower(),
            "at": f"{record.filename}:{record.lineno}",
            "exc_info": record.exc_info[1] if record.exc_info else None,
            **self._which,
        }
        return json.dumps(_without_values(None, "", event))


def _without_values(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Of an exception its type and where it rose; its text may hold what a record says of a person."""
    exception = event.pop("exc_info", None)
    error = sys.exc_info()[1] if exception is True else exception
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["frames"] = [f"{Path(at.filename).name}:{at.lineno} {at.name}" for at in extract_tb(error.__traceback__)]
    return event


class Supervised(NamedTuple):
    """What a process of the node has from its supervisor.

    Attributes:
        pid: of the supervisor, with which it ends.
        lock: descriptor that holds the data folder (`hold_data`).
        counts: descriptor of what the query processes count together (`new_memory`).
        place: which of the query processes this is.
    """

    pid: int
    lock: int
    counts: int
    place: Place


def run_role(config: Config, role: str, supervised: Supervised | None) -> None:
    """Runs one process of the node until SIGTERM or SIGINT, or until its supervisor (its parent) is gone.

    Args:
        config: Of the node.
        role: Which process.
        supervised: None where no supervisor has taken the data folder for it.

    Raises:
        SystemExit: It could not start; its log says why.
    """
    _end_with(supervised.pid if supervised else os.getppid())
    configure_logging(config.log_level, supervised.place if supervised else ALONE)
    try:
        _reserve_metrics()
        from node.bootstrap import build_role  # noqa: PLC0415 - the supervisor itself needs none of it

        counts = Counts(supervised.place, supervised.counts) if supervised and role == "query" else None
        process = build_role(config, role, supervised.lock if supervised else None, counts)
    except NodeError as error:
        _cannot_start(role, error.reason, error.message)
    except OSError as error:
        _cannot_start(role, Reason.INTERNAL, f"{error.filename or config.data_dir}: {error.strerror}")
    stopped = StopSignal()  # until here nothing is under way that a signal could not end at once
    process.start()
    tune_interpreter(role)
    _log.info("ready", role=role, city=config.city)
    failure: NodeError | None = None
    while failure is None and not stopped.wait(_LOOK_S):  # a signal is seen when the main thread runs
        try:
            process.check()
        except NodeError as error:
            failure = error
            _log.error("cannot_go_on", role=role, reason=error.reason, message=error.message)
    _log.info("stopping", role=role, city=config.city)
    _end_within(_STOP_S)
    process.stop()
    if failure is not None:
        raise SystemExit(_CANNOT_START)


def _end_with(supervisor: int) -> None:
    """Has this process end with its supervisor, also where that ended before this was asked for."""
    for each in (signal.SIGTERM, signal.SIGINT):
        signal.signal(each, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor:
        raise SystemExit(_CANNOT_START)


def _end_within(seconds: float) -> None:
    """Ends this process where stopping in order takes longer; nobody else may be left to do it."""
    timer = threading.Timer(seconds, os._exit, (1,))
    timer.daemon = True
    timer.start()


def _cannot_start(role: str, reason: Reason, message: str) -> NoReturn:
    _log.error("cannot_start", role=role, reason=reason, message=message)
    raise SystemExit(_CANNOT_START) from None


def supervise(node_dir: Path, config: Config) -> None:
    """Starts the processes, serves /metrics, restarts a process that dies, ends when told to.

    Raises:
        NodeError: The node cannot start, or runs already; nothing was started and nothing of it was changed.
        SystemExit: A process could not start, or died again and again.
    """
    configure_logging(config.log_level)
    if config.clock is not None:
        _log.warning("clock_shifted_by_a_file", city=config.city, file=str(config.clock.offset_file))
    stopped = StopSignal()
    with _ready(config) as (lock, metrics_socket):
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_fresh_metrics_dir(config))
        os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # its C core writes lines of its own to standard error
        children: list[_Child] = []
        counts, of = new_memory(config.query_count), config.query_count
        places = [("node", ALONE), *(("query", Place(number, of)) for number in range(1, of + 1))]
        try:
            children.extend(
                _Child(node_dir, role, Supervised(os.getpid(), lock, counts, place)) for role, place in places
            )
            # After the children have begun: it takes a moment, and reads the variable above when imported.
            from node.metrics import serve_metrics  # noqa: PLC0415

            serve_metrics(config, metrics_socket)
            while not stopped.wait(0.2):
                for child in children:
                    child.keep_running()
        finally:
            for child in children:
                child.terminate()
            for child in children:
                child.wait()
            _log.info("stopped", city=config.city)


@contextmanager
def _ready(config: Config) -> Iterator[tuple[int, socket]]:
    """What a node needs before it begins: its data folder for itself, its addresses, and files that are right.

    Gives the descriptor that holds the folder, for the processes to inherit, and the socket of /metrics.

    Raises:
        NodeError: As `supervise`.
    """
    from node.folder.data_lock import released  # noqa: PLC0415 - nor does `--role` need it before its own start
    from node.usecases.upkeep.bind_listeners import bind_listeners, hold_for_processes  # noqa: PLC0415
    from node.usecases.upkeep.start_checks import check_start  # noqa: PLC0415

    with released(config.data_dir) as lock, bind_listeners(config.listen) as sockets:
        check_start(config)
        for name, each in sockets.items():
            if name == "query" and config.query_count > 1:
                hold_for_processes(each)
            elif name != "metrics":  # the processes bind theirs again
                each.close()
        yield lock, sockets["metrics"]


class _Child:
    """One process of the node; it inherits `lock`, so that the data folder is held until it has ended."""

    def __init__(self, node_dir: Path, role: str, handed: Supervised) -> None:
        self._handed = handed
        self._name = {"role": role} | ({"process": handed.place.number} if handed.place.of > 1 else {})
        options = {"role": role, "place": "{}/{}".format(*handed.place), "supervisor": handed.pid}
        descriptors = {"lock": handed.lock, "counts": handed.counts}
        words = [word for name, value in (options | descriptors).items() for word in (f"--{name}", str(value))]
        self._command = [sys.executable, "-m", "node.cli.main", "run", "--node", str(node_dir), *words]
        self._deaths: list[float] = []
        self._is_dead = False
        self._process = self._start()

    def keep_running(self) -> None:
        """Starts the process again `_RESTART_S` after it died; gives up where it dies again and again.

        Raises:
            SystemExit: It died more than `_MAX_RESTARTS` times in `_RESTART_WINDOW_S`.
        """
        if self._process.poll() is None:
            return
        if not self._is_dead:
            self._note_death(time.monotonic())
        elif time.monotonic() > self._deaths[-1] + _RESTART_S:
            self._process, self._is_dead = self._start(), False

    def _note_death(self, now: float) -> None:
        from node.metrics import forget_gauges  # noqa: PLC0415 - as above

        self._is_dead = True
        self._deaths = [at for at in self._deaths if at > now - _RESTART_WINDOW_S] + [now]
        _log.error("process_died", **self._name, code=self._process.returncode, times=len(self._deaths))
        if len(self._deaths) > _MAX_RESTARTS or self._process.returncode == _CANNOT_START:
            raise SystemExit(self._process.returncode or 1)
        forget_gauges(self._process.pid)
        if self._name["role"] == "query":
            Counts(self._handed.place, self._handed.counts).forget(self._handed.place.number)

    def terminate(self) -> None:
        """Asks the process to end."""
        if self._process.poll() is None:
            self._process.terminate()

    def wait(self) -> None:
        """Waits for its end; kills it after `_STOP_S`."""
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            _log.error("process_killed", **self._name, after_s=_STOP_S)
            self._process.kill()
            self._process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(self._command, pass_fds=(self._handed.lock, self._handed.counts))  # noqa: S603 - our own command


class StopSignal:
    """Whether SIGTERM or SIGINT asked this process to end.

    Takes no lock: another signal may come while one is handled, and an Event would wait for itself for ever.
    """

    def __init__(self) -> None:
        self._is_asked = False
        for each in (signal.SIGTERM, signal.SIGINT):
            signal.signal(each, self._ask)

    def wait(self, seconds: float) -> bool:
        """Sleeps, unless asked already; returns whether it was asked."""
        if not self._is_asked:
            time.sleep(seconds)
        return self._is_asked

    def _ask(self, _: int, __: FrameType | None) -> None:
        self._is_asked = True


def _fresh_metrics_dir(config: Config) -> Path:
    from node.folder.files import unwritable  # noqa: PLC0415 - as above

    folder = config.data_dir / "metrics"
    try:
        if folder.exists():
            shutil.rmtree(folder)
        folder.mkdir(mode=0o700)
    except OSError as error:
        raise unwritable(folder, error) from None
    return folder


def _reserve_metrics() -> None:
    """Takes the room for this process's counters: they are mapped files, and on a full disk a hole in one kills."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    for kind in ("counter", "histogram", "gauge_livesum") if folder else ():
        with (Path(str(folder)) / f"{kind}_{os.getpid()}.db").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, _METRICS_BYTES)
