"""Runs the programs of `plain`: what the node is measured against."""

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from nacl.signing import SigningKey

from node.demo.founding import free_ports
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from tests.bench.plain import read_blobs, read_rows, write_blobs
from tests.bench.world import Process, World, stored_bytes

_PLAIN = (sys.executable, "-m", "tests.bench.plain")


class Run(NamedTuple):
    """Whole logs pulled at once: records, seconds, processor seconds of both sides, bytes the receivers then store."""

    records: int
    seconds: float
    sender_cpu_s: float
    receiver_cpu_s: float
    stored_bytes: int

    @property
    def per_s(self) -> float:
        """Records a second."""
        return self.records / self.seconds

    @property
    def sender_cpu_us(self) -> float:
        """The senders' microseconds for one record."""
        return self.sender_cpu_s / self.records * 1e6

    @property
    def receiver_cpu_us(self) -> float:
        """The receivers' microseconds for one record."""
        return self.receiver_cpu_s / self.records * 1e6

    @property
    def cpu_us(self) -> float:
        """Those of both sides."""
        return self.sender_cpu_us + self.receiver_cpu_us

    def __repr__(self) -> str:
        return f"{self.per_s:.0f}/s, {self.sender_cpu_us:.1f} + {self.receiver_cpu_us:.1f} us"


class Limits:
    """A plain origin and echo, on the messages of the real pull."""

    def __init__(self, world: World, city: str, messages: Iterable[bytes], answer: bytes = b"") -> None:
        """Writes down what it is to send.

        Args:
            world: Its nodes' keys and certificates are used.
            city: Whose certificate `serve` presents.
            messages: What it sends on a pull.
            answer: What it echoes.
        """
        self.city = city
        self.address = f"127.0.0.1:{free_ports(1)[0]}"
        self._node = world.folder / city
        self._folder = world.folder / f"{city}.limit"
        self._folder.mkdir()
        self.sent_bytes = write_blobs(self._folder / "messages", messages)
        (self._folder / "answer").write_bytes(answer)

    def serve(self) -> Process:
        """The program."""
        names = (self._folder / "messages", self._folder / "answer")
        command = [*_PLAIN, "serve", str(self._node), self.address, *map(str, names)]
        return Process(command, self._folder / "log", "ready")

    def sign(self) -> Path:
        """A file of signatures, one for each record as it is stored, after their public key."""
        path = self._folder / "signatures"
        write_blobs(path, _signatures(read_blobs(self._folder / "messages")))
        return path


def receive(
    world: World, origins: Mapping[str, Sequence[Limits]], servers: Sequence[Process], signatures: Path | None = None
) -> Run:
    """Plain receivers, all at the same time, each from its plain origins.

    Args:
        world: As for `Limits`.
        origins: By the city whose certificate the receiver presents.
        servers: The origins' processes.
        signatures: Have each record's signature verified, where there is one origin.
    """
    may_begin, begin = os.pipe()
    databases = [world.folder / f"{city}.limit.db" for city in origins]
    with ExitStack() as stack:
        receivers = [
            stack.enter_context(_receiver(world, city, database, limits, signatures, may_begin))
            for database, (city, limits) in zip(databases, origins.items(), strict=True)
        ]
        os.close(may_begin)
        before_s = sum(server.cpu_s for server in servers)
        os.close(begin)
        for receiver in receivers:
            receiver.join()
        sender_s = sum(server.cpu_s for server in servers) - before_s
    results = [json.loads(database.with_suffix(".json").read_text()) for database in databases]
    stored = sum(map(stored_bytes, databases))
    for database in databases:
        database.unlink()
    records, cpu_s = (sum(result[name] for result in results) for name in ("records", "cpu_s"))
    seconds = max(result["ended_s"] for result in results) - min(result["began_s"] for result in results)
    return Run(records, seconds, sender_s, cpu_s, stored)


def _receiver(
    world: World, city: str, database: Path, origins: Sequence[Limits], signatures: Path | None, stdin: int
) -> Process:
    told = [word for origin in origins for word in (origin.city, origin.address)]
    command = [*_PLAIN, "receive", str(world.folder / city), str(database), str(signatures or ""), *told]
    return Process(command, database.with_suffix(".log"), "ready", stdin)


def _signatures(messages: Iterable[bytes]) -> Iterator[bytes]:
    key = SigningKey.generate()
    yield bytes(key.verify_key)
    for message in messages:
        for run in PullResponse.FromString(message).runs:
            for _own, stored in read_rows(run):
                yield key.sign(stored).signature
