"""Runs a benchmark of this checkout and of another in turns: what changed between them, whatever the machine does."""

import json
import os
import subprocess
from functools import partial
from pathlib import Path
from statistics import median

from tests.bench.measure import alternate, ratio

_HERE = Path(__file__).resolve().parents[2]
# Each of its arguments is told to a run on the command line; AGAINST would have it start the other in turn.
_OF_THE_WHOLE = ("AGAINST", "DATA", "N", "ONLY", "RUNS")
Figures = dict[str, float]


def in_turns(bench: str, n: int, data: Path | None, runs: int, other: Path) -> dict[str, object]:
    """The figures of both checkouts, and the median of their ratios in each round: above 1 is more here than there.

    Args:
        bench: Which.
        n: Records.
        data: Folder of city files instead.
        runs: Rounds.
        other: A checkout that is set up (`make setup`); figures that it does not print are left out.
    """
    command = [".venv/bin/python", "-m", "tests.bench", "--only", bench, "--n", str(n), "--runs", "1"]
    command += ["--data", str(data.resolve())] if data else []
    places = {"here": _HERE, "there": other.resolve()}
    turns = alternate(runs, {name: partial(_figures, command, place) for name, place in places.items()})
    here, there = turns["here"], turns["there"]
    names = [name for name in here[0] if all(turn.get(name) for turn in there)]
    return {
        "bench": bench,
        "n": n,
        "ratios": {name: ratio(_each(here, name), _each(there, name)) for name in names},
        "here": {name: median(_each(here, name)) for name in names},
        "there": {name: median(_each(there, name)) for name in names},
        "runs": runs,
    }


def _figures(command: list[str], place: Path) -> Figures:
    """What a run there prints as numbers."""
    environment = {name: value for name, value in os.environ.items() if name not in _OF_THE_WHOLE}
    done = subprocess.run(command, cwd=place, env=environment, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"the benchmark failed in {place}: {done.stderr.decode('utf-8', 'replace')[-2000:]}")
    result = json.loads(done.stdout.splitlines()[-1])  # in an older checkout the node's log comes before it
    return {name: value for name, value in result.items() if type(value) in (int, float) and name not in ("n", "runs")}


def _each(turns: list[Figures], name: str) -> list[float]:
    return [turn[name] for turn in turns]
