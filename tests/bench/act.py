"""`act`: a case of a thousand acts read and judged; acts recorded by a running node; its boxes over many cases."""

from __future__ import annotations  # gRPC's types are generic only to the type checker

import gc
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import chain
from pathlib import Path
from typing import Any

from node.client.channel import identity_channel
from node.core.members.clients import Kind
from node.core.members.federation import Federation
from node.core.members.officers import Account, OfficerRole
from node.core.standards import standard as standards
from node.folder.identity import add_client, load_identity
from node.folder.keyfile import load_log_key
from node.storage.sqlite.schema import open_writer
from node.storage.sqlite.store import Store
from node.stubs.casework.v1 import casework_pb2 as pb
from node.stubs.casework.v1.casework_pb2_grpc import CaseServiceStub
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.act_pb2 import Act
from node.supervisor import tune_interpreter
from node.usecases.casework.act_record import case_subject, read
from node.usecases.casework.case_file import PURPOSE, CaseRepository
from tests.bench.acts import CASE, MAX_CASES, append, many_cases, one_case
from tests.bench.measure import alternate, rate, ratio
from tests.bench.world import ORIGIN, OTHER, Process, Rows, World, say
from tests.kit.samples.standards import complaint
from tests.kit.stores.city import City

ACTS = 1_000
OFFICERS = 8
# Of a run: acts that are recorded, and seconds a node is left alone.
_RECORDED = 240
_IDLE_S = 10.0
# One case for so many of the rows of other benchmarks.
_ROWS_A_CASE = 2.5
_WAIT_S = 600


def bench_act(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures the case engine alone, then a node with many cases."""
    engine = _bench_case(folder, runs)
    count = min(max(round(rows.n / _ROWS_A_CASE), OFFICERS), MAX_CASES)
    world = World(folder, (ORIGIN,))
    _fill(world, count)
    officers = [_officer(world, number) for number in range(OFFICERS)]
    with world.run(ORIGIN) as node, ExitStack() as stack:
        desks = [_case_service(stack, officer) for officer in officers]
        boxes = _bench_boxes(desks[0], node, count, runs)
        recorded = _bench_recording(folder, desks, runs)
    return {"bench": "act", "n": rows.n, **engine, **recorded, **boxes, "runs": runs}


def _bench_case(folder: Path, runs: int) -> dict[str, object]:
    """A case of `ACTS` acts by two cities that see each other's late, as it stands in a store that holds both logs."""
    cities = {city: City(folder, city) for city in (ORIGIN, OTHER)}
    own = cities[ORIGIN]
    for name, entries in one_case(ACTS).items():
        append(cities[name], entries)
    own.pull(cities[OTHER], purpose=PURPOSE)
    repository: list[CaseRepository] = []

    def cold() -> float:
        read.cache_clear()
        repository[:] = [_repository(own.store)]
        return _ms(lambda: _judged(repository[0]))

    def parsed() -> float:
        return _ms(lambda: _parse(own.store))

    with _as_in_the_node():
        measured = alternate(runs, {"state": cold, "parse": parsed})
        warm = [_ms(lambda: _judged(repository[0])) for _ in range(runs)]
    for city in cities.values():
        city.close()
    states, parses = measured["state"], measured["parse"]
    return {
        "acts": ACTS,
        "state_1000_acts_ms": rate(states),
        "state_1000_acts_warm_ms": rate(warm),
        "acts_per_s": rate([ACTS / each * 1000 for each in states]),
        "parse_1000_acts_ms": rate(parses),
        "ratio_parse": ratio(parses, states),
    }


@contextmanager
def _as_in_the_node() -> Iterator[None]:
    """With the collector and the pace of threads that a node's process sets."""
    threshold, interval_s = gc.get_threshold(), sys.getswitchinterval()
    tune_interpreter("node")
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*threshold)
        sys.setswitchinterval(interval_s)


def _repository(store: Store) -> CaseRepository:
    return CaseRepository(store, lambda: Federation(()).connections)


def _judged(repository: CaseRepository) -> None:
    file = repository.open(CASE)
    if (file.case.state, len(file.acts)) != ("accepted", ACTS):
        raise RuntimeError(f"{len(file.acts)} acts make {file.case.state!r}")


def _parse(store: Store) -> None:
    """The limit: the same records, fetched and parsed, and nothing made of them."""
    merge = standards.get("referral").merge
    for _, record in store.by_subject(case_subject(CASE)):
        Header.FromString(record.header.SerializeToString())
        body: Any = merge(record.bodies())
        Act.FromString(body.act.SerializeToString())


def _bench_recording(folder: Path, desks: list[CaseServiceStub], runs: int) -> dict[str, object]:
    """Complaints registered by one officer, and by several at a time; the limit is commits of as many bytes."""
    measured = alternate(
        runs,
        {
            "one": lambda: _record(desks[:1]),
            "several": lambda: _record(desks),
            "commits": lambda: _commit(folder / "commits.db"),
        },
    )
    one, several, commits = measured["one"], measured["several"], measured["commits"]
    return {
        "recorded_per_s": rate(one),
        "recorded_by_8_per_s": rate(several),
        "commits_per_s": rate(commits),
        "ratio_commits": ratio(several, commits),
    }


def _record(desks: list[CaseServiceStub]) -> float:
    body = _complaint()
    share = _RECORDED // OFFICERS

    def work(desk: CaseServiceStub) -> None:
        for _ in range(share):
            desk.Open(pb.OpenRequest(submission=pb.Submission(workflow="complaint", body=body)), timeout=_WAIT_S)

    began = time.perf_counter()
    with ThreadPoolExecutor(len(desks)) as pool:
        list(pool.map(work, desks))
    return share * len(desks) / (time.perf_counter() - began)


def _complaint() -> bytes:
    body: Any = complaint()
    body.act.CopyFrom(Act(act="register"))
    return bytes(body.SerializeToString())


def _commit(path: Path) -> float:
    """Durable transactions a second, each of as many bytes as an act has in the log."""
    connection, content = open_writer(path), bytes(len(_complaint()) + 600)
    began = time.perf_counter()
    connection.execute("CREATE TABLE IF NOT EXISTS act (number INTEGER PRIMARY KEY, content BLOB)")
    for _ in range(_RECORDED):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("INSERT INTO act (content) VALUES (?)", (content,))
        connection.execute("COMMIT")
    seconds = time.perf_counter() - began
    connection.close()
    return _RECORDED / seconds


def _bench_boxes(desk: CaseServiceStub, node: Process, count: int, runs: int) -> dict[str, object]:
    """The boxes of a node with many cases: the first answer, those after it, and what the node uses when left alone."""
    first_ms = _ms(lambda: _inbox(desk, count))
    inbox = [_ms(lambda: _inbox(desk, count)) for _ in range(runs)]
    others = {
        "outbox_ms": lambda: desk.Outbox(pb.OutboxRequest(), timeout=_WAIT_S),
        "deadlines_ms": lambda: desk.Deadlines(pb.DeadlinesRequest(), timeout=_WAIT_S),
        "scorecard_ms": lambda: desk.Scorecard(pb.ScorecardRequest(), timeout=_WAIT_S),
    }
    each = {name: rate([_ms(ask) for _ in range(runs)]) for name, ask in others.items()}
    cpu_s = node.cpu_s
    time.sleep(_IDLE_S)
    idle = (node.cpu_s - cpu_s) / _IDLE_S
    say(f"  inbox of {count} cases: first {first_ms:.0f} ms, then {inbox}; idle {idle:.1%}")
    return {
        "cases": count,
        "inbox_first_ms": round(first_ms, 1),
        "inbox_ms": rate(inbox),
        **each,
        "idle_cpu_percent": round(idle * 100, 1),
        "rss_mb": node.rss_mb,
    }


def _inbox(desk: CaseServiceStub, count: int) -> None:
    found = desk.Inbox(pb.InboxRequest(), timeout=_WAIT_S)
    if found.total != count:
        raise RuntimeError(f"{found.total} of {count} cases in the inbox")


def _fill(world: World, count: int) -> None:
    """Puts the cases into the log of a node that does not run."""
    config = world.configs[ORIGIN]
    city = City(config.data_dir, ORIGIN, config.node_db, load_log_key(config.log_key))
    today = (datetime.now(UTC) - timedelta(days=1)).date()
    append(city, chain.from_iterable(many_cases(count, today)))
    city.close()


def _officer(world: World, number: int) -> Path:
    name = f"officer{number}"
    folder = world.folder / ORIGIN / name
    account = Account(f"经办{number}", (OfficerRole.CASE_OFFICER,), f"4301{number:04d}")
    add_client(world.configs[ORIGIN], name, Kind.OFFICER, folder, datetime.now(UTC), account=account)
    return folder


def _case_service(stack: ExitStack, identity: Path) -> CaseServiceStub:
    channel = identity_channel(load_identity(identity), "intake")
    stack.callback(channel.close)
    return CaseServiceStub(channel)


def _ms(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return (time.perf_counter() - began) * 1000
