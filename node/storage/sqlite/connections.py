"""Connections to read a database by: one a thread, opened when it is first asked for."""

import threading
from pathlib import Path

from node.storage.sqlite.schema import Connection, open_reader


class Connections:
    """The read-only connections to one database; for any number of threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()

    def current(self) -> Connection:
        """The calling thread's connection."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = open_reader(self._path)
        return connection
