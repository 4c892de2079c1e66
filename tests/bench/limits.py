"""Runs the programs of `plain`: what the node is measured against."""

import json
import subprocess
import sys
from typing import NamedTuple

from nacl.signing import SigningKey

from node.demo.founding import free_ports
from node.stubs.exchange.v1.exchange_pb2 import PullResponse
from tests.bench.plain import write_blobs
from tests.bench.world import RECEIVER, Process, World

_DATABASE = "limit.db"
_FILES = ("messages", "answer", "signatures", _DATABASE)


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


class Limits:
    """The programs of `limits`, on the messages of the real pull."""

    def __init__(self, world: World, city: str, messages: list[bytes], answer: bytes = b"") -> None:
        """Writes down what they are to send.

        Args:
            world: Its nodes' keys and certificates are used.
            city: Whose certificate `serve` presents.
            messages: What it sends on a pull.
            answer: What it echoes.
        """
        self._city = city
        self.address = f"127.0.0.1:{free_ports(1)[0]}"
        self._folder = world.folder
        write_blobs(self._folder / "messages", messages)
        (self._folder / "answer").write_bytes(answer)
        write_blobs(self._folder / "signatures", _signatures(messages))

    def serve(self) -> Process:
        """The plain origin and echo."""
        command = self._command("serve", self._city, self.address, "messages", "answer")
        return Process(command, self._folder / "limits.log", "ready")

    def receive(self, server: Process, *, signed: bool) -> Run:
        """The plain receiver."""
        database = self._folder / _DATABASE
        sender_s = server.cpu_s
        more = ["signatures"] if signed else []
        command = self._command("receive", RECEIVER, self._city, self.address, database.name, *more)
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
        for path in self._folder.glob(f"{database.name}*"):
            path.unlink()
        result = json.loads(done.stdout)
        return Run(result["records"], result["seconds"], server.cpu_s - sender_s, result["cpu_s"])

    def _command(self, program: str, city: str, *rest: str) -> list[str]:
        paths = [str(self._folder / name) if name in _FILES else name for name in rest]
        return [sys.executable, "-m", "tests.bench.plain", program, str(self._folder / city), *paths]


def _signatures(messages: list[bytes]) -> list[bytes]:
    """The public key, then a signature for each record as it is stored."""
    key = SigningKey.generate()
    views = (view for message in messages for view in PullResponse.FromString(message).views)
    return [bytes(key.verify_key), *(key.sign(view.SerializeToString()).signature for view in views)]
