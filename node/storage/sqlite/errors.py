"""What an SQLite error amounts to, in the reason codes that everybody above knows."""

from collections.abc import Iterator
from contextlib import contextmanager

from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.schema import Error


@contextmanager
def translated(name: str = "the database") -> Iterator[None]:
    """Raises an SQLite error of the database `name` as the NodeError that it amounts to."""
    try:
        yield
    except Error as error:
        raise storage_error(error, name) from None


def storage_error(error: Exception, name: str = "the database") -> Exception:
    """The NodeError that an SQLite error of the database `name` amounts to; any other error unchanged."""
    if not isinstance(error, Error):
        return error
    code = getattr(error, "sqlite_errorname", "") or ""
    text = str(error)
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR")) or "full" in text:
        return NodeError(Reason.STORAGE_FULL, _("the disk is full or failing: this batch was not stored"))
    if code.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")) or "malformed" in text:
        return NodeError(Reason.STORAGE_CORRUPT, _("{name} is damaged: stop the node and restore a backup", name=name))
    if code.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN", "SQLITE_PERM")):
        return NodeError(
            Reason.STORAGE_READ_ONLY, _("cannot open {name} for writing: check its owner and mode", name=name)
        )
    return NodeError(Reason.INTERNAL, _("storage: {code}", code=code or type(error).__name__))
