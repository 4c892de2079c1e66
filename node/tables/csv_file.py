"""A file of delimited text, packed or not, that can be read more than once."""

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from node.tables.allowance import Allowance
from node.tables.csv_lines import read_csv
from node.tables.raw_row import RawRow
from node.tables.texts import SAMPLE_BYTES, Missing, delimiter_of, encoding_of

_XZ, _GZIP = b"\xfd7zXZ\0", b"\x1f\x8b"
_PIECE = 1 << 16
# What `xz -9` takes to unpack is half of it; a file may ask for gigabytes.
_MAX_XZ_MEMORY = 128 << 20
PACKING_ERRORS = (lzma.LZMAError, zlib.error, EOFError, OSError)
"""What a damaged packed file raises."""


class CsvFile:
    """The rows of a file of delimited text."""

    title = ""
    counts_from_1904 = False

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
            magic = file.read(len(_XZ))
            file.seek(0)
            if magic.startswith(_XZ):
                yield io.BufferedReader(_Unpacked(_unxz(file), self._size))
            elif magic.startswith(_GZIP):
                with gzip.GzipFile(fileobj=file) as stream:
                    yield io.BufferedReader(_Unpacked(iter(partial(stream.read1, _PIECE), b""), self._size))
            else:
                yield file


def _unxz(file: BinaryIO) -> Iterator[bytes]:
    """Pieces of a file of one or more xz streams, in bounded memory."""
    data = file.read(_PIECE)
    while data:
        unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, _MAX_XZ_MEMORY)
        while not unpacker.eof:
            if not data and unpacker.needs_input:
                raise EOFError("a stream without its end")
            yield unpacker.decompress(data, _PIECE)
            data = file.read(_PIECE) if unpacker.needs_input and not unpacker.eof else b""
        data = unpacker.unused_data or file.read(_PIECE)
        while data and not (data := data.lstrip(b"\0")):  # padding between streams
            data = file.read(_PIECE)


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
    """A stream of pieces, that ends where it is made to fill the machine."""

    def __init__(self, pieces: Iterator[bytes], packed_bytes: int) -> None:
        self._pieces = pieces
        self._rest = b""
        self._allowance = Allowance(packed_bytes)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest and (piece := next(self._pieces, None)) is not None:
            self._rest = piece
        part, self._rest = self._rest[: len(buffer)], self._rest[len(buffer) :]
        self._allowance.spend(len(part))
        buffer[: len(part)] = part
        return len(part)
