"""The locks of a data folder: one node at a time has it open, and each of its query processes is seen to answer."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.errors import FileError, Reason
from node.folder.files import require_writable, unwritable
from node.messages import _


@contextmanager
def released(data_dir: Path) -> Iterator[int]:
    """Holds the data directory, for a change that no process of the node may see half, or for a whole run.

    Gives the descriptor that holds it.

    Raises:
        NodeError: As `hold_data`.
    """
    descriptor = hold_data(data_dir)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def hold_place(data_dir: Path, number: int) -> int:
    """Says that query process `number` answers, for as long as this process has the descriptor open.

    Raises:
        NodeError: STORAGE_FULL or STORAGE_READ_ONLY.
    """
    path = _place(data_dir, number)
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except OSError as error:
        raise unwritable(path, error) from None
    fcntl.flock(descriptor, fcntl.LOCK_EX)  # waits for nobody but who looks whether it is held
    return descriptor


def is_place_held(data_dir: Path, number: int) -> bool:
    """Whether query process `number` answers."""
    return _is_held(_place(data_dir, number))


def is_data_held(data_dir: Path) -> bool:
    """Whether a process of the node runs on this data."""
    return _is_held(data_dir / "lock")


def _place(data_dir: Path, number: int) -> Path:
    return data_dir / f"query-{number}.lock"


def _is_held(path: Path) -> bool:
    """Whether anybody holds a lock; holds nothing itself."""
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def hold_data(data_dir: Path) -> int:
    """Holds the data directory for this process and those that inherit the descriptor: two writers would fork the log.

    Raises:
        NodeError: ALREADY_RUNNING; DATA_LOST, there is no such folder; STORAGE_FULL or STORAGE_READ_ONLY.
    """
    path = data_dir / "lock"
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    except (FileNotFoundError, NotADirectoryError):
        raise FileError(Reason.DATA_LOST, str(data_dir), _("not a folder: is its volume mounted?")) from None
    except OSError as error:
        raise unwritable(path, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        message = _("this node is running already: another process holds its data folder")
        raise FileError(Reason.ALREADY_RUNNING, str(data_dir), message) from None
    try:
        require_writable(data_dir, *sorted(data_dir.glob("*.db*")))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
