"""`--profile`: where the receiver's time goes, each step alone on one thread, on the messages of a real pull."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from node.core.log.checkpoint import LogKey
from node.core.log.merkle import Frontier, split_hashes
from node.core.log.run import open_run
from node.core.log.trusted_log import TrustedLog, VerifiedBatch
from node.folder.files import load_federation
from node.storage.sqlite import replica
from node.storage.sqlite.schema import open_writer
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from node.stubs.record.v1.record_pb2 import Run
from node.usecases.exchange.pull import COMMIT_RECORDS
from tests.bench.world import ORIGIN, RECEIVER, Rows, World

_PURPOSE = "verification"


def profile_sync(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Microseconds a record takes in each step: the least of `runs`."""
    world = World(folder)
    with world.run(ORIGIN), world.run(RECEIVER):
        world.load(ORIGIN, rows.files(folder))
        messages = list(world.batches(RECEIVER, ORIGIN))
    keys = load_federation(world.configs[RECEIVER].federation).member(ORIGIN).log_keys
    runs_sent = [run for message in messages for run in PullResponse.FromString(message).runs]
    batches = _verify(messages, keys)
    stored = [run.stored for batch in batches for run in batch.runs]
    hashes = [[leaf for run in batch.runs for leaf in split_hashes(run.stored.hashes)] for batch in batches]
    count = sum(batch.length for batch in batches)
    steps: dict[str, Callable[[], object]] = {
        "parse": lambda: [PullResponse.FromString(message) for message in messages],
        "parse_runs": lambda: [Run.FromString(run) for run in runs_sent],
        "open": lambda: [open_run(run, at.first, ORIGIN) for run, at in zip(runs_sent, stored, strict=True)],
        "tree": lambda: _extend(hashes),
        "verify_in_all": lambda: _verify(messages, keys),
        "store_in_all": lambda: _store(folder / "split.db", batches),
    }
    took = {name: min(_seconds(step) for _ in range(runs)) for name, step in steps.items()}
    split = {f"{name}_us": round(seconds / count * 1e6, 2) for name, seconds in took.items()}
    return {"bench": "sync_split", "n": count, **split, "runs": runs}


def _verify(messages: Sequence[bytes], keys: Sequence[LogKey]) -> list[VerifiedBatch]:
    view = TrustedLog(ORIGIN, keys, Frontier(), None)
    batches = []
    for message in messages:
        batches.append(view.verify_batch(message))
        view.accept(batches[-1])
    return batches


def _extend(hashes: Sequence[Sequence[bytes]]) -> None:
    frontier = Frontier()
    for leaf_hashes in hashes:
        frontier.extend(leaf_hashes)


def _store(path: Path, batches: Sequence[VerifiedBatch]) -> None:
    for old in path.parent.glob(f"{path.name}*"):
        old.unlink()
    connection = open_writer(path)
    waiting: list[VerifiedBatch] = []
    for batch in batches:
        waiting.append(batch)
        if batch is batches[-1] or sum(each.length for each in waiting) >= COMMIT_RECORDS:
            connection.execute("BEGIN IMMEDIATE")
            replica.store_batches(connection, ORIGIN, waiting, _PURPOSE, 0)
            connection.execute("COMMIT")
            waiting = []
    connection.close()


def _seconds(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began
