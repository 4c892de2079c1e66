"""Copies a database while others write to it, and checks the copy."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from node.storage.sqlite.errors import storage_error
from node.storage.sqlite.schema import Error, open_reader
from node.storage.sqlite.soundness import check_database

if TYPE_CHECKING:
    import sqlite3 as sqlite
else:
    from pysqlite3 import dbapi2 as sqlite

# 8 MiB a step: seldom enough to cost nothing, often enough to show how far it got.
_STEP_PAGES = 2048
OnProgress = Callable[[int, int], None]


def copy_database(source: Path, target: Path, on_progress: OnProgress) -> None:
    """Copies one moment of a database into a new file, page by page, and checks the copy.

    Args:
        source: A database that may be written to meanwhile.
        target: Made with mode 0600; one file, without a write-ahead log.
        on_progress: (pages done, pages in all).

    Raises:
        NodeError: STORAGE_FULL, STORAGE_CORRUPT or another failure of the disk.
    """
    os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    reader, copy = open_reader(source), sqlite.connect(target, isolation_level=None)
    try:
        # An open transaction holds this moment; without one every commit meanwhile would begin the copy anew.
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        reader.backup(copy, pages=_STEP_PAGES, progress=lambda _, left, total: on_progress(total - left, total))
        copy.execute("PRAGMA journal_mode=DELETE")
    except Error as error:
        raise storage_error(error) from None
    finally:
        copy.close()
        reader.close()
    check_database(target)
