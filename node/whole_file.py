"""Files that are written whole or not at all: a reader sees the old content or the new, never a part."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def whole_file(path: Path, mode: int = 0o644) -> Iterator[BinaryIO]:
    """A file that takes its name, durably, when the block ends without an error.

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
            yield file
            file.flush()
            os.fsync(descriptor)
        adopt(Path(temporary))
        Path(temporary).replace(path)
        sync_folder(path.parent)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def write_file(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Writes a whole file; raises as `whole_file` does."""
    with whole_file(path, mode) as file:
        file.write(content)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable: without it a rename may be undone by a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def adopt(path: Path) -> None:
    """Gives what root has just made to the owner of the folder it lies in. For anybody else there is nothing to do.

    Raises:
        OSError: The file system knows no owners.
    """
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)
