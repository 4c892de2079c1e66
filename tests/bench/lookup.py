"""`lookup`: questions to a node's query process, against a bare echo, and while the node pulls at full speed."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import grpc

from node.client.channel import identity_channel, pinned_channel
from node.folder.identity import load_identity
from node.stubs.query.v1.query_pb2 import Question
from tests.bench.asker import (
    IN_FLIGHT,
    VERIFY,
    Asked,
    answer_to,
    ask,
    ask_roster,
    ask_server,
    ask_while,
    questions,
    requests,
    results,
)
from tests.bench.limits import Limits
from tests.bench.measure import alternate, rate, ratio
from tests.bench.plain import METHOD
from tests.bench.world import ORIGIN, OTHER, RECEIVER, Process, Rows, World, say

# Questions asked once before any are measured.
_WARM_UP = 500
_MAX_QUESTIONS = 50_000


class Loaded(NamedTuple):
    """Latencies at rest and under a pull, and the pull's rate."""

    idle: Asked
    during_sync: Asked
    sync_per_s: float

    @property
    def p99_ratio(self) -> float:
        """How much longer one in a hundred waits while the node pulls."""
        return self.during_sync.p99_ms / self.idle.p99_ms


def bench_lookup(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures the answers about records pulled from a peer."""
    world = World(folder, (ORIGIN, RECEIVER, OTHER))
    with world.run(ORIGIN):
        loaded = world.load(ORIGIN, rows.files(folder))
        say(f"lookup: {loaded['accepted']} records to ask about")
        with world.run(RECEIVER), world.run(RECEIVER, "query") as server:
            n = world.sync(RECEIVER, ORIGIN).tree_size
            world.await_index(RECEIVER)
            asked = questions(world.configs[RECEIVER], ORIGIN, min(max(rows.n, IN_FLIGHT), _MAX_QUESTIONS))
            result = _against_echo(world, asked, server, runs)
    keep = folder / "kept"
    shutil.copytree(world.configs[RECEIVER].data_dir, keep)
    with world.run(OTHER):
        world.load(OTHER, Rows(2 * rows.n).files(folder, OTHER))
        loads = []
        for number in range(runs):
            loads.append(_during_sync(world, asked, keep))
            say(f"  run {number + 1} of {runs}: {loads[-1]}")
    return {"bench": "lookup", "n": n, **result, **_loaded(loads), "runs": runs}


def _against_echo(world: World, asked: list[Question], server: Process, runs: int) -> dict[str, object]:
    serialised = requests(asked)
    count = max(len(asked) // 5, 2 * IN_FLIGHT)
    with platform_channel(world) as open_channel:
        answers = results(open_channel, serialised[:_WARM_UP])
        limits = Limits(world, RECEIVER, [], answer_to(open_channel, serialised[1]))
        with limits.serve() as echo, echo_channel(world, limits.address) as plain:
            ask(plain, f"{METHOD}Echo", serialised, _WARM_UP)
            measured = alternate(
                runs,
                {
                    "lookup": lambda: ask_server(server, open_channel, VERIFY, serialised, count),
                    "echo": lambda: ask_server(echo, plain, f"{METHOD}Echo", serialised, count),
                },
            )
        rosters = [ask_roster(open_channel, asked) for _ in range(runs)]
        say(f"  rosters: {[round(each) for each in rosters]}")
    lookup, echoed = measured["lookup"], measured["echo"]
    return {
        "requests_per_s": rate([each.per_s for each in lookup]),
        "p50_ms": median(each.p50_ms for each in lookup),
        "p99_ms": median(each.p99_ms for each in lookup),
        "echo_per_s": rate([each.per_s for each in echoed]),
        "ratio_echo": ratio([each.per_s for each in lookup], [each.per_s for each in echoed]),
        "roster_per_s": rate(rosters),
        "in_flight": IN_FLIGHT,
        "server_cpu_us": rate([each.server_cpu_us for each in lookup]),
        "echo_cpu_us": rate([each.server_cpu_us for each in echoed]),
        "ratio_echo_cpu": ratio([each.server_cpu_us for each in echoed], [each.server_cpu_us for each in lookup]),
        "results": answers,
    }


def _during_sync(world: World, asked: list[Question], keep: Path) -> Loaded:
    data_dir = world.configs[RECEIVER].data_dir
    shutil.rmtree(data_dir)
    shutil.copytree(keep, data_dir)
    serialised = requests(asked)
    with (
        world.run(RECEIVER),
        world.run(RECEIVER, "query"),
        platform_channel(world) as open_channel,
        ThreadPoolExecutor(1) as pool,
    ):
        ask(open_channel, VERIFY, serialised, _WARM_UP)
        idle = ask(open_channel, VERIFY, serialised, max(len(asked) // 10, 2 * IN_FLIGHT))
        pull = pool.submit(world.sync, RECEIVER, OTHER)
        during = ask_while(open_channel, VERIFY, serialised, lambda: not pull.done())
        pulled = pull.result()
    return Loaded(idle, during, pulled.tree_size / pulled.seconds)


def _loaded(loads: list[Loaded]) -> dict[str, object]:
    return {
        "p99_sync_ratio": round(median(each.p99_ratio for each in loads), 2),
        "p99_idle_ms": median(each.idle.p99_ms for each in loads),
        "p99_sync_ms": median(each.during_sync.p99_ms for each in loads),
        "requests_per_s_during_sync": rate([each.during_sync.per_s for each in loads]),
        "sync_per_s_during_lookup": rate([each.sync_per_s for each in loads]),
    }


def platform_channel(world: World) -> grpc.Channel:
    """A platform's channel to the receiver's query process."""
    return identity_channel(load_identity(world.platform_identity(RECEIVER)), "query")


def echo_channel(world: World, address: str) -> grpc.Channel:
    """The same platform's channel to the echo."""
    identity = load_identity(world.platform_identity(RECEIVER))
    return pinned_channel(address, identity.tls, identity.city, identity.server_certs)
