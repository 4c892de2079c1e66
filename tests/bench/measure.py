"""How results are made of runs, and printed."""

import json
from collections.abc import Callable, Sequence
from statistics import median
from typing import TypeVar

from tests.bench.world import say

Value = TypeVar("Value")


def alternate(runs: int, programs: dict[str, Callable[[], Value]]) -> dict[str, list[Value]]:
    """Runs each program `runs` times in turn, every second round backwards: a drift of the machine hits all alike."""
    results: dict[str, list[Value]] = {name: [] for name in programs}
    for number in range(runs):
        names = list(programs)
        for name in names[::-1] if number % 2 else names:
            results[name].append(programs[name]())
            say(f"  run {number + 1} of {runs}: {name}: {results[name][-1]}")
    return results


def ratio(values: Sequence[float], limits: Sequence[float]) -> float:
    """The median of the ratios within each round."""
    return round(median(value / limit for value, limit in zip(values, limits, strict=True)), 3)


def rate(values: Sequence[float]) -> float:
    """The median rate."""
    return round(median(values), 1)


def print_result(result: dict[str, object]) -> None:
    """One line of JSON."""
    print(json.dumps(result, ensure_ascii=False), flush=True)
