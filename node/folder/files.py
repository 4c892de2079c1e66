"""The operator's files, read with a clear error and replaced in one step."""

import errno
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from node.core.law.calendar import Calendar, parse_year, vendored_calendar
from node.core.members.clients import Clients, format_clients, parse_clients
from node.core.members.federation import Federation
from node.core.members.federation_file import format_federation, parse_federation
from node.errors import FileError, Reason
from node.folder.ownership import adopt


def write_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Writes the whole file or nothing: a reader sees the old content or the new.

    Raises:
        OSError: The disk or the folder does not let it.
    """
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from None
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, mode)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        adopt(Path(temporary))
        Path(temporary).replace(path)
        sync_folder(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable: without it a rename may be undone by a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def unwritable(path: Path, error: OSError) -> FileError:
    """What it means that the operating system did not let `path` be written."""
    is_full = error.errno in {errno.ENOSPC, errno.EDQUOT}
    reason = Reason.STORAGE_FULL if is_full else Reason.STORAGE_READ_ONLY
    return FileError(reason, str(path), f"cannot be written: {error.strerror}")


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
        raise FileError(reason, str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise FileError(reason, str(path), "not UTF-8") from None


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
