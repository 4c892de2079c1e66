"""Reads an .xls workbook of before 2007 for `xls_book`, in a process of its own with little memory and time.

xlrd believes what such a file says of itself. Run as `xls_child.py FILE MEMORY SECONDS [SHEET]`; writes lines of JSON:
what the workbook is and then the first rows of each sheet, or with SHEET the merged ranges of that sheet and then all
its rows. Imports nothing of the node.
"""

import json
import os
import resource
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import xlrd  # type: ignore[import-untyped, import-not-found, unused-ignore]

_TOP_ROWS = 20
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")


def main(path: str, memory: int, seconds: int, sheet: int | None) -> None:
    """Writes what is asked for, or the kind of the fault."""
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CPU, seconds)
    try:
        with Path(os.devnull).open("w", encoding="ascii") as log:
            book = xlrd.open_workbook(path, logfile=log, formatting_info=True, on_demand=True, ragged_rows=True)
            _write_book(book) if sheet is None else _write_sheet(book.sheet_by_index(sheet))
    except BrokenPipeError:
        os._exit(0)  # nobody wants more
    except MemoryError:
        _write({"fault": "memory"})
    except Exception as error:  # noqa: BLE001 - xlrd raises anything for what is damaged
        is_encrypted = "encrypted" in str(error) or _is_encrypted(path)
        _write({"fault": "encrypted" if is_encrypted else "damaged"})


def _limit(what: int, most: int) -> None:
    """Sets a limit, unless there is a lower one."""
    hard = resource.getrlimit(what)[1]
    lowest = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (lowest, lowest))


def _write(line: Any) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _write_book(book: Any) -> None:
    formats = [book.format_map.get(style.format_key) for style in book.xf_list]
    _write(
        {
            "sheets": book.sheet_names(),
            "counts_from_1904": book.datemode == 1,
            "formats": [(each.format_key, each.format_str) if each else (0, "") for each in formats],
        }
    )
    for number in range(book.nsheets):
        for line, cells in islice(_rows(book.sheet_by_index(number)), _TOP_ROWS):
            _write([number, line, cells])
        book.unload_sheet(number)


def _write_sheet(sheet: Any) -> None:
    """Ranges as xlrd has them: rows and columns from 0, the end beyond the last."""
    _write({"merged": sheet.merged_cells})
    for row in _rows(sheet):
        _write(row)


def _rows(sheet: Any) -> Iterator[tuple[int, list[Any]]]:
    """Line and cells of the rows that say something."""
    for number in range(sheet.nrows):
        kinds, values = sheet.row_types(number), sheet.row_values(number)
        cells = [
            (column, *_cell(kinds[column], values[column], sheet.cell_xf_index(number, column)))
            for column in range(len(kinds))
            if str(values[column]).strip()
        ]
        if cells:
            yield number + 1, cells


def _cell(kind: int, value: Any, style: int) -> tuple[Any, int | None]:
    """A text without a style, or a number with one."""
    if kind in {xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE}:
        return value, style
    if kind == xlrd.XL_CELL_BOOLEAN:
        return "TRUE" if value else "FALSE", None
    if kind == xlrd.XL_CELL_ERROR:
        return xlrd.error_text_from_code.get(value, "#VALUE!"), None
    return str(value), None


def _is_encrypted(path: str) -> bool:
    return _ENCRYPTED in Path(path).read_bytes()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]) if len(sys.argv) > 4 else None)
