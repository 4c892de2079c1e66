"""A file of delimited text, packed or not, that can be read more than once."""

import gzip
import io
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from node.tables.allowance import Allowance
from node.tables.csv_lines import read_csv
from node.tables.raw_row import RawRow
from node.tables.texts import SAMPLE_BYTES, Missing, delimiter_of, encoding_of


def _gunzip(file: BinaryIO) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=file)


_PACKED: dict[bytes, Callable[[BinaryIO], gzip.GzipFile | lzma.LZMAFile]] = {
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x1f\x8b": _gunzip,
}

PACKING_ERRORS = (lzma.LZMAError, zlib.error, EOFError, OSError)
"""What a damaged packed file raises."""


class CsvFile:
    """The rows of a file of delimited text."""

    title = ""

    def __init__(self, path: Path, missing: Missing) -> None:
        """Looks at the beginning of the file.

        Args:
            path: Of the file.
            missing: How many of the columns that are needed a row does not name.

        Raises:
            NoTableError: No text, or in an encoding we do not read.
            OSError: And what gzip and lzma raise for a damaged file.
        """
        self._path = path
        self._size = max(path.stat().st_size, 1)
        self._file: BinaryIO | None = None
        with self._open() as stream:
            sample = _beginning(stream)
        self._encoding = encoding_of(sample)
        self._delimiter = delimiter_of(sample, self._encoding, missing)

    def rows(self) -> Iterator[RawRow]:
        """Every row from the first on.

        Raises:
            NoTableError: It unpacks to more than any table.
            OSError: And what gzip and lzma raise for a damaged file.
        """
        # What is no text spoils its row alone: it becomes a surrogate, which no message takes.
        errors = "surrogatepass" if self._encoding.startswith("utf-16") else "surrogateescape"
        with self._open() as stream, io.TextIOWrapper(stream, self._encoding, errors, newline="") as text:
            yield from read_csv(text, self._delimiter)

    def fraction(self) -> float:
        """How much is read, 0..1."""
        file = self._file
        return 1.0 if file is None or file.closed else min(file.tell() / self._size, 1.0)

    @contextmanager
    def _open(self) -> Iterator[io.BufferedReader]:
        with self._path.open("rb") as file:
            self._file = file
            magic = file.read(max(map(len, _PACKED)))
            file.seek(0)
            unpack = next((unpack for mark, unpack in _PACKED.items() if magic.startswith(mark)), None)
            yield io.BufferedReader(_Unpacked(unpack(file), self._size)) if unpack else file


def _beginning(stream: io.BufferedReader) -> bytes:
    """The first SAMPLE_BYTES of a stream, or what comes before its damage."""
    sample = b""
    try:
        while len(sample) < SAMPLE_BYTES and (part := stream.read1(SAMPLE_BYTES)):
            sample += part
    except PACKING_ERRORS:
        if not sample:
            raise
    return sample


class _Unpacked(io.RawIOBase):
    """A packed stream that ends where it is made to fill the machine."""

    def __init__(self, stream: gzip.GzipFile | lzma.LZMAFile, packed_bytes: int) -> None:
        self._stream = stream
        self._allowance = Allowance(packed_bytes)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._stream.read1(len(buffer))
        self._allowance.spend(len(part))
        buffer[: len(part)] = part
        return len(part)
