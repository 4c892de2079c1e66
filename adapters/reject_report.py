"""The reject report: a CSV that says what is wrong beside the row itself, to be mended in place and loaded again."""

import csv
from collections import Counter
from collections.abc import Mapping, Sequence
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType

from adapters.rows import Row
from node.errors import FileError, Reason
from node.messages import Lang, _, language, render
from node.tables.formulas import guard
from node.whole_file import whole_file

COLUMNS: Mapping[Lang, tuple[str, ...]] = {
    "en": ("file", "line", "field", "value", "reason", "message"),
    "zh": ("文件", "行号", "列名", "原值", "原因代码", "原因"),
}
"""What a report says before the row's own cells, in the reader's language; the code of the reason in both."""
_BETWEEN = " | "


class RejectReport:
    """Writes a reject report, readable by its owner alone: it holds the source's own values, personal ones too.

    It takes its name when it is complete, so that a report can be loaded and written anew under one name.
    """

    def __init__(self, path: Path, headers: Sequence[Sequence[str]]) -> None:
        """Begins a report.

        Args:
            path: Its name; an older file of that name stays until the new one is complete.
            headers: The columns of each source.

        Raises:
            FileError: INVALID_ARGUMENT, there is no writing there.
        """
        self._path = path
        self._columns = list(dict.fromkeys(column for header in headers for column in _counted(header)))
        self._whole = whole_file(path, mode=0o600)
        try:
            binary = self._whole.__enter__()
        except OSError as error:
            raise FileError(
                Reason.INVALID_ARGUMENT, str(path), _("the file cannot be written: {cause}", cause=error.strerror or "")
            ) from None
        # With a byte order mark spreadsheets read Chinese right. Bytes that were no text come out as "?".
        self._file = TextIOWrapper(binary, encoding="utf-8-sig", errors="replace", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow([*COLUMNS[language()], *(guard(name) for name, _count in self._columns)])

    def __enter__(self) -> "RejectReport":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.detach()
        # A load that broke off: a part of the report must not take the place of a whole one that is being loaded.
        is_kept = kind is None or not self._path.exists()
        self._whole.__exit__(*((None, None, None) if is_kept else (kind, error, trace)))

    def write(self, row: Row, columns: Sequence[str]) -> None:
        """Adds a row. `columns` name its cells; surplus cells go to the end."""
        named = dict(zip(_counted(columns), row.cells, strict=False))
        cells = [named.get(column, "") for column in self._columns] + row.cells[len(columns) :]
        problems = [(each.column, each.value, each.reason, render(each.text)) for each in row.problems]
        joined = [_BETWEEN.join(part) for part in zip(*problems, strict=True)]
        self._rows.writerow([row.file, row.line, *map(guard, [*joined, *cells])])


def leading_columns(header: Sequence[str]) -> int:
    """How many columns of a table are those of a reject report, in either language; 0 where it is none."""
    return next((len(names) for names in COLUMNS.values() if tuple(header[: len(names)]) == names), 0)


def _counted(header: Sequence[str]) -> list[tuple[str, int]]:
    """Names told apart by how often each was there before: a source may use one twice."""
    seen: Counter[str] = Counter()
    counted: list[tuple[str, int]] = []
    for name in header:
        counted.append((name, seen[name]))
        seen[name] += 1
    return counted
