"""`make fuzz`: every target under atheris for a while, one after the other; exit code 1 where one broke."""

import argparse
import re
import subprocess
import sys
from pathlib import Path

from tests.fuzz.targets import TARGETS

FOUND = Path(__file__).parents[2] / ".cache" / "fuzz"
_EXECUTIONS = re.compile(r"stat::number_of_executed_units: (\d+)")
# Time to import and to read the seeds, on a busy machine too.
_START_S = 300


def main() -> int:
    """Prints a line a target, and of one that broke what it said last and where the input lies."""
    parser = argparse.ArgumentParser(prog="make fuzz")
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--target", choices=sorted(TARGETS), action="append", help="default: every one")
    given = parser.parse_args()
    FOUND.mkdir(parents=True, exist_ok=True)
    return 1 if [name for name in given.target or sorted(TARGETS) if not fuzz(name, given.seconds)] else 0


def fuzz(name: str, seconds: int) -> bool:
    """Fuzzes one target; returns whether it held."""
    command = [sys.executable, "-m", "tests.fuzz.guided", name, str(seconds), str(FOUND)]
    run = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
        timeout=seconds + _START_S, check=False,
    )  # fmt: skip
    count = _EXECUTIONS.search(run.stdout)
    kept = len(list((FOUND / name).iterdir()))
    print(f"{name:20} {'held' if run.returncode == 0 else 'BROKE':6} {count[1] if count else '?':>9} inputs", end=" ")
    print(f"{kept:>6} kept", flush=True)
    if run.returncode:
        print(run.stdout[-3000:])
        print(f"The input is among {FOUND}/{name}.*; with its fix it goes into {TARGETS[name].corpus}")
    return run.returncode == 0


if __name__ == "__main__":
    sys.exit(main())
