"""Which log a data folder holds: its founding id, written in `node.db` and beside the keys that sign it.

A log that is begun a second time under the same key is a fork: every peer that holds the first freezes it for good. So
a node never makes its log when it starts: `gongzhi init` founds it, and a node whose data folder lacks it, or holds
another, does not start. See docs/decisions/0017-founding.md.
"""

import secrets
from collections.abc import Iterator
from contextlib import closing
from enum import Enum
from typing import NamedTuple

from node.config import Config
from node.core.log.checkpoint import log_name, verify_checkpoint
from node.core.members.federation import Member
from node.errors import FileError, NodeError, Reason
from node.folder.founding import MARK, read_mark, remove_mark, write_mark
from node.folder.keyfile import Passphrase, environment_passphrase, load_log_key
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.errors import translated
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.schema import Connection, open_reader
from node.storage.sqlite.store import Store

_ID_BYTES = 16
_INSERT = "INSERT INTO founding (id) VALUES (?)"


def found_log(config: Config, clock: Clock, passphrase: Passphrase = environment_passphrase) -> None:
    """Makes an empty log under the node's key, and marks the keys with it.

    Raises:
        NodeError: INVALID_ARGUMENT, there is a database already; INVALID_KEY; STORAGE_FULL.
    """
    if config.node_db.exists():
        raise FileError(Reason.INVALID_ARGUMENT, str(config.node_db), _("exists already: a log is never overwritten"))
    remove_mark(config)
    store = Store(config.node_db, config.city, load_log_key(config.log_key, passphrase), clock)
    try:
        settle_founding(config, store)
    finally:
        store.close()


def settle_founding(config: Config, store: Store) -> None:
    """Writes the founding id where it is still missing: into the database, or beside the keys if they can be written.

    Both lack it in a node that an earlier release made, one of them after a restore.
    """
    marked, stored = read_mark(config), _read_stored(store.connection)
    founding = stored or marked or secrets.token_hex(_ID_BYTES)
    if not stored:
        store.submit(lambda connection: connection.execute(_INSERT, (founding,))).result()
    if not marked:
        write_mark(config, founding)


def check_founding(config: Config, own: Member) -> None:
    """Checks that the data folder holds the log of these keys.

    Raises:
        NodeError: DATA_LOST, it holds none, or another; STORAGE_CORRUPT.
    """
    if not config.node_db.exists():
        raise _lost(
            config, _("is missing, but {keys}/ holds the keys of a log that was founded", keys=config.keys.name)
        )
    with translated(str(config.node_db)), closing(open_reader(config.node_db)) as connection:
        for fault in _log_faults(config, own, connection):
            raise _lost(config, _text(config, fault))


class WrongLog(Enum):
    """What may be wrong with the database of a node."""

    NONE = 1
    FOREIGN = 2
    OTHER_KEY = 3
    OTHER_FOUNDING = 4


class LogFault(NamedTuple):
    """Why a database does not hold the log of a node's keys; `detail` is the city whose log it is, or a reason."""

    kind: WrongLog
    detail: str = ""


def log_faults(config: Config, own: Member | None, reader: Reader) -> Iterator[LogFault]:
    """Why a database does not hold the log of a node's keys; nothing where it does.

    Args:
        config: Of the node.
        own: Its own card; without it nobody can tell whose key signed.
        reader: Of its store.
    """
    return _log_faults(config, own, reader.connection)


def _log_faults(config: Config, own: Member | None, connection: Connection) -> Iterator[LogFault]:
    own_log = _read_own(connection)
    if own_log is None:
        yield LogFault(WrongLog.NONE)
        return
    city, checkpoint = own_log
    if city != config.city:
        yield LogFault(WrongLog.FOREIGN, city)
    elif own is not None:
        try:
            verify_checkpoint(checkpoint or b"", log_name(city), own.log_keys)
        except NodeError as error:
            yield LogFault(WrongLog.OTHER_KEY, error.reason)
    marked, stored = read_mark(config), _read_stored(connection)
    if marked and stored and marked != stored:
        yield LogFault(WrongLog.OTHER_FOUNDING)


def _text(config: Config, fault: LogFault) -> str:
    match fault.kind:
        case WrongLog.NONE:
            return _("holds no log, but {keys}/ holds the keys of one that was founded", keys=config.keys.name)
        case WrongLog.FOREIGN:
            return _("is the log of {city}; this node is {own}", city=fault.detail, own=config.city)
        case WrongLog.OTHER_KEY:
            return _("no key on the card of {city} signed this log ({reason})", city=config.city, reason=fault.detail)
        case WrongLog.OTHER_FOUNDING:
            return _("is not the log whose founding {mark} records", mark=f"{config.keys.name}/{MARK}")


def _read_own(connection: Connection) -> tuple[str, bytes | None] | None:
    """City and checkpoint of the own log; None where the database has none."""
    if not _has(connection, "origin"):
        return None
    row = connection.execute("SELECT city, checkpoint FROM origin WHERE number = ?", (OWN,)).fetchone()
    return (row[0], row[1]) if row else None


def _read_stored(connection: Connection) -> str:
    if not _has(connection, "founding"):
        return ""
    row = connection.execute("SELECT id FROM founding").fetchone()
    return str(row[0]) if row else ""


def _has(connection: Connection, table: str) -> bool:
    rows = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?", (table,))
    return rows.fetchone() is not None


def _lost(config: Config, why: str) -> FileError:
    text = _("{why}: mount the right volume or restore a backup; docs/operations.md (The data folder is lost)", why=why)
    return FileError(Reason.DATA_LOST, str(config.node_db), text)
