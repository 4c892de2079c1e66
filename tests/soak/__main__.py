"""`make soak`: real nodes under a steady load; exit code 1 where memory, files, threads or write-ahead logs grow."""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from node.demo.founding import found_federation
from node.folder.founding import CAPITALS
from node.testing.local import ProcessCity
from tests.soak.load import Load
from tests.soak.samples import BOUNDS, Sample, Slope, sample, slopes

_SETTINGS = {"sync": {"interval_s": 2.0}}
_SAMPLES = 120
"""As many, whatever the time."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints a JSON line for each figure, and a table for people on standard error."""
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--rows", type=int, default=60_000, help="at each city before the load begins")
    parser.add_argument("--cities", type=int, default=2, help="2 to 6 nodes of three processes each")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="gongzhi-soak-") as folder, ExitStack() as stack:
        cities = _started(Path(folder), list(CAPITALS)[: given.cities], stack)
        load = stack.enter_context(Load(cities, given.rows))
        found = slopes(list(_samples(cities, given.minutes * 60)))
        print(json.dumps({"minutes": given.minutes, "cities": len(cities)} | load.done), flush=True)
    for each in found:
        print(json.dumps(each._asdict() | {"is_flat": each.is_flat}), flush=True)
    _show(found)
    return 0 if all(each.is_flat for each in found) else 1


def _started(base: Path, names: Sequence[str], stack: ExitStack) -> list[ProcessCity]:
    configs = found_federation(base, datetime.now(UTC), names, _SETTINGS)
    cities = [ProcessCity(config, base / config.city) for config in configs]
    for city in cities:
        stack.callback(city.stop)
        city.start()
    return cities


def _samples(cities: Sequence[ProcessCity], seconds: float) -> Iterator[Sample]:
    began_s = time.monotonic()
    while (at_s := time.monotonic() - began_s) < seconds:
        yield at_s, sample(city.config for city in cities)
        time.sleep(seconds / _SAMPLES)


def _show(found: Sequence[Slope]) -> None:
    table = Table("city", "what", "figure", "first", "last", "most", "by the hour", "may grow", "")
    for each in found:
        bound = BOUNDS[each.figure]
        figures = (f"{value:.1f}" for value in (each.first, each.last, each.most, each.per_hour))
        may = f"{bound.per_hour}/h or {bound.noise} in all"
        table.add_row(each.city, each.what, each.figure, *figures, may, "flat" if each.is_flat else "GROWS")
    Console(stderr=True, width=140).print(table)


if __name__ == "__main__":
    sys.exit(main())
