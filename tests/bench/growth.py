"""`growth`: what a record and a question cost as the store grows a hundredfold, and how much memory the node takes."""

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from typing import NamedTuple

from node.demo.sample import COLUMNS, EXTRA_COLUMNS, sample_rows
from tests.bench.asker import IN_FLIGHT, VERIFY, Asked, ask, questions, requests
from tests.bench.lookup import platform_channel
from tests.bench.world import ORIGIN, RECEIVER, Process, Rows, World, say

_STEPS = 3  # sizes, each ten times the one before
_LOADED_AT_ONCE = 100_000


class Stage(NamedTuple):
    """What was measured at one size of the store; costs are microseconds for one record or one question."""

    size: int
    sync_us: float
    sync_cpu_us: float
    lookup_us: float
    lookup_cpu_us: float
    node_rss_mb: float
    query_rss_mb: float
    origin_rss_mb: float


class _Nodes(NamedTuple):
    """The processes that grow."""

    origin: Process
    receiver: Process
    query: Process


def bench_growth(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures pulls of equal length and lookups at a hundredth, a tenth and all of `n` records stored."""
    world = World(folder)
    sizes = [max(rows.n // 10**step, 10) for step in reversed(range(_STEPS))]
    made = sample_rows(ORIGIN, sizes[-1] + _STEPS * runs * sizes[0])
    with world.run(ORIGIN) as origin, world.run(RECEIVER) as receiver, world.run(RECEIVER, "query") as query:
        nodes = _Nodes(origin, receiver, query)
        stages = [_measure(world, nodes, made, size, sizes[0], runs) for size in sizes]
    first, last = stages[0], stages[-1]
    return {
        "bench": "growth",
        "n": last.size,
        "sync_cost_ratio": round(last.sync_us / first.sync_us, 3),
        "lookup_cost_ratio": round(last.lookup_us / first.lookup_us, 3),
        "sync_cpu_ratio": round(last.sync_cpu_us / first.sync_cpu_us, 3),
        "lookup_cpu_ratio": round(last.lookup_cpu_us / first.lookup_cpu_us, 3),
        "receiver_rss_mb": [stage.node_rss_mb for stage in stages],
        "stages": [stage._asdict() for stage in stages],
        "runs": runs,
    }


def _measure(world: World, nodes: _Nodes, made: Iterator[list[str]], size: int, step: int, runs: int) -> Stage:
    """Grows the receiver's replica to `size`, then measures `runs` pulls of `step` records, then lookups."""
    _grow(world, made, size)
    pulls, cpu_s = [], []
    for _ in range(runs):
        _load(world, made, step)
        world.await_index(RECEIVER)  # else the query process takes the machine's time
        before_s = nodes.receiver.cpu_s
        pulls.append(world.sync(RECEIVER, ORIGIN).seconds / step)
        cpu_s.append((nodes.receiver.cpu_s - before_s) / step)
    world.await_index(RECEIVER)
    lookups, lookup_cpu_s = _lookups(world, nodes.query, max(step // 2, 2 * IN_FLIGHT), runs)
    stage = Stage(
        size=size,
        sync_us=round(median(pulls) * 1e6, 2),
        sync_cpu_us=round(median(cpu_s) * 1e6, 2),
        lookup_us=round(median(1e6 / each.per_s for each in lookups), 1),
        lookup_cpu_us=round(lookup_cpu_s * 1e6, 1),
        node_rss_mb=nodes.receiver.peak_rss_mb,
        query_rss_mb=nodes.query.peak_rss_mb,
        origin_rss_mb=nodes.origin.peak_rss_mb,
    )
    say(f"growth: {stage}")
    return stage


def _grow(world: World, made: Iterator[list[str]], size: int) -> None:
    """Loads and pulls until the origin's log has `size` records."""
    held = world.sync(RECEIVER, ORIGIN).tree_size
    while held < size:
        _load(world, made, min(_LOADED_AT_ONCE, size - held))
        held = world.sync(RECEIVER, ORIGIN).tree_size
        say(f"growth: {held} of {size} records")


def _load(world: World, made: Iterator[list[str]], rows: int) -> None:
    path = world.folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS + EXTRA_COLUMNS)
        writer.writerows(islice(made, rows))
    report = world.load(ORIGIN, [path])
    if report["accepted"] != rows:
        raise RuntimeError(f"{report['accepted']} of {rows} rows accepted: {report['reasons']}")


def _lookups(world: World, server: Process, count: int, runs: int) -> tuple[list[Asked], float]:
    """Lookups of records all over the log, and the server's processor seconds for one."""
    serialised = requests(questions(world.configs[RECEIVER], ORIGIN, count))
    with platform_channel(world) as channel:
        ask(channel, VERIFY, serialised, count)
        before_s = server.cpu_s
        measured = [ask(channel, VERIFY, serialised, count) for _ in range(runs)]
        return measured, (server.cpu_s - before_s) / count / runs
