"""The one writer: a thread with the one writing connection. Jobs that wait together share one commit."""

import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.errors import storage_error
from node.storage.sqlite.schema import Connection, Error, open_writer

MAX_GROUP = 64
# Under load a commit follows the one before it no sooner, and takes all that came meanwhile; an idle node never waits.
MIN_COMMIT_INTERVAL_S = 0.03
_Result = TypeVar("_Result")


class _Job(NamedTuple):
    run: Callable[[Connection], Any]
    future: "Future[Any]"
    is_patient: bool


class Submit(Protocol):
    """`Writer.submit`, as those who only hand in jobs are given it."""

    def __call__(self, job: Callable[[Connection], _Result], *, is_patient: bool = True) -> "Future[_Result]":
        """Queues a job."""


class Participant(Protocol):
    """Takes part in every commit: writes what a group of jobs amounts to, and learns how it ended."""

    def before_commit(self, connection: Connection) -> None:
        """Runs in the transaction, after its last job."""

    def after_commit(self) -> None:
        """The transaction is durable."""

    def after_rollback(self) -> None:
        """Nothing of the transaction happened."""


class Writer:
    """Runs jobs in order; a job's future is resolved once its transaction is durable (fsync)."""

    def __init__(self, path: Path) -> None:
        self.connection = open_writer(path)
        self._path = path
        self._files = _identities(path)
        self.participants: list[Participant] = []
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closed = False
        self._between = threading.Lock()
        self._committed_at_s = -MIN_COMMIT_INTERVAL_S
        self._thread = threading.Thread(target=self._run, name="writer", daemon=True)

    def start(self) -> None:
        """Begins to take jobs; until then the caller's own thread may use the connection."""
        self._thread.start()

    def submit(self, job: Callable[[Connection], _Result], *, is_patient: bool = True) -> "Future[_Result]":
        """Queues a job; a patient one may wait a moment, under load, for others to share its commit.

        The future raises what the job raised (the job's writes are undone, the others' stand), or NodeError
        STORAGE_FULL / STORAGE_CORRUPT where the whole group could not be committed.
        """
        future: Future[_Result] = Future()
        if self._closed:
            future.set_exception(NodeError(Reason.UNAVAILABLE, _("the node is stopping")))
        else:
            self._jobs.put(_Job(job, future, is_patient))
        return future

    def close(self) -> None:
        """Finishes the queued jobs, then closes the connection."""
        self._closed = True
        self._jobs.put(None)
        if self._thread.is_alive():
            self._thread.join()
        self.connection.close()

    def _run(self) -> None:
        stopping = False
        while not stopping:
            group, stopping = self._next_group()
            if group:
                self._commit(group)

    def _next_group(self) -> tuple[list[_Job], bool]:
        group: list[_Job] = []
        item = self._jobs.get()
        while item is not None:
            group.append(item)
            wait_s = self._committed_at_s + MIN_COMMIT_INTERVAL_S - time.monotonic() if item.is_patient else 0
            if len(group) == MAX_GROUP or (wait_s <= 0 and self._jobs.empty()):
                return group, False
            try:
                item = self._jobs.get(timeout=max(wait_s, 0))
            except queue.Empty:
                return group, False
        return group, True

    def check_file(self) -> None:
        """Checks that the database and its write-ahead log are still the files that were opened.

        Raises:
            NodeError: DATA_LOST, one was unlinked, or another stands in its place.
        """
        if _identities(self._path) != self._files:
            text = _(
                "{path} or its -wal was deleted or replaced while the node ran: new records would be lost",
                path=self._path,
            )
            raise NodeError(Reason.DATA_LOST, text)

    def run_alone(self, work: Callable[[Connection], None]) -> None:
        """Runs `work` between two transactions, in the calling thread, while the writer waits."""
        with self._between:
            work(self.connection)

    def _commit(self, group: list[_Job]) -> None:
        with self._between:
            self._commit_alone(group)

    def _commit_alone(self, group: list[_Job]) -> None:
        try:
            self.connection.execute("BEGIN IMMEDIATE")
            outcomes = [self._attempt(job.run) for job in group]
            for participant in self.participants:
                participant.before_commit(self.connection)
            self.connection.execute("COMMIT")
            self.check_file()  # what is not in the file that the next start will find is not acknowledged
            self._committed_at_s = time.monotonic()
        except Exception as error:  # noqa: BLE001  whatever it was, nothing of the group is durable
            self._roll_back(group, error)
            return
        for participant in self.participants:
            participant.after_commit()
        for job, (result, failure) in zip(group, outcomes, strict=True):
            if failure is None:
                job.future.set_result(result)
            else:
                job.future.set_exception(failure)

    def _attempt(self, job: Callable[[Connection], Any]) -> tuple[Any, Exception | None]:
        self.connection.execute("SAVEPOINT job")
        try:
            result = job(self.connection)
        except Error:
            raise
        except Exception as error:  # noqa: BLE001  handed to the job's owner
            self.connection.execute("ROLLBACK TO job")
            self.connection.execute("RELEASE job")
            return None, error
        self.connection.execute("RELEASE job")
        return result, None

    def _roll_back(self, group: list[_Job], error: Exception) -> None:
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        for participant in self.participants:
            participant.after_rollback()
        for job in group:
            job.future.set_exception(storage_error(error))


def _identities(path: Path) -> list[tuple[int, int] | None]:
    """Which files stand there: what is committed is in the write-ahead log alone until the next checkpoint."""
    return [_identity(each) for each in (path, path.with_name(f"{path.name}-wal"))]


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        stat = path.stat()
    except OSError:
        return None
    return stat.st_dev, stat.st_ino
