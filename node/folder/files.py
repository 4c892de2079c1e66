"""The operator's files, read with a clear error and written whole."""

import errno
import os
from collections.abc import Iterable
from pathlib import Path

from node.core.law.calendar import Calendar, parse_year, vendored_calendar
from node.core.members.clients import Clients, format_clients, parse_clients
from node.core.members.federation import Federation
from node.core.members.federation_file import format_federation, parse_federation
from node.errors import FileError, Reason
from node.messages import _
from node.whole_file import write_file


def unwritable(path: Path, error: OSError) -> FileError:
    """What it means that the operating system did not let `path` be written."""
    is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    reason = Reason.STORAGE_FULL if is_full else Reason.STORAGE_READ_ONLY
    return FileError(reason, str(path), _("cannot be written: {why}", why=error.strerror))


def require_writable(*paths: Path) -> None:
    """Minds a database that may only be read: SQLite opens it all the same, and makes its journal read-only, too.

    Raises:
        FileError: STORAGE_READ_ONLY.
    """
    for path in paths:
        if not os.access(path, os.W_OK):
            raise unwritable(path, PermissionError(errno.EACCES, os.strerror(errno.EACCES)))


def read_text(path: Path, reason: Reason) -> str:
    """The text of a file.

    Raises:
        FileError: It cannot be read.
    """
    try:
        return path.read_text("utf-8")
    except OSError as error:
        raise FileError(reason, str(path), _("cannot be read: {why}", why=error.strerror)) from None
    except UnicodeDecodeError:
        raise FileError(reason, str(path), _("not UTF-8")) from None


def load_federation(path: Path) -> Federation:
    """Reads the federation file.

    Raises:
        FileError: INVALID_FEDERATION.
    """
    return parse_federation(read_text(path, Reason.INVALID_FEDERATION), str(path))


def save_federation(path: Path, federation: Federation) -> None:
    """Replaces the federation file; a running node takes it up by itself.

    Raises:
        FileError: INVALID_FEDERATION, it could not be read again; the old file stays.
    """
    text = format_federation(federation)
    parse_federation(text, str(path))
    write_file(path, text.encode())


def load_clients(path: Path) -> Clients:
    """Reads the clients file.

    Raises:
        FileError: INVALID_CONFIG.
    """
    return parse_clients(read_text(path, Reason.INVALID_CONFIG), str(path))


def save_clients(path: Path, clients: Clients) -> None:
    """Replaces the clients file; a running node takes it up by itself.

    Raises:
        FileError: INVALID_CONFIG, it could not be read again; the old file stays.
    """
    text = format_clients(clients)
    parse_clients(text, str(path))
    write_file(path, text.encode())


def load_calendar(files: Iterable[Path]) -> Calendar:
    """The working calendar that comes with the program, and a year for each of these files.

    Raises:
        FileError: INVALID_CALENDAR, with the line.
        NodeError: INVALID_CALENDAR, a year leaves a gap or is not newer than the one known.
    """
    calendar = vendored_calendar()
    for file in files:
        calendar = calendar.with_year(parse_year(read_text(file, Reason.INVALID_CALENDAR), str(file)))
    return calendar
