"""The text of a file of bytes, in the encoding its first part is in, and the character between its cells."""

import csv
from collections.abc import Callable, Sequence

from node.messages import _
from node.tables.unfit import NoTableError

Missing = Callable[[Sequence[str]], int]
"""How many of the columns that are needed a row does not name."""

TITLE_ROWS = 20
"""Rows among which the names of the columns are looked for: titles and notes stand above them."""
DELIMITERS = ",\t;|"
SAMPLE_BYTES = 1 << 18
_UTF16, _UTF32 = (b"\xff\xfe", b"\xfe\xff"), (b"\xff\xfe\0\0", b"\0\0\xfe\xff")
_UTF8_MARK = b"\xef\xbb\xbf"
_MANY = 10


def encoding_of(sample: bytes) -> str:
    """The encoding of a text that begins so: UTF-8 or GB18030 as most lines are; UTF-16 by its mark or many NUL bytes.

    Raises:
        NoTableError: No text, or in an encoding we do not read.
    """
    if sample.removeprefix(_UTF8_MARK).removeprefix(_UTF16[0]).lstrip(b" \t\r\n\0")[:1] == b"<":
        raise NoTableError(
            _("this is a web page or XML, whatever its name; open it in a spreadsheet program and save it as .xlsx")
        )
    return _encoding(sample)


def delimiter_of(sample: bytes, encoding: str, missing: Missing) -> str:
    """The character between the cells: the one by which a row near the top names the most columns."""
    lines = sample.decode(encoding, "replace").splitlines()[:TITLE_ROWS]
    return min(DELIMITERS, key=lambda each: _lack(lines, each, missing))


def _lack(lines: Sequence[str], delimiter: str, missing: Missing) -> int:
    try:
        return min(map(missing, csv.reader(lines, delimiter=delimiter)), default=0)
    except csv.Error:
        return missing(())


def _encoding(sample: bytes) -> str:
    if sample.startswith(_UTF32):
        raise NoTableError(_("the text is in UTF-32; save it as CSV in UTF-8"))
    if sample.startswith(_UTF16):
        return "utf-16"
    # NUL bytes at the end are a disk's; one that strayed into a cell spoils its row alone.
    text = sample.rstrip(b"\0")
    if text.count(b"\0") * _MANY > len(text):
        return _utf16_without_mark(text)
    # Lines of ASCII are in every encoding. The last line may be cut.
    lines = [line for line in (text[: text.rfind(b"\n") + 1] or text).splitlines() if not line.isascii()]
    for encoding in ("utf-8-sig", "gb18030"):
        if sum(_is_encoded(line, encoding) for line in lines) * 2 >= len(lines):
            return encoding
    raise NoTableError(_("the text is neither in UTF-8 nor in GB18030; save it as CSV in UTF-8"))


def _utf16_without_mark(text: bytes) -> str:
    """Digits, commas and line ends have their NUL byte behind them or before them, never now here, now there."""
    before, behind = text[::2].count(b"\0"), text[1::2].count(b"\0")
    if min(before, behind) * _MANY > max(before, behind):
        raise NoTableError(_("this is neither text nor a known kind of table"))
    return "utf-16-le" if behind > before else "utf-16-be"


def _is_encoded(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
