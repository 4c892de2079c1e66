"""`sync`: a whole log from one node to another, verified and durable, against the plainest programs that move it."""

from pathlib import Path

from tests.bench.limits import Limits, Run
from tests.bench.measure import alternate, rate, ratio
from tests.bench.world import ORIGIN, RECEIVER, Process, Rows, World, say


def bench_sync(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures the pull of one city's log by another."""
    world = World(folder)
    with world.run(ORIGIN) as origin:
        loaded = world.load(ORIGIN, rows.files(folder))
        say(f"sync: {loaded['accepted']} records in the origin's log")
        with world.run(RECEIVER):
            messages = world.batches(RECEIVER, ORIGIN)
        limits = Limits(world, ORIGIN, messages)
        with limits.serve() as server:
            results = alternate(
                runs,
                {
                    "sync": lambda: _sync(world, origin),
                    "limit_grpc": lambda: limits.receive(server, signed=False),
                    "per_record_signature": lambda: limits.receive(server, signed=True),
                },
            )
    return _result(results, messages, runs)


def _result(results: dict[str, list[Run]], messages: list[bytes], runs: int) -> dict[str, object]:
    sync, limit, signed = ([run.per_s for run in results[name]] for name in results)
    n = results["sync"][0].records
    return {
        "bench": "sync",
        "n": n,
        "records_per_s": rate(sync),
        "limit_grpc_per_s": rate(limit),
        "ratio_limit_grpc": ratio(sync, limit),
        "per_record_signature_per_s": rate(signed),
        "ratio_per_record_signature": ratio(sync, signed),
        "runs": runs,
        "bytes_per_record": round(sum(map(len, messages)) / n),
        "origin_cpu_us": _cpu_us([run.sender_cpu_s for run in results["sync"]], n),
        "receiver_cpu_us": _cpu_us([run.receiver_cpu_s for run in results["sync"]], n),
        "limit_sender_cpu_us": _cpu_us([run.sender_cpu_s for run in results["limit_grpc"]], n),
        "limit_receiver_cpu_us": _cpu_us([run.receiver_cpu_s for run in results["limit_grpc"]], n),
    }


def _cpu_us(seconds: list[float], n: int) -> float:
    """Median processor time for one record, microseconds."""
    return rate([each / n * 1e6 for each in seconds])


def _sync(world: World, origin: Process) -> Run:
    world.forget(RECEIVER)
    with world.run(RECEIVER) as receiver:
        sender_s, receiver_s = origin.cpu_s, receiver.cpu_s
        pulled = world.sync(RECEIVER, ORIGIN)
        return Run(pulled.tree_size, pulled.seconds, origin.cpu_s - sender_s, receiver.cpu_s - receiver_s)
