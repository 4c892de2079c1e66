"""Inputs made to hurt: small where they are written, large or deep or endless where they are read."""

import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Iterable

MIB = 1 << 20
Make = Callable[[], bytes]


def _aliases(kind: str) -> bytes:
    lines = [f"a0: &a0 {kind}"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 12)]
    return "\n".join(lines).encode()


TEXTS: dict[str, Make] = {
    "nothing": lambda: b"",
    "blank": lambda: b" \n\t\r\n",
    "aliases": lambda: _aliases("[x, x, x]"),
    "merged keys": lambda: b"<<: [{city: wuhan}, {city: hefei}]\nrules: []\n",
    "merge of itself": lambda: b"&a {<<: *a, city: wuhan}",
    "deep flow": lambda: b"[" * 10_000,
    "deep map": lambda: b"{a: " * 5_000,
    "deep block": lambda: b"".join(b" " * level + b"a:\n" for level in range(1000)),
    "deep list": lambda: b"- " * 5_000,
    "deep json": lambda: b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "deep json list": lambda: b"[" * 20_000 + b"]" * 20_000,
    "map as key": lambda: b"{" * 300 + b"a: b" + b"}: 1" * 300,
    "huge integer": lambda: b"version: " + b"9" * 100_000,
    "huge hexadecimal": lambda: b"version: 0x" + b"f" * 100_000,
    "huge octal": lambda: b"version: 0" + b"7" * 100_000,
    "huge by sixty": lambda: b"version: 1" + b":59" * 5_000,
    "huge exponent": lambda: b'{"version": 1e999999999, "city": -1E400}',
    "huge json integer": lambda: b'{"leaf_index": ' + b"9" * 100_000 + b"}",
    "not a number": lambda: b"sync: {interval_s: .nan}\ncity: wuhan\n",
    "infinite": lambda: b"sync: {interval_s: .inf, backoff_max_s: .inf}\ncity: wuhan\n",
    "infinite json": lambda: b'{"version": Infinity, "leaf_index": NaN}',
    "integer of nothing": lambda: b"version: !!int\ncity: wuhan\n",
    "timestamp of none": lambda: b"version: !!timestamp wuhan\n",
    "number of nothing": lambda: b"version: !!float\ncity: !!bool wuhan\n",
    "code of python": lambda: b"city: !!python/object/apply:os.system [id]",
    "binary": lambda: b"city: !!binary d3VoYW4=\nversion: !!set {a, b}\nmembers: !!omap [a: 1]\n",
    "no such day": lambda: b"year: 2026-13-45\nmembers: 2026-02-30T25:61:61Z\n",
    "null bytes": lambda: b"city: wu\0han\nversion: 1\n",
    "null byte in quotes": lambda: b'city: "wu\\0han"\nversion: 1\n',
    "half of a pair": lambda: b'city: "\\ud800"\nversion: 1\n"\\udfff": 1\n',
    "half of a pair in json": lambda: b'{"city": "\\ud800", "\\udfff": 1}',
    "surrogates in utf-8": lambda: b"city: \xed\xa0\x80\n",
    "not utf-8": lambda: b"city: \xff\xfe\xfd\n",
    "byte order mark": "\ufeffcity: wuhan\nversion: 1\n".encode,
    "utf-16": lambda: "city: wuhan\nversion: 1\n".encode("utf-16"),
    "utf-32": lambda: "city: wuhan\n".encode("utf-32"),
    "mixed line ends": lambda: b"city: wuhan\rversion: 1\r\nmembers: []\n\r\x0b\x0c\xc2\x85\xe2\x80\xa8",
    "escapes of a terminal": lambda: b'"\\e]0;x\\a\\e[2J": 1\nuscc,\x1b[2J\n',
    "overlong line": lambda: b"city: " + b"a" * (6 * MIB),
    "overlong key": lambda: b'"' + b"k" * MIB + b'": 1',
    "overlong cells": lambda: b"uscc,name\n" + b"x" * (6 * MIB) + b",y\n",
    "open quote": lambda: b'uscc,name\n"' + b"x,y\n" * 20_000,
    "many columns": lambda: b"uscc" + b",name" * 20_000 + b"\n" + b"," * 20_000,
    "many quotes": lambda: b"uscc\n" + b'"' * 200_000,
    "many items": lambda: b"- a\n" * 5_000,
    "many keys": lambda: b"".join(b"k%d: 1\n" % number for number in range(5_000)),
    "one key often": lambda: b"city: wuhan\n" * 5_000,
    "many documents": lambda: b"---\ncity: wuhan\n" * 5_000,
    "many lines of a note": lambda: b"a\n1\nAAAA\n\n" + "— a AAAA\n".encode() * 20_000,
    "long varint": lambda: b"\x0a" + b"\xff" * 100_000,
    "nested messages": lambda: _nested(2000),
}
"""For every parser."""


def _nested(depth: int) -> bytes:
    """A message in a message, by field 1 again and again."""
    data = b""
    for _ in range(depth):
        length = len(data)
        varint = b""
        while length > 127:
            varint += bytes([length & 127 | 128])
            length >>= 7
        data = b"\x0a" + varint + bytes([length]) + data
    return data


_TYPES = """<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>
<Override PartName="/xl/sharedStrings.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/>
<Override PartName="/xl/styles.xml"
 ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>"""
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATION = '<Relationship Id="r{0}" Type="' + _OFFICE + '/{1}" Target="{2}"/>'
_RELATIONS = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def workbook(sheet: Iterable[bytes], strings: Iterable[bytes] = (), entry: Iterable[bytes] = ()) -> bytes:
    """An XLSX file by hand; what repeats in it is nothing in the file. `entry` is put before the sheet's XML."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS.format(_RELATION.format(1, "officeDocument", "xl/workbook.xml")))
        archive.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="a" sheetId="1" r:id="r1"/></sheets>'
            "</workbook>",
        )
        parts = [(1, "worksheet", "worksheets/sheet1.xml"), (2, "sharedStrings", "sharedStrings.xml")]
        archive.writestr(
            "xl/_rels/workbook.xml.rels", _RELATIONS.format("".join(_RELATION.format(*part) for part in parts))
        )
        with archive.open("xl/worksheets/sheet1.xml", "w") as file:
            file.writelines([*entry, f'<worksheet xmlns="{_MAIN}">'.encode(), *sheet, b"</worksheet>"])
        with archive.open("xl/sharedStrings.xml", "w") as file:
            file.writelines([f'<sst xmlns="{_MAIN}">'.encode(), *strings, b"</sst>"])
    return content.getvalue()


def _without_mark(book: bytes) -> bytes:
    """The same workbook, its sheet in UTF-16 that does not say its byte order."""
    content = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as read, zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as written:
        for name in read.namelist():
            part = read.read(name)
            written.writestr(name, part.decode().encode("utf-16-be") if "sheet1" in name else part)
    return content.getvalue()


def _row(number: int | str, cells: bytes = b"<c><v>1</v></c>") -> bytes:
    return f'<row r="{number}">'.encode() + cells + b"</row>"


def _data(*rows: bytes) -> list[bytes]:
    return [b"<sheetData>", *rows, b"</sheetData>"]


_LAUGHS = b'<!DOCTYPE a [<!ENTITY a "ha">' + b"".join(
    b'<!ENTITY a%d "%s">' % (level, b"&a%d;" % (level - 1) * 10 if level else b"&a;" * 10) for level in range(10)
) + b"]>"  # fmt: skip

TABLES: dict[str, Make] = {
    "workbook": lambda: workbook(_data(_row(1), _row(2))),
    "row far below": lambda: workbook(_data(_row(1), _row(10**12))),
    "row far below, in UTF-16": lambda: _without_mark(workbook(_data(_row(1), _row(9 * 10**8)))),
    "rows upwards": lambda: workbook(_data(_row(5), _row(4), _row(-3), _row(0))),
    "row of no number": lambda: workbook(_data(_row("x"))),
    "row of a huge number": lambda: workbook(_data(_row("9" * 5000))),
    "claims a million rows": lambda: workbook([b'<dimension ref="A1:XFD1048576"/>', *_data(_row(1))]),
    "claims more": lambda: workbook([b'<dimension ref="A1:XFD99999999999"/>', *_data(_row(1))]),
    "claims nothing": lambda: workbook([b'<dimension ref="!!"/>', *_data(_row(1))]),
    "widest column": lambda: workbook(_data(*[_row(n, b'<c r="XFD%d"><v>1</v></c>' % n) for n in range(1, 1000)])),
    "column beyond": lambda: workbook(_data(_row(1, b'<c r="ZZZ1"><v>1</v></c><c r="ZZZZ1"><v>1</v></c>'))),
    "long text": lambda: workbook(_data(_row(1, b"<c t='str'><v>" + b"x" * (40 * MIB) + b"</v></c>"))),
    "no such string": lambda: workbook(_data(_row(1, b'<c t="s"><v>7</v></c>'))),
    "no such style": lambda: workbook(_data(_row(1, b'<c s="99"><v>1</v></c>'))),
    "no such kind": lambda: workbook(_data(_row(1, b'<c t="zz"><v>1</v></c>'))),
    "no date": lambda: workbook(_data(_row(1, b'<c t="d"><v>2026-99-99</v></c>'))),
    "no number": lambda: workbook(_data(_row(1, b"<c><v>1e999</v></c><c><v>nan</v></c><c><v>x</v></c>"))),
    "strings without end": lambda: workbook(_data(_row(1)), [b"<si><t>" + b"x" * MIB + b"</t></si>"] * 300),
    "one string without end": lambda: workbook(_data(_row(1)), [b"<si><t>", *[b"x" * MIB] * 300, b"</t></si>"]),
    "blanks without end": lambda: workbook([*[b" " * MIB] * 600, *_data(_row(1))]),
    "laughs": lambda: workbook(_data(_row(1, b"<c t='str'><v>&a9;</v></c>")), entry=[_LAUGHS]),
    "file of another": lambda: workbook(
        _data(_row(1, b"<c t='str'><v>&a;</v></c>")), entry=[b'<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd">]>']
    ),
    "deep elements": lambda: workbook([b"<a>" * 200_000, b"</a>" * 200_000]),
    "zip alone": lambda: b"PK\x03\x04" + bytes(100),
    "zip cut short": lambda: workbook(_data(_row(1)))[:-30],
    "line without end, packed": lambda: gzip.compress(bytes([120]) * (16 * MIB)),
    "line without end, packed harder": lambda: lzma.compress(b"a,b\n" + bytes([120]) * (8 * MIB)),
    "packed and cut short": lambda: gzip.compress(b"uscc\n" * 1000)[:-9],
    "packed wrongly": lambda: gzip.compress(b"uscc\n" * 1000)[:20] + bytes(20),
    "packed twice": lambda: gzip.compress(gzip.compress(b"uscc\n1\n")),
    "before 2007": lambda: b"\xd0\xcf\x11\xe0" + bytes(100),
}
"""For what reads tables."""


def _zip(*entries: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return content.getvalue()


BUNDLES: dict[str, Make] = {
    "no manifest": lambda: _zip(("a", b"")),
    "manifest without end": lambda: _zip(("manifest.json", b" " * (100 * MIB))),
    "manifest of lists": lambda: _zip(("manifest.json", b"[" * MIB)),
    "names of a terminal": lambda: _zip(("manifest.json", b"{}"), ("\x1b[2J\ud7ff", b"")),
    "many entries": lambda: _zip(("manifest.json", b"{}"), *((str(number), b"") for number in range(20_000))),
}
"""For what reads evidence bundles."""


def hostile(target: str) -> dict[str, Make]:
    """What is made to hurt this target."""
    return TEXTS | ({"table": TABLES, "bundle": BUNDLES}.get(target, {}))
