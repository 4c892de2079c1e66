"""The bytes of one attachment on their way into a file: they get its name only when their digest is right."""

import errno
import os
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SM3, Hash

from node.core.log.attachment import MAX_CHUNK_BYTES, Digests
from node.errors import NodeError, Reason
from node.messages import _
from node.whole_file import sync_folder

_READ_BYTES = 1024 * 1024
DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EIO})
"""What a full or failing disk says."""


class Part:
    """The beginning of an attachment, kept until it is whole: whoever brings the rest goes on where it ends."""

    def __init__(self, path: Path, digest: str, size: int) -> None:
        """Opens (creating) the file. What is longer than the attachment can't be a part of it and is thrown away.

        Args:
            path: Of the part.
            digest: SHA-256 of the whole attachment, in hexadecimal.
            size: Of the whole attachment, in bytes.
        """
        self._path = path
        self._digest = digest
        self._size = size
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self.held = os.fstat(self._file).st_size
        if self.held > size:
            os.ftruncate(self._file, 0)
            self.held = 0
        os.lseek(self._file, self.held, os.SEEK_SET)

    def write(self, offset: int, data: bytes) -> None:
        """Adds the next bytes.

        Raises:
            NodeError: WRONG_OFFSET, they are not the next; TOO_LARGE, a chunk of more than 256 KiB or bytes beyond
                the attachment; STORAGE_FULL, and nothing of the part is left.
        """
        if offset != self.held:
            raise NodeError(
                Reason.WRONG_OFFSET, _("send from byte {held}, not from {offset}", held=self.held, offset=offset)
            )
        if len(data) > MAX_CHUNK_BYTES:
            raise NodeError(Reason.TOO_LARGE, _("a chunk has at most {most} bytes", most=MAX_CHUNK_BYTES))
        if self.held + len(data) > self._size:
            raise NodeError(Reason.TOO_LARGE, _("more than the announced {size} bytes", size=self._size))
        try:
            self._write_all(data)
        except OSError as error:
            raise self._failure(error) from None

    def settle(self) -> Digests:
        """Makes the bytes durable, then reads them again from the file and checks them.

        Raises:
            NodeError: INCOMPLETE, bytes are due yet; WRONG_DIGEST or STORAGE_FULL, and nothing of the part is left.
        """
        if self.held != self._size:
            raise NodeError(
                Reason.INCOMPLETE, _("received {held} of {size} bytes; send the rest", held=self.held, size=self._size)
            )
        try:
            os.fsync(self._file)
            digests = digest_file(self._path)
        except OSError as error:
            raise self._failure(error) from None
        if digests.sha256 != self._digest:
            self._path.unlink()
            raise NodeError(
                Reason.WRONG_DIGEST, _("the received bytes do not have the digest {digest}", digest=self._digest)
            )
        return digests

    def name(self, target: Path) -> None:
        """Gives the settled file its name, durably."""
        self._path.replace(target)
        sync_folder(target.parent)

    def close(self) -> None:
        """Lets go of the file; what is held of it stays."""
        os.close(self._file)

    def _write_all(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            written = os.write(self._file, rest)
            self.held += written
            rest = rest[written:]

    def _failure(self, error: OSError) -> Exception:
        if error.errno not in DISK_FULL:
            return error
        self._path.unlink(missing_ok=True)
        return NodeError(Reason.STORAGE_FULL, _("the disk is full or failing: this attachment was not kept"))


class Digester:
    """Both digests of bytes as they pass; `size` is how many did."""

    def __init__(self) -> None:
        self.size = 0
        self._sha256 = sha256()
        self._sm3 = Hash(SM3())

    def update(self, data: bytes) -> None:
        """Takes the next bytes."""
        self.size += len(data)
        self._sha256.update(data)
        self._sm3.update(data)

    def digests(self) -> Digests:
        """Of all bytes taken; none may follow."""
        return Digests(self._sha256.hexdigest(), self._sm3.finalize().hex())


def digest_file(path: Path) -> Digests:
    """Both digests of a file."""
    digester = Digester()
    for chunk in read_chunks(path, 0, _READ_BYTES):
        digester.update(chunk)
    return digester.digests()


def read_chunks(path: Path, offset: int, chunk_bytes: int = MAX_CHUNK_BYTES) -> Iterator[bytes]:
    """The bytes of a file from an offset on, never more than a chunk in memory."""
    with path.open("rb", buffering=0) as file:
        file.seek(offset)
        while chunk := file.read(chunk_bytes):
            yield chunk
