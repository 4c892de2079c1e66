"""`--profile`: where the receiver's time goes, each step alone on one thread, on the messages of a real pull."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

from node.core.log.checkpoint import LogKey
from node.core.log.merkle import Frontier
from node.core.log.record import open_view
from node.core.log.trusted_log import TrustedLog, VerifiedBatch
from node.folder.files import load_federation
from node.storage.sqlite import replica
from node.storage.sqlite.schema import open_writer
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
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
    views = [view for message in messages for view in PullResponse.FromString(message).views]
    batches = _verify(messages, keys)
    hashes = [[record.leaf_hash for record in batch.records] for batch in batches]
    steps: dict[str, Callable[[], object]] = {
        "parse": lambda: [PullResponse.FromString(message) for message in messages],
        "hash": lambda: [open_view(view) for view in views],
        "serialise": lambda: [view.SerializeToString() for view in views],
        "tree": lambda: _extend(hashes),
        "verify_in_all": lambda: _verify(messages, keys),
        "store_in_all": lambda: _store(folder / "split.db", batches),
    }
    took = {name: min(_seconds(step) for _ in range(runs)) for name, step in steps.items()}
    split = {f"{name}_us": round(seconds / len(views) * 1e6, 2) for name, seconds in took.items()}
    return {"bench": "sync_split", "n": len(views), **split, "runs": runs}


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
    waiting = 0
    connection.execute("BEGIN IMMEDIATE")
    for batch in batches:
        replica.store_batch(connection, ORIGIN, batch, _PURPOSE, 0)
        waiting += len(batch.records)
        if waiting >= COMMIT_RECORDS:
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
            waiting = 0
    connection.execute("COMMIT")
    connection.close()


def _seconds(step: Callable[[], object]) -> float:
    began = time.perf_counter()
    step()
    return time.perf_counter() - began
