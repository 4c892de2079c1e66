"""`make bench`: measures the node and prints a line of JSON for each benchmark; progress goes to standard error."""

import argparse
import logging
import os
from collections.abc import Sequence
from pathlib import Path

import structlog

from tests.bench.act import bench_act
from tests.bench.against import in_turns
from tests.bench.family import PeakMemory
from tests.bench.growth import bench_growth
from tests.bench.intake import bench_intake
from tests.bench.lookup import bench_lookup
from tests.bench.measure import print_result
from tests.bench.peers import bench_catch_up, bench_fan_out
from tests.bench.screen import bench_screen
from tests.bench.split import profile_sync
from tests.bench.sync import bench_sync, bench_sync_acts
from tests.bench.witness import bench_witness
from tests.bench.world import Rows, temporary_folder

_BENCHES = {
    "sync": bench_sync,
    "sync_acts": bench_sync_acts,
    "fan_out": bench_fan_out,
    "catch_up": bench_catch_up,
    "intake": bench_intake,
    "lookup": bench_lookup,
    "screen": bench_screen,
    "act": bench_act,
    "witness": bench_witness,
    "growth": bench_growth,
}
_USUAL = tuple(name for name in _BENCHES if name != "growth")
_N, _GROWTH_N = 50_000, 1_000_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs what is asked for."""
    asked = _parse(arguments)
    for name in asked.only.split(","):
        n = asked.n or (_GROWTH_N if name == "growth" else _N)
        if asked.against:
            print_result(in_turns(name, n, asked.data, asked.runs, asked.against))
        else:
            print_result(_measure(name, Rows(n, asked.data), asked.runs))
    if asked.profile:
        with temporary_folder() as folder:
            print_result(profile_sync(folder, Rows(asked.n or _N, asked.data), asked.runs))


def _measure(name: str, rows: Rows, runs: int) -> dict[str, object]:
    with temporary_folder() as folder, PeakMemory() as memory:
        result = _BENCHES[name](folder, rows, runs)
    return result | {"peak_rss_mb": memory.mb}


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Each argument is also taken from the environment, by its name in capitals."""
    environment = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--n", type=int, default=environment("N"), help=f"records ({_N:,}; of growth {_GROWTH_N:,})")
    parser.add_argument("--data", type=Path, default=environment("DATA"), help="folder of city files instead")
    parser.add_argument("--runs", type=int, default=environment("RUNS") or "3", help="runs of each (3)")
    parser.add_argument("--only", default=environment("ONLY") or ",".join(_USUAL), help=f"of {', '.join(_BENCHES)}")
    parser.add_argument("--against", type=Path, default=environment("AGAINST"), help="another checkout, in turns")
    parser.add_argument("--profile", action="store_true", help="also: where the receiver's time goes")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    # Some benchmarks run the node's use cases here: standard output is for results alone.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    main()
