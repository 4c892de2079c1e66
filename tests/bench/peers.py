"""`fan_out`, `catch_up`: five peers pull one city's whole log at once; one city pulls five whole logs at once."""

from contextlib import ExitStack
from pathlib import Path

from node.folder.founding import CAPITALS
from tests.bench.limits import Limits, receive
from tests.bench.measure import alternate
from tests.bench.pulls import disk_figures, first_pull, pull_figures
from tests.bench.world import ORIGIN, RECEIVER, Rows, World


def bench_fan_out(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures how the log of one city reaches the five others, all empty, against plain programs that do the same."""
    world = World(folder, tuple(CAPITALS))
    peers = [city for city in CAPITALS if city != ORIGIN]
    with world.run(ORIGIN) as origin:
        world.load(ORIGIN, rows.files(folder))
        limits = Limits(world, ORIGIN, world.batches(RECEIVER, ORIGIN))
        with limits.serve() as server:
            results = alternate(
                runs,
                {
                    "fan_out": lambda: first_pull(world, {peer: [ORIGIN] for peer in peers}, [origin]),
                    "limit_grpc": lambda: receive(world, {peer: [limits] for peer in peers}, [server]),
                },
            )
        peak_mb = origin.peak_rss_mb
    pulls, plain = results["fan_out"], results["limit_grpc"]
    n = pulls[0].records // len(peers)
    return {
        "bench": "fan_out",
        "n": n,
        "peers": len(peers),
        **pull_figures(pulls, plain),
        **disk_figures(pulls, plain),
        "bytes_per_record": round(limits.sent_bytes / n),
        "origin_rss_mb": peak_mb,
        "runs": runs,
    }


def bench_catch_up(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures how an empty city comes to hold five logs, against one plain program that does the same."""
    world = World(folder, tuple(CAPITALS))
    peers = [city for city in CAPITALS if city != RECEIVER]
    with ExitStack() as stack:
        origins = [stack.enter_context(world.run(peer)) for peer in peers]
        for peer in peers:
            world.load(peer, rows.share(folder, peer, len(peers)))
        limits = [Limits(world, peer, world.batches(RECEIVER, peer)) for peer in peers]
        servers = [stack.enter_context(each.serve()) for each in limits]
        results = alternate(
            runs,
            {
                "catch_up": lambda: first_pull(world, {RECEIVER: peers}, origins),
                "limit_grpc": lambda: receive(world, {RECEIVER: limits}, servers),
            },
        )
    pulls, plain = results["catch_up"], results["limit_grpc"]
    n = pulls[0].records
    return {
        "bench": "catch_up",
        "n": n,
        "peers": len(peers),
        **pull_figures(pulls, plain),
        **disk_figures(pulls, plain),
        "bytes_per_record": round(sum(each.sent_bytes for each in limits) / n),
        "runs": runs,
    }
