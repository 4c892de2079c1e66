"""Whose a file is: what root makes in another user's folder is that user's, so that the node can read it."""

import os
from pathlib import Path


def adopt(path: Path) -> None:
    """Gives what root has just made to the owner of the folder it lies in. For anybody else there is nothing to do.

    Raises:
        OSError: The file system knows no owners.
    """
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)
