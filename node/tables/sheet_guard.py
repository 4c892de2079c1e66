"""Reads a workbook's XML ahead of openpyxl, which believes it: what would fill the memory or never end is refused.

A file of a few kilobytes can unpack to gigabytes, say that its next row is the billionth, or hold one text without end.
"""

import re
from typing import IO, BinaryIO
from xml.parsers import expat
from zipfile import ZipFile

from node.tables.unfit import NoTableError

# Everything but the sheets is read into memory whole.
MAX_PART_BYTES = 256 << 20
MAX_ROW = 1 << 20
"""The last row a spreadsheet has."""
MAX_COLUMNS = 1024
"""No export has more; a spreadsheet could have 16,384."""
MAX_TEXT_CHARS = 1 << 20
"""Between two tags; a cell of a spreadsheet holds 32,767."""
MAX_DEPTH = 64
_CHUNK_BYTES = 1 << 16
_SHEETS = "xl/worksheets/"
_CONTENTS = "[Content_Types].xml"
_XML = (b"<", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
# What may stand before the first tag; UTF-16 begins with a zero byte where it has no mark of its order.
_BLANK = b"\0 \t\r\n"
_COLUMN = re.compile("[A-Z]+")


def check_workbook(file: BinaryIO) -> None:
    """Checks every part of a workbook in bounded memory, and returns to its beginning.

    Raises:
        NoTableError: A part is too large, declares entities, or has rows, columns, texts or depths that no table has.
        BadZipFile: Not a workbook.
    """
    with ZipFile(file) as archive:
        entries = archive.infolist()
        if _CONTENTS not in archive.namelist():
            raise NoTableError("an archive and no workbook: unpack it, or save it as .xlsx")
        # No more than an entry claims is ever unpacked of it.
        if sum(entry.file_size for entry in entries if not entry.filename.startswith(_SHEETS)) > MAX_PART_BYTES:
            raise NoTableError("parts of the workbook are too large")
        for entry in entries:
            with archive.open(entry) as part:
                _check_part(part)
    file.seek(0)


def _check_part(part: IO[bytes]) -> None:
    guard, chunk = _Guard(), part.read(_CHUNK_BYTES)
    head = chunk.lstrip(_BLANK)
    if head and not head.startswith(_XML):  # a picture
        return
    try:
        while chunk:
            guard.parser.Parse(chunk, False)
            chunk = part.read(_CHUNK_BYTES)
        guard.parser.Parse(b"", True)
    except expat.ExpatError:
        raise NoTableError("a part of the workbook is no XML") from None


class _Guard:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._declare
        self._depth = self._chars = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._chars = 0
        if self._depth > MAX_DEPTH:
            raise NoTableError("elements too deep for a sheet")
        if name.endswith("row") and "r" in attributes and not 0 < _number(attributes["r"]) <= MAX_ROW:
            raise NoTableError("a row beyond the last a sheet has")
        if name.endswith("c") and "r" in attributes and _column(attributes["r"]) > MAX_COLUMNS:
            raise NoTableError("more columns than a table has")

    def _end(self, _: str) -> None:
        self._depth -= 1
        self._chars = 0

    def _text(self, text: str) -> None:
        self._chars += len(text)
        if self._chars > MAX_TEXT_CHARS:
            raise NoTableError("a text longer than a sheet's")

    def _declare(self, *_: object) -> None:
        raise NoTableError("a sheet declares no document type")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0


def _column(reference: str) -> int:
    """The number of a column, from 1, of a cell reference such as BC23."""
    letters = _COLUMN.match(reference)
    number = 0
    for letter in letters[0][:4] if letters else "":
        number = number * 26 + ord(letter) - 64
    return number
