"""`make bench`: measures the node and prints a line of JSON for each benchmark; progress goes to standard error."""

import argparse
import os
from pathlib import Path

from tests.bench.measure import print_result
from tests.bench.sync import bench_sync
from tests.bench.world import Rows, temporary_folder

_BENCHES = {"sync": bench_sync}


def main() -> None:
    """Runs what is asked for; each argument has an environment variable of the same name."""
    arguments = _parse()
    for name in arguments.only.split(","):
        with temporary_folder() as folder:
            print_result(_BENCHES[name](folder, Rows(arguments.n, arguments.data), arguments.runs))


def _parse() -> argparse.Namespace:
    environment = os.environ.get
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--n", type=int, default=int(environment("N") or 50_000), help="records (default 50,000)")
    parser.add_argument("--data", type=Path, default=environment("DATA"), help="folder of city files instead")
    parser.add_argument("--runs", type=int, default=int(environment("RUNS") or 3), help="runs of each (default 3)")
    parser.add_argument("--only", default=environment("ONLY") or ",".join(_BENCHES), help="comma-separated")
    return parser.parse_args()


if __name__ == "__main__":
    main()
