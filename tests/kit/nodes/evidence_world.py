"""Two cities that run and hand each other evidence, and a third that only asks."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from node.storage.sqlite.schema import open_reader
from node.stubs.evidence.v1.evidence_pb2_grpc import EvidenceServiceStub
from node.stubs.intake.v1 import intake_pb2
from node.stubs.query.v1.query_pb2 import Reason as Why
from tests.kit.nodes.processes import FAST, Running, found
from tests.kit.stores.evidence import POLICY, referring
from tests.kit.waiting import eventually

CITIES = ("changsha", "hefei", "wuhan")
WHY = Why(purpose="verification", legal_basis="b")


class World:
    """Changsha and Hefei run; Wuhan's keys are there to ask with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        policies = {city: POLICY.format(city=city) for city in CITIES}
        configs = found(folder, *CITIES, settings=FAST, **policies)
        self.configs = {config.city: config for config in configs}
        self.nodes = {city: Running(self.configs[city]) for city in CITIES[:2]}

    def close(self) -> None:
        for node in self.nodes.values():
            node.__exit__()

    def service(self, city: str) -> EvidenceServiceStub:
        return EvidenceServiceStub(self.nodes[city].channel("intake"))

    def refer(self, content: bytes, digest: str = "", sm3: str = "") -> str:
        """A referral by Changsha to Hefei, taken in as any row; returns its id once Hefei holds it."""
        message = referring(content)
        message.ClearField("act")  # a row holds none: acts are made through casework
        if digest:
            message.evidence[0].sha256, message.evidence[0].sm3 = digest, sm3
        request = intake_pb2.SubmitRequest(
            standard="referral", version=1, source="test", as_of_ms=1, audience=["hefei"], purpose="case",
            legal_basis="b", rows=[intake_pb2.Row(key=message.evidence[0].sha256, body=message.SerializeToString())],
        )  # fmt: skip
        answer = next(iter(self.nodes["changsha"].submit(iter([request]))))
        assert answer.outcomes[0].id, answer.outcomes[0].findings
        eventually(lambda: self.peer_size() > int(answer.outcomes[0].id.split("-")[1]))
        return answer.outcomes[0].id

    def peer_size(self) -> int:
        reader = open_reader(self.configs["hefei"].node_db)
        (size,) = reader.execute("SELECT coalesce(max(size), 0) FROM origin WHERE city = 'changsha'").fetchone()
        reader.close()
        return int(size)

    def run(self, city: str, *arguments: str, code: int = 0) -> str:
        command = [sys.executable, "-m", "node.cli.main", *arguments]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | {"GONGZHI_NODE": str(self.home(city))},
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def home(self, city: str) -> Path:
        return self.configs[city].keys.parent

    def writer(self, city: str) -> int:
        """The process of the role "node"."""
        for pid in self.nodes[city].children():
            if b"\0--role\0node\0" in Path(f"/proc/{pid}/cmdline").read_bytes():
                return pid
        raise AssertionError("no such process")

    def usage(self, city: str) -> list[tuple[Any, ...]]:
        connection = open_reader(self.configs[city].data_dir / "evidence_usage.db")
        found = list(connection.execute("SELECT kind, name, rpc, purpose, subject, result FROM usage ORDER BY number"))
        connection.close()
        return found
