"""`intake`: files through the real adapter into the real node, until the last row is acknowledged as durable."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path
from typing import NamedTuple

import adapters
from adapters.intake import Node, connect
from adapters.mapping import read_mapping
from adapters.rows import Mapper
from adapters.submission import batches_of
from adapters.tables import open_table
from node.stubs.intake.v1.intake_pb2 import SubmitRequest
from tests.bench.measure import alternate, rate
from tests.bench.world import ORIGIN, Process, Rows, World, say

_MAPPING = Path(adapters.__file__).parent / "mappings" / "registry.yaml"


class Loaded(NamedTuple):
    """Rows, seconds, and the processor seconds of the node."""

    rows: int
    seconds: float
    node_cpu_s: float = 0.0

    @property
    def per_s(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


def bench_intake(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures adapter and node together, then each alone."""
    world = World(folder, (ORIGIN,))
    files = rows.files(folder)
    walls: list[float] = []

    def whole(node: Process) -> Loaded:
        report = world.load(ORIGIN, files)
        walls.append(report["wall_s"])
        if report["accepted"] + report["superseded"] + report["rejected"] != report["rows"]:
            raise RuntimeError(f"the node was not empty: {report['duplicate']} duplicates")
        return Loaded(report["rows"], report["seconds"])

    requests = list(_requests(files))
    say(f"intake: {sum(len(request.rows) for request in requests)} rows fit to be sent")
    results = alternate(
        runs,
        {
            "intake": lambda: _with_empty_node(world, whole),
            "node": lambda: _with_empty_node(world, lambda _: _submit(world, requests)),
            "adapter": lambda: _map(files),
        },
    )
    intake, node, adapter = (results[name] for name in results)
    return {
        "bench": "intake",
        "n": intake[0].rows,
        "rows_per_s": rate([each.per_s for each in intake]),
        "node_only_per_s": rate([each.per_s for each in node]),
        "adapter_only_per_s": rate([each.per_s for each in adapter]),
        "node_cpu_us": rate([each.node_cpu_s / each.rows * 1e6 for each in intake]),
        "process_wall_s": rate(walls),
        "runs": runs,
    }


def _with_empty_node(world: World, program: Callable[[Process], Loaded]) -> Loaded:
    world.forget(ORIGIN)
    with world.run(ORIGIN) as node:
        before_s = node.cpu_s
        return program(node)._replace(node_cpu_s=node.cpu_s - before_s)


def _requests(files: list[Path]) -> Iterator[SubmitRequest]:
    """What the adapter sends for the files."""
    mapping = read_mapping(_MAPPING)
    head = SubmitRequest(
        standard=mapping.standard.name,
        version=mapping.standard.version,
        source=mapping.source,
        audience=mapping.audience,
        purpose=mapping.purpose,
        legal_basis=mapping.legal_basis,
    )
    numbers = count(1)
    with ExitStack() as stack:
        for table in [stack.enter_context(open_table(path)) for path in files]:
            mapper = Mapper(mapping, table.columns, str(table.path))
            for batch in batches_of(table, mapper, head, numbers):
                if batch.request.rows:
                    yield batch.request


def _map(files: list[Path]) -> Loaded:
    """The adapter without a node: reads and maps every row."""
    began = time.perf_counter()
    mapped = sum(len(request.rows) for request in _requests(files))
    return Loaded(mapped, time.perf_counter() - began)


def _submit(world: World, requests: list[SubmitRequest]) -> Loaded:
    """The node without an adapter: rows that are mapped already."""
    with connect(Node(world.adapter_bundle(ORIGIN))) as exchange:
        began = time.perf_counter()
        answered = sum(len(answer.outcomes) for answer in exchange(iter(requests)))
        return Loaded(answered, time.perf_counter() - began)
