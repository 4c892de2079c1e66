"""Whatever a file holds, reading it takes time in proportion to its bytes, and no more memory than one row needs."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

from node.errors import FileError
from node.tables.file import KINDS, open_file
from tests.kit.samples.growing_files import GROWING

SMALL, TIMES = 4_000, 8
MIB = 1 << 20
# Of the whole process, its programs included: a file of a few kilobytes once took 3 GiB.
MEMORY = 256 * MIB
CASES = [(kind.name, name) for kind in KINDS for name in GROWING[kind.name]]
# A workbook of Excel 97 is read in a process of its own.
MARKED = [pytest.param(*case, marks=[pytest.mark.processes] if case[0] == "xls" else []) for case in CASES]

READ = """
import resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[1]),) * 2)
from node.errors import FileError
from node.tables.file import open_file
for path in map(Path, sys.argv[2:]):
    try:
        with open_file(path) as file:
            count = sum(1 for _ in file.rows)
    except FileError as error:
        count = f"refused: {error.message}"
    except MemoryError:
        count = "MEMORY"
    print(path.name, count, sep="\\t")
"""


def seconds(path: Path) -> float:
    """Processor time of reading a file, that of the programs it starts included."""

    def used() -> float:
        return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))

    before = used()
    try:
        with open_file(path) as file:
            for _ in file.rows:
                pass
    except FileError:
        pass
    return used() - before


@pytest.mark.parametrize(("kind", "name"), MARKED)
def test_the_work_is_linear(tmp_path: Path, kind: str, name: str) -> None:
    """Eight times the size is eight times the work; were it quadratic, 64 times."""
    spent = []
    for size in (SMALL, SMALL * TIMES):
        path = tmp_path / "f"
        path.write_bytes(GROWING[kind][name](size))
        spent.append(seconds(path))
    assert spent[1] < 0.5 + 3 * TIMES * spent[0]
    assert spent[1] < 20


def test_the_memory_is_bounded(tmp_path: Path) -> None:
    paths = []
    for kind, name in CASES:
        path = tmp_path / f"{kind}, {name}"
        path.write_bytes(GROWING[kind][name](60_000))
        paths.append(path)
    done = subprocess.run(
        [sys.executable, "-c", READ, str(MEMORY), *map(str, paths)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip
    told = dict(line.split("\t") for line in done.stdout.splitlines())
    assert [path.name for path in paths] == list(told), done.stderr
    assert [name for name, count in told.items() if count == "MEMORY"] == []
