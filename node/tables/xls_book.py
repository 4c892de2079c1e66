"""An .xls workbook of before 2007. A process of its own reads it, which may use so much memory and time and no more."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from node.messages import Message, _
from node.tables.cell_texts import number_cell, shown_as
from node.tables.merges import MAX_MERGES, TOO_MANY_MERGES, Merge
from node.tables.raw_row import RawRow, Sheet
from node.tables.unfit import NoTableError, damaged, too_much

_CHILD = Path(__file__).with_name("xls_child.py")
_FREE_BYTES, _BYTES_EACH = 384 << 20, 32
_FREE_SECONDS, _BYTES_A_SECOND = 10, 1 << 18
_FAULTS = {
    "memory": too_much(_("the workbook needs more memory than others of its size")),
    "encrypted": _("the file has a password; save it as .xlsx without one"),
    "damaged": damaged(_("it is no workbook, or not a whole one")),
    "time": too_much(_("the workbook takes longer to read than others of its size")),
}
_STOPPED_FOR_TIME = {-signal.SIGXCPU, -signal.SIGKILL}
# Ours may hold a passphrase; others an interpreter may need to start, such as LD_LIBRARY_PATH.
_OURS = "GONGZHI_"


class XlsBook:
    """The sheets of an .xls workbook."""

    def __init__(self, path: Path) -> None:
        """Looks into the file.

        Raises:
            NoTableError: Damaged, has a password, or would fill the memory.
        """
        self._path = path
        lines = self._read()
        about: dict[str, Any] = next(lines, {})
        self.sheets = [Sheet(name, str(number)) for number, name in enumerate(about["sheets"])]
        self.counts_from_1904: bool = about["counts_from_1904"]
        self._shown = [shown_as(number, code) for number, code in about["formats"]]
        self._tops: dict[str, list[RawRow]] = {sheet.part: [] for sheet in self.sheets}
        for number, line, cells in lines:
            self._tops[str(number)].append(self._row(line, cells))

    def top(self, sheet: Sheet) -> list[RawRow]:
        """The first rows of a sheet that say something."""
        return self._tops[sheet.part]

    def merges(self, sheet: Sheet) -> list[Merge]:
        """The merged cells of a sheet.

        Raises:
            NoTableError: As at the beginning.
        """
        merged = next(self._read(sheet))["merged"]
        if len(merged) > MAX_MERGES:
            raise NoTableError(TOO_MANY_MERGES)
        return [Merge(row + 1, column, last_row, last - 1) for row, last_row, column, last in merged]

    def rows(self, sheet: Sheet) -> Iterator[RawRow]:
        """The rows of a sheet that say something.

        Raises:
            NoTableError: As at the beginning.
        """
        lines = self._read(sheet)
        next(lines, None)
        for line, cells in lines:
            yield self._row(line, cells)

    def _row(self, line: int, values: list[Any]) -> RawRow:
        cells = [""] * (values[-1][0] + 1)
        for column, value, style in values:
            cells[column] = value if style is None else self._number(value, style)
        return RawRow(line, cells)

    def _number(self, value: float, style: int) -> str:
        return number_cell(value, self._shown[style], counts_from_1904=self.counts_from_1904)

    def _read(self, sheet: Sheet | None = None) -> Iterator[Any]:
        size = self._path.stat().st_size
        limits = (_FREE_BYTES + _BYTES_EACH * size, _FREE_SECONDS + size // _BYTES_A_SECOND)
        asked = [] if sheet is None else [sheet.part]
        with subprocess.Popen(  # noqa: S603 - our own program, and a path that exists
            [sys.executable, "-I", str(_CHILD), str(self._path.absolute()), *map(str, (*limits, *asked))],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env={name: value for name, value in os.environ.items() if not name.startswith(_OURS)},
        ) as child:  # fmt: skip
            try:
                for text in child.stdout or ():
                    line = json.loads(text) if text.endswith(b"\n") else {"fault": "time"}
                    if fault := isinstance(line, dict) and line.get("fault"):
                        raise NoTableError(_FAULTS[fault])
                    yield line
                if code := child.wait():
                    raise NoTableError(_FAULTS["time"] if code in _STOPPED_FOR_TIME else _failed(code))
            finally:
                child.kill()


def _failed(code: int) -> Message:
    return _(
        "the workbook could not be read: the program that reads .xls ended with code {code}; save it as .xlsx",
        code=code,
    )
