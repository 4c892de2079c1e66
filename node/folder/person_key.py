"""The key under which the federation's members turn ID numbers into HMACs: one file, the same at every member.

It is handed over out of band and never leaves a node by the network. Whoever holds it and an HMAC can try ID numbers
until one fits, so the file is guarded like a private key: 0600.
"""

import base64
import os
from pathlib import Path

from node.core.screening import PERSON_KEY_BYTES, PERSON_KEY_LABEL, parse_person_key
from node.errors import FileError, NodeError, Reason
from node.messages import _
from node.whole_file import write_file

FILE = "person.key"


def create_person_key(path: Path) -> None:
    """Makes the federation's key, once for all members.

    Raises:
        FileError: INVALID_KEY, there is one: another would match nothing that was published under the first.
    """
    if path.exists():
        raise _wrong(path, _("already exists: with another key no HMAC would match any more"))
    secret = base64.b64encode(os.urandom(PERSON_KEY_BYTES)).decode()
    write_file(path, f"{PERSON_KEY_LABEL}{secret}\n".encode(), mode=0o600)


def load_person_key(path: Path) -> bytes:
    """Reads the key.

    Raises:
        FileError: INVALID_KEY, cannot be read, readable by others or not such a key.
    """
    try:
        mode, text = path.stat().st_mode, path.read_bytes()
    except OSError as error:
        raise _wrong(path, _("cannot be read: {why}; get it from a member by hand", why=error.strerror)) from None
    if mode & 0o077:
        raise _wrong(path, _("others can read it: chmod 600, and agree on a new key with the members if anyone did"))
    try:
        return parse_person_key(text.decode("ascii"))
    except (ValueError, NodeError):
        raise _wrong(path, _("not a key for ID numbers")) from None


def _wrong(path: Path, message: str) -> FileError:
    return FileError(Reason.INVALID_KEY, str(path), message)
