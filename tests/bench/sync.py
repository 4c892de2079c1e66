"""`sync`, `sync_acts`: a whole log from one node to another, verified and durable, against the plainest programs."""

from pathlib import Path
from typing import NamedTuple

from tests.bench.acts import ACTS_A_CASE, MAX_CASES, append_singly, many_referrals
from tests.bench.limits import Limits, Run, receive
from tests.bench.measure import alternate, rate, ratio
from tests.bench.pulls import disk_figures, first_pull, pull_figures
from tests.bench.world import ORIGIN, RECEIVER, Process, Rows, World, say


class _Pulls(NamedTuple):
    """Rounds of the node and of its limits, and the length of the messages that the origin sent in each."""

    sync: list[Run]
    limit: list[Run]
    signed: list[Run]
    sent_bytes: int


def bench_sync(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures the pull of one city's registrations by another."""
    world = World(folder)
    with world.run(ORIGIN) as origin:
        loaded = world.load(ORIGIN, rows.files(folder))
        say(f"sync: {loaded['accepted']} records in the origin's log")
        pulls = _against_limits(world, origin, runs)
    return _result("sync", world, pulls)


def bench_sync_acts(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures the pull of a log of referrals, each act an append of its own."""
    world = World(folder)
    append_singly(world.configs[ORIGIN], many_referrals(min(rows.n, MAX_CASES * ACTS_A_CASE), RECEIVER))
    with world.run(ORIGIN) as origin:
        origin.await_idle()  # it reads its cases first
        pulls = _against_limits(world, origin, runs)
    return _result("sync_acts", world, pulls)


def _against_limits(world: World, origin: Process, runs: int) -> _Pulls:
    limits = Limits(world, ORIGIN, world.batches(RECEIVER, ORIGIN))
    signatures = limits.sign()
    with limits.serve() as server:
        results = alternate(
            runs,
            {
                "sync": lambda: first_pull(world, {RECEIVER: [ORIGIN]}, [origin]),
                "limit_grpc": lambda: receive(world, {RECEIVER: [limits]}, [server]),
                "per_record_signature": lambda: receive(world, {RECEIVER: [limits]}, [server], signatures),
            },
        )
    return _Pulls(results["sync"], results["limit_grpc"], results["per_record_signature"], limits.sent_bytes)


def _result(bench: str, world: World, pulls: _Pulls) -> dict[str, object]:
    n = pulls.sync[0].records
    return {
        "bench": bench,
        "n": n,
        **pull_figures(pulls.sync, pulls.limit),
        "per_record_signature_per_s": rate([run.per_s for run in pulls.signed]),
        "ratio_per_record_signature": ratio([run.per_s for run in pulls.sync], [run.per_s for run in pulls.signed]),
        "bytes_per_record": round(pulls.sent_bytes / n),
        "origin_disk_bytes_per_record": round(world.stored_bytes(ORIGIN) / n),
        **disk_figures(pulls.sync, pulls.limit),
        "runs": len(pulls.sync),
    }
