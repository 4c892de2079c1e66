"""Which SQLite this is: one that may corrupt a database is refused."""

from typing import TYPE_CHECKING

from node.errors import NodeError, Reason
from node.messages import _

if TYPE_CHECKING:
    import sqlite3 as sqlite
else:
    from pysqlite3 import dbapi2 as sqlite

# WAL with two connections can corrupt a database before this version (sqlite.org/wal.html, WAL-reset bug).
MIN_SQLITE = (3, 51, 3)


def check_sqlite_version() -> None:
    """Refuses an SQLite that may corrupt the database.

    Raises:
        NodeError: UNSUPPORTED_SQLITE.
    """
    if sqlite.sqlite_version_info < MIN_SQLITE:
        needed = ".".join(map(str, MIN_SQLITE))
        raise NodeError(
            Reason.UNSUPPORTED_SQLITE,
            _("SQLite {version} is older than {needed}", version=sqlite.sqlite_version, needed=needed),
        )
