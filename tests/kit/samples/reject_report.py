"""The reject report of a load: read as its columns, and mended as an operator mends it."""

import csv
from pathlib import Path

from adapters.reject_report import leading_columns


def mend(report: Path, right: dict[int, list[str]]) -> None:
    """What an operator does: writes the right cells over the wrong ones, in place."""
    with report.open(encoding="utf-8-sig", newline="") as file:
        head, *lines = csv.reader(file)
    mended = [line[: leading_columns(head)] + right[int(line[1])] for line in lines]
    with report.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *mended])


def read_report(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))
