"""`usage.db`: who asked what, why, and what was answered (Decree 809 Art 29). Nothing here deletes a row.

Answers may leave before their usage record is durable, at most one group commit (about 50 ms) before; a disk that
fails or cannot keep up refuses further questions. See docs/decisions/0005-usage.md.
"""

import queue
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from prometheus_client import Counter, Gauge

from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.errors import storage_error
from node.storage.sqlite.query_db import open_query_database
from node.storage.sqlite.rows import insert_rows
from node.storage.sqlite.schema import Connection, Error, read_migrations

GROUP_S = 0.02
RETRY_S = 1.0
_WRITTEN = Counter("gongzhi_usage_records", "Usage records written")
_WAITING = Gauge("gongzhi_usage_records_waiting", "Usage records not yet written", multiprocess_mode="livesum")
MAX_WAITING = 20_000
migrations = read_migrations("usage")


class Usage(NamedTuple):
    """One use of the node; the columns of the table, in order."""

    at_ms: int
    kind: str
    name: str
    rpc: str
    purpose: str
    legal_basis: str
    questions: int
    subject: str | bytes
    cities: str
    result: str


_INSERT = "INSERT INTO usage (at_ms, kind, name, rpc, purpose, legal_basis, questions, subject, cities, result) VALUES "


class UsageLog:
    """Writes usage records in groups, on a thread of its own."""

    def __init__(self, path: Path, max_waiting: int = MAX_WAITING) -> None:
        self._connection = open_query_database(path, migrations)
        self._max_waiting = max_waiting
        self._waiting: queue.SimpleQueue[Usage] = queue.SimpleQueue()
        self._failure: NodeError | None = None
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="usage", daemon=True)
        self._thread.start()

    def note(self, usage: Usage) -> None:
        """Queues a usage record, durable within about 50 ms.

        Raises:
            NodeError: The question must not be answered: STORAGE_FULL or STORAGE_CORRUPT, earlier records could not
                be written; UNAVAILABLE, more wait than the disk can take, or the node is stopping.
        """
        if self._failure is not None:
            raise self._failure
        if self._stopping.is_set() or self._waiting.qsize() >= self._max_waiting:
            raise NodeError(Reason.UNAVAILABLE, _("cannot record usage now: ask again later"))
        self._waiting.put(usage)

    def close(self) -> None:
        """Writes what waits, then closes."""
        self._stopping.set()
        self._thread.join()
        self._connection.close()

    def _run(self) -> None:
        group: list[Usage] = []
        while not (self._stopping.is_set() and self._waiting.empty()):
            group += self._gather()
            if self._write(group):
                group = []
            elif self._stopping.wait(RETRY_S):
                return

    def _gather(self) -> list[Usage]:
        """Waits for a record, then for those that come within the time of a group."""
        try:
            first = self._waiting.get(timeout=GROUP_S)
        except queue.Empty:
            return []
        self._stopping.wait(GROUP_S)
        return [first, *(self._waiting.get() for _ in range(self._waiting.qsize()))]

    def _write(self, group: Sequence[Usage]) -> bool:
        if group:
            try:
                _insert(self._connection, group)
            except Error as error:
                failure = storage_error(error)
                self._failure = failure if isinstance(failure, NodeError) else None
                return False
            _WRITTEN.inc(len(group))
        self._failure = None
        _WAITING.set(self._waiting.qsize())
        return True


def _insert(connection: Connection, group: Sequence[Usage]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        insert_rows(connection, _INSERT, group)
        connection.execute("COMMIT")
    except Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
