"""The lock on a data folder: one node at a time has it open."""

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
