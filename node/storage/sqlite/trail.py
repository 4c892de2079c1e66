"""`trail.db`: acts of administration: who did what, when, from where, with what result (GB/T 22239-2019, 8.1.4.3).

Rows are only added. Triggers refuse to change or delete one, and each row holds the SHA-256 of itself and the row
before: whoever alters the file by other means breaks the chain. Nothing here deletes a row: they are kept longer than
the six months that the Cybersecurity Law asks for (Art 21).
"""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from node.folder.files import require_writable
from node.storage.sqlite.errors import storage_error
from node.storage.sqlite.query_db import open_query_database
from node.storage.sqlite.schema import Connection, Error, open_reader, read_migrations

migrations = read_migrations("trail")

_FIRST = bytes(32)


class Act(NamedTuple):
    """The beginning or the end of an act of administration; the columns of the table, in order.

    Attributes:
        at_ms: When it began or ended.
        who: "os:NAME" of this machine, or "officer:NAME" and the like by certificate.
        place: The terminal, or the address that called.
        what: The command or call.
        about: What it was done to: a name, a city, a record id.
        result: "begun"; at its end "done", a reason code, or "exit N".
    """

    at_ms: int
    who: str
    place: str
    what: str
    about: str
    result: str


class Numbered(NamedTuple):
    """An act as it stands in the trail."""

    number: int
    act: Act
    link: bytes


class Trail:
    """Adds to the trail of one node; any process of the machine may."""

    def __init__(self, data_dir: Path) -> None:
        """Opens, or makes, the trail.

        Raises:
            NodeError: STORAGE_FULL, STORAGE_CORRUPT and the like: it cannot be written, so nothing may be done.
        """
        path = data_dir / "trail.db"
        is_new = not path.exists()
        require_writable(*data_dir.glob("trail.db*"))
        self._lock = Lock()
        self._connection = open_query_database(path, migrations)
        if is_new and os.geteuid() == 0:  # root beside a node of another user, who goes on with it
            owner = data_dir.stat()
            for each in data_dir.glob("trail.db*"):
                os.chown(each, owner.st_uid, owner.st_gid)

    def add(self, act: Act) -> None:
        """Adds an act; durable when this returns.

        Raises:
            NodeError: STORAGE_FULL and the like.
        """
        with self._lock:
            try:
                _insert(self._connection, act)
            except Error as error:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise storage_error(error, "trail.db") from None

    def close(self) -> None:
        """Closes the file."""
        self._connection.close()


def _insert(connection: Connection, act: Act) -> None:
    connection.execute("BEGIN IMMEDIATE")
    row = connection.execute("SELECT link FROM act ORDER BY number DESC LIMIT 1").fetchone()
    link = _link(row[0] if row else _FIRST, act)
    connection.execute(
        "INSERT INTO act (at_ms, who, place, what, about, result, link) VALUES (?, ?, ?, ?, ?, ?, ?)", (*act, link)
    )
    connection.execute("COMMIT")


def read_trail(data_dir: Path, since_ms: int = 0) -> list[Numbered]:
    """The acts since a moment, the oldest first; none where there is no trail yet."""
    if not (data_dir / "trail.db").exists():
        return []
    with closing(open_reader(data_dir / "trail.db")) as connection:
        return list(_read(connection, since_ms))


def first_broken(data_dir: Path) -> int | None:
    """The number of the first act that is not the one that was written, or before which one is missing; else None.

    Acts cut off at the end leave no gap: compare the newest link with one that was exported before.
    """
    link, number = _FIRST, 0
    for each in read_trail(data_dir):
        link, number = _link(link, each.act), number + 1
        if each.link != link or each.number != number:
            return each.number
    return None


def _read(connection: Connection, since_ms: int) -> Iterator[Numbered]:
    rows = connection.execute(
        "SELECT number, at_ms, who, place, what, about, result, link FROM act WHERE at_ms >= ? ORDER BY number",
        (since_ms,),
    )
    for number, *columns, link in rows:
        yield Numbered(number, Act(*columns), link)


def _link(before: bytes, act: Act) -> bytes:
    return sha256(before + json.dumps(act, ensure_ascii=False).encode()).digest()
