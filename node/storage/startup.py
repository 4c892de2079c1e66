"""How two processes of a node come up on one data directory."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from node.errors import NodeError, Reason
from node.storage.schema import is_migrated

_STORE_S = 30.0


def await_store(path: Path) -> None:
    """Waits until the writing process has made the store.

    Raises:
        NodeError: UNAVAILABLE.
    """
    deadline = time.monotonic() + _STORE_S
    while not path.exists() or not is_migrated(path):
        if time.monotonic() > deadline:
            raise NodeError(Reason.UNAVAILABLE, "the node's store is not there; does its writing process run?")
        time.sleep(0.05)


@contextmanager
def released(data_dir: Path) -> Iterator[None]:
    """Holds the data directory for a change that no process of the node may see half.

    Raises:
        NodeError: ALREADY_RUNNING.
    """
    descriptor = hold_data(data_dir)
    try:
        yield
    finally:
        os.close(descriptor)


def hold_data(data_dir: Path) -> int:
    """Holds the data directory for this process: two writers would fork the log.

    Raises:
        NodeError: ALREADY_RUNNING.
    """
    descriptor = os.open(data_dir / "lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise NodeError(Reason.ALREADY_RUNNING, "another process of this node is running on its data") from None
    return descriptor
