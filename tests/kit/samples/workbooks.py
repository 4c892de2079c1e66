"""Workbooks as openpyxl and xlwt write them, and the same as Strict Open XML."""

import io
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import xlwt
from openpyxl import Workbook

from adapters.rows import Row
from adapters.tables import Table, open_table
from node.tables.merges import column_number

Cells = Sequence[Sequence[object]]
Save = Callable[[Path, Cells, Sequence[str]], Path]


def save_xlsx(path: Path, table: Cells, merged: Sequence[str] = ()) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in table:
        sheet.append(list(cells))
    for reference in merged:
        sheet.merge_cells(reference)
    book.save(path)
    return path


def save_xls(path: Path, table: Cells, merged: Sequence[str] = ()) -> Path:
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    day = xlwt.easyxf(num_format_str="YYYY-MM-DD")
    covered = {}
    for reference in merged:
        first, last = ((column_number(each[0]), int(each[1:]) - 1) for each in reference.split(":"))
        covered[first] = last
        value = table[first[1]][first[0]]
        sheet.write_merge(first[1], last[1], first[0], last[0], value)
    for row, cells in enumerate(table):
        for column, cell in enumerate(cells):
            inside = any(
                first[0] <= column <= last[0] and first[1] <= row <= last[1] for first, last in covered.items()
            )
            if cell is not None and not inside:
                sheet.write(row, column, cell, day if isinstance(cell, date) else xlwt.Style.default_style)
    book.save(str(path))
    return path


both = pytest.mark.parametrize("save", [save_xlsx, save_xls])


def read(path: Path) -> tuple[Table, list[Row]]:
    with open_table(path) as table:
        rows = list(table.rows())
        if table.damage:
            raise table.damage
        return table, rows


def strict(path: Path) -> Path:
    """The same workbook as Strict Open XML."""
    content = io.BytesIO()
    with ZipFile(path) as read, ZipFile(content, "w", ZIP_DEFLATED) as written:
        for name in read.namelist():
            part = read.read(name)
            part = part.replace(
                b"http://schemas.openxmlformats.org/spreadsheetml/2006/main",
                b"http://purl.oclc.org/ooxml/spreadsheetml/main",
            ).replace(
                b"http://schemas.openxmlformats.org/officeDocument/2006/relationships",
                b"http://purl.oclc.org/ooxml/officeDocument/relationships",
            )
            written.writestr(name, part)
    path.write_bytes(content.getvalue())
    return path
