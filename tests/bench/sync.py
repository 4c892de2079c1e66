"""`sync`: a whole log from one node to another, verified and durable, against the plainest programs that move it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from nacl.signing import SigningKey

from node.exchange.v1.exchange_pb2 import PullResponse
from node.storage.founding import free_ports
from tests.bench.limits import write_blobs
from tests.bench.measure import alternate, rate, ratio
from tests.bench.world import ORIGIN, RECEIVER, Process, Rows, World, say


class Run(NamedTuple):
    """One pull of the whole log: records, seconds, and the processor seconds of both sides."""

    records: int
    seconds: float
    sender_cpu_s: float
    receiver_cpu_s: float

    @property
    def per_s(self) -> float:
        """Records a second."""
        return self.records / self.seconds


def bench_sync(folder: Path, rows: Rows, runs: int) -> dict[str, object]:
    """Measures the pull of one city's log by another."""
    world = World(folder)
    with world.run(ORIGIN) as origin:
        loaded = world.load(ORIGIN, rows.files(folder))
        say(f"sync: {loaded['accepted']} records in the origin's log")
        with world.run(RECEIVER):
            messages = world.batches(RECEIVER, ORIGIN)
        limits = Limits(world, messages)
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


class Limits:
    """The programs of `limits`, on the messages of the real pull."""

    def __init__(self, world: World, messages: list[bytes], answer: bytes = b"") -> None:
        self._world = world
        self.address = f"127.0.0.1:{free_ports(1)[0]}"
        self._folder = world.folder
        write_blobs(self._folder / "messages", messages)
        (self._folder / "answer").write_bytes(answer)
        write_blobs(self._folder / "signatures", _signatures(messages))

    def serve(self) -> Process:
        """The plain origin and echo."""
        command = self._command("serve", ORIGIN, self.address, "messages", "answer")
        return Process(command, self._folder / "limits.log", "ready")

    def receive(self, server: Process, *, signed: bool) -> Run:
        """The plain receiver."""
        database = self._folder / "limit.db"
        sender_s = server.cpu_s
        more = ["signatures"] if signed else []
        command = self._command("receive", RECEIVER, ORIGIN, self.address, database.name, *more)
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=Path.cwd())
        for path in self._folder.glob(f"{database.name}*"):
            path.unlink()
        result = json.loads(done.stdout)
        return Run(result["records"], result["seconds"], server.cpu_s - sender_s, result["cpu_s"])

    def _command(self, program: str, city: str, *rest: str) -> list[str]:
        paths = [str(self._folder / name) if name in _FILES else name for name in rest]
        return [sys.executable, "-m", "tests.bench.limits", program, str(self._folder / city), *paths]


_FILES = ("messages", "answer", "signatures", "limit.db")


def _signatures(messages: list[bytes]) -> list[bytes]:
    """The public key, then a signature for each record as it is stored."""
    key = SigningKey.generate()
    views = (view for message in messages for view in PullResponse.FromString(message).views)
    return [bytes(key.verify_key), *(key.sign(view.SerializeToString()).signature for view in views)]
