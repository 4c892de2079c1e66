"""Files that grow with a number and are made to hurt, for each kind of file that is read."""

import gzip
import io
import lzma
import struct
from collections.abc import Callable, Iterable
from zipfile import ZIP_DEFLATED, ZipFile

import xlwt

from tests.kit.samples.hostile_files import workbook

Make = Callable[[int], bytes]


def sheet(rows: Iterable[bytes], behind: Iterable[bytes] = (), strings: Iterable[bytes] = ()) -> bytes:
    return workbook([b"<sheetData>", *rows, b"</sheetData>", *behind], strings)


def row(number: int, value: bytes = b"1") -> bytes:
    return b'<row r="%d"><c t="str"><v>%s</v></c></row>' % (number, value)


def many_sheets(number: int) -> bytes:
    content = io.BytesIO()
    with ZipFile(io.BytesIO(sheet([row(1)]))) as read, ZipFile(content, "w", ZIP_DEFLATED) as written:
        for name in read.namelist():
            part = read.read(name)
            if name == "xl/workbook.xml":
                again = b"".join(b'<sheet name="s%d" sheetId="%d" r:id="r1"/>' % (at, at) for at in range(number))
                part = part.replace(b"</sheets>", again + b"</sheets>")
            written.writestr(name, part)
    return content.getvalue()


def many_parts(number: int) -> bytes:
    content = io.BytesIO(sheet([row(1), row(2)]))
    with ZipFile(content, "a") as archive:
        for at in range(number):
            archive.writestr(f"xl/media/{at}", b"")
    return content.getvalue()


def xls(number: int, text: str = "甲") -> bytes:
    book = xlwt.Workbook(encoding="utf-8")
    table = book.add_sheet("a")
    for at in range(min(number, 65_000)):
        table.write(at, 0, text)
        table.write(at, 1, at)
    return saved(book)


def saved(book: xlwt.Workbook) -> bytes:
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def xls_of_merges(number: int) -> bytes:
    book = xlwt.Workbook()
    table = book.add_sheet("a")
    for at in range(min(number, 20_000)):
        table.write_merge(3 * at, 3 * at + 1, 0, 1, "x")
    return saved(book)


def xls_of_sheets(number: int) -> bytes:
    book = xlwt.Workbook()
    for at in range(number):
        book.add_sheet(f"s{at}").write(0, 0, at)
    return saved(book)


def xls_in_circles(number: int) -> bytes:
    """Every sector of the file is followed by an earlier one."""
    data = bytearray(xls(number))
    at = 512 * (1 + struct.unpack_from("<I", data, 76)[0])
    for place in range(at, min(at + 512, len(data) - 4), 4):
        struct.pack_into("<I", data, place, (place - at) // 8)
    return bytes(data)


def xls_that_claims(number: int) -> bytes:
    """Its first sheet says that it has the last row and column there is."""
    data = bytearray(xls(number))
    at = data.find(struct.pack("<HH", 0x0200, 14))
    struct.pack_into("<IIHH", data, at + 4, 0, 65_536, 0, 256)
    return bytes(data)


LONG = b"<si><t>" + b"x" * 30_000 + b"</t></si>"

CSV: dict[str, Make] = {
    "rows": lambda n: b"a,b\n" + b"x,y\n" * n,
    "quotes handed on": lambda n: b'aaa","\n' * n,
    "open quotes": lambda n: b'"\n' * n,
    "open quotes in cells": lambda n: b'a,"b\n' * n,
    "a quote without end": lambda n: b'a,b\n"' + b"x,y\n" * n,
    "quotes alone": lambda n: b"a,b\n" + b'"' * n + b"\n",
    "rows of two lines": lambda n: b'"a\nb",c\n' * n,
    "a line without end": lambda n: b"a,b\n" + b"x" * n + b"\n1,2\n",
    "one line of cells": lambda n: b"a,b\n" + b"x," * n + b"\n1,2\n",
    "columns": lambda n: b"a," * n + b"\n" + b"1," * n + b"\n",
    "bytes that are no text": lambda n: b"a,b\n" + b"\xff\xfe,\x81\n" * n,
    "NUL bytes": lambda n: b"a,b\n" + b"x,\0y\n" * n,
    "blank lines": lambda n: b"a,b\n" + b"\n" * n + b"1,2\n",
    "carriage returns": lambda n: b"a,b\r" + b"\r" * n + b"1,2\r",
    "UTF-16": lambda n: ("a,b\n" + 'x,"\n' * n).encode("utf-16"),
    "GB18030": lambda n: ("名,称\n" + "长沙,市\n" * n).encode("gb18030"),
    "packed": lambda n: gzip.compress(b"a,b\n" + b"x,y\n" * n),
    "packed well": lambda n: lzma.compress(b"a,b\n" + b'x,"\n' * n),
}

XLSX: dict[str, Make] = {
    "rows": lambda n: sheet(row(at) for at in range(1, n)),
    "an attribute without end": lambda n: sheet([b'<row a="', b"x" * (20 * n), b'">', row(1)[7:]]),
    "a comment without end": lambda n: sheet([b"<!--", b"x" * (20 * n), b"-->", row(1), row(2)]),
    "attributes": lambda n: sheet([b"<row ", *(b'a%d="" ' % at for at in range(n)), b"/>", row(1)]),
    "cells without a place": lambda n: sheet([b"<row>", b"<c/>" * n, b"</row>"]),
    "cells of many rows": lambda n: sheet([b"<row>" + b"<c/>" * 1000 + b"</row>"] * (n // 1000)),
    "empty rows": lambda n: sheet([b"<row/>" * n, row(n + 1)]),
    "a text in pieces": lambda n: sheet([b'<row r="1"><c t="str"><v>', b"x<!---->" * n, b"</v></c></row>", row(2)]),
    "blanks": lambda n: sheet([b" \n" * n, row(1), row(2)]),
    "texts": lambda n: sheet([row(1), row(2)], strings=[b"<si><t>x</t></si>" * n]),
    "empty texts": lambda n: sheet([row(1), row(2)], strings=[b"<si/>" * n]),
    "one text often": lambda n: sheet([b'<row><c t="s"><v>0</v></c></row>' * n], strings=[LONG]),
    "merged rows": lambda n: sheet(
        (row(at) for at in range(1, 2 * n)),
        [b"<mergeCells>", *(b'<mergeCell ref="B%d:C%d"/>' % (at, at + 1) for at in range(1, n, 2)), b"</mergeCells>"],
    ),
    "merged columns": lambda n: sheet(
        (row(at) for at in range(1, n)),
        [
            b"<mergeCells>",
            *(b'<mergeCell ref="%s1:%s%d"/>' % (at, at, n) for at in (b"B", b"C", b"AB")),
            b"</mergeCells>",
        ],
    ),
    "everything merged": lambda n: sheet(
        (row(at) for at in range(1, n)), [b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>']
    ),
    "merged in one place": lambda n: sheet(
        [row(1), row(2)], [b"<mergeCells>", b'<mergeCell ref="A1:B2"/>' * n, b"</mergeCells>"]
    ),
    "elements within elements": lambda n: sheet([b"<a>" * n, b"</a>" * n]),
    "sheets in one part": many_sheets,
    "parts": lambda n: many_parts(n // 20),
}
XLS: dict[str, Make] = {
    "rows": lambda n: xls(n // 4),
    "one text often": lambda n: xls(n // 4, "x" * 30_000),
    "merged cells": lambda n: xls_of_merges(n // 8),
    "sectors in circles": lambda n: xls_in_circles(n // 4),
    "sheets": lambda n: xls_of_sheets(min(n // 100, 400)),
    "claims": lambda n: xls_that_claims(n // 4),
}

GROWING: dict[str, dict[str, Make]] = {"csv": CSV, "xlsx": XLSX, "xls": XLS}
"""By kind of file."""
