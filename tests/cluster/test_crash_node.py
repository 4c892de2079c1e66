"""SIGKILL of real nodes under a real adapter and a real second node: nothing answered is lost, none stands twice."""

import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import grpc
import pytest

import adapters
from adapters.intake import Node as Intake
from adapters.load import load
from adapters.report import Report
from node.client import NodeClient
from node.config import Config
from node.core.members.clients import Kind
from node.demo.founding import found_federation
from node.demo.sample import write_sample
from node.errors import NodeError
from node.folder.files import load_federation
from node.folder.identity import add_client
from node.storage.sqlite.inspection import inspect
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.soundness import is_migrated
from node.stubs.control.v1 import control_pb2, control_pb2_grpc
from node.usecases.upkeep.audit import audit
from tests.kit.simulator.receiver import recompute
from tests.kit.waiting import eventually

ROWS = 3000
KILLS = 12
SETTINGS = {"sync": {"interval_s": 0.2, "backoff_base_s": 0.1, "backoff_max_s": 0.2}, "log_level": "error"}
MAPPING = Path(adapters.__file__).parent / "mappings" / "registry.yaml"


class RealNode:
    """The writing process of a node: what stores, shares and pulls."""

    def __init__(self, config: Config, folder: Path) -> None:
        self.config = config
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "node.cli.main", "run", "--node", str(self._folder), "--role", "node"]
        with (self._folder / "run.log").open("ab") as log:
            self._process = subprocess.Popen(command, stderr=log, stdout=log)
        with NodeClient.of_officer(self.config) as node:
            eventually(
                lambda: node.is_serving("control", 5),
                f"{self.config.city} serves:\n{self.log()}",
                timeout_s=60,
                every_s=0.01,
            )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def log(self) -> str:
        return (self._folder / "run.log").read_text()[-2000:]

    def size(self, city: str) -> int:
        """How much of a city's log is durable here."""
        path = self.config.node_db
        origin = Reader(path).find_origin(city) if path.exists() and is_migrated(path) else None
        return origin.size if origin else 0


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[dict[str, RealNode]]:
    found = found_federation(tmp_path, datetime.now(UTC), ("wuhan", "changsha"), SETTINGS)
    made = {config.city: RealNode(config, tmp_path / config.city) for config in found}
    yield made
    for each in made.values():
        each.kill()


@contextmanager
def loading(table: Path, identity: Path, answered: list[int]) -> Iterator[Future[None]]:
    """Loads the table as the adapter does, until done or the node is gone; notes how many rows it said are in."""

    def run() -> None:
        def note(report: Report) -> None:
            answered.append(report.accepted + report.duplicate)

        try:
            load([table], MAPPING, Intake(identity), as_of_ms=1, on_progress=note)
        except NodeError:
            return

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(run)


def test_killed_again_and_again(nodes: dict[str, RealNode], tmp_path: Path) -> None:
    wuhan = nodes["wuhan"]
    random = Random(2026)
    add_client(wuhan.config, "loader", Kind.ADAPTER, tmp_path / "loader", datetime.now(UTC))
    tables = [_table(tmp_path, number) for number in range(KILLS)]
    for node in nodes.values():
        node.start()
    for number, table in enumerate(tables):
        victim = nodes["changsha" if number % 3 == 2 else "wuhan"]
        _kill_while_loading(victim, wuhan, table, tmp_path / "loader", random.random() * 0.3)
        victim.start()
    for table in tables:
        answered = [0]
        with loading(table, tmp_path / "loader", answered):
            pass
        assert max(answered) == ROWS
    assert wuhan.size("wuhan") == ROWS * KILLS, "a row stands twice, or not at all"
    _sync_now(nodes["changsha"].config)
    _check(nodes)


def _table(folder: Path, number: int) -> Path:
    path = folder / f"{number}.csv"
    with path.open("w") as file:
        write_sample(file, "wuhan", ROWS, seed=number)
    return path


def _kill_while_loading(victim: RealNode, loaded: RealNode, table: Path, identity: Path, delay_s: float) -> None:
    before, answered = loaded.size("wuhan"), [0]
    begun = victim.size("wuhan")
    with loading(table, identity, answered) as ended:
        eventually(lambda: victim.size("wuhan") > begun or ended.done(), "the log grows", timeout_s=60, every_s=0.01)
        time.sleep(delay_s)  # the moment of the kill: any
        victim.kill()
    assert loaded.size("wuhan") >= before + max(answered), "an answered row is lost"


def _sync_now(config: Config) -> None:
    with NodeClient.of_officer(config) as node:
        steps = list(node.control.Sync(control_pb2.SyncRequest(cities=["wuhan"]), timeout=60))
        assert not steps[-1].reason, steps[-1]
        status = node.control.Status(control_pb2.StatusRequest(), timeout=10)
    assert [(peer.city, peer.state, peer.tree_size) for peer in status.peers] == [("wuhan", "ok", ROWS * KILLS)]
    assert not status.incidents


def _control(channel: grpc.Channel) -> control_pb2_grpc.ControlServiceStub:
    return control_pb2_grpc.ControlServiceStub(channel)


def _check(nodes: dict[str, RealNode]) -> None:
    for node in nodes.values():
        node.kill()
        recompute(Reader(node.config.node_db), "wuhan")
        keys = {each.city: each.log_keys for each in load_federation(node.config.federation).members}
        with inspect(node.config.node_db) as inspection:
            for each in audit(inspection, keys.__getitem__, lambda *_: None):
                assert not each.faults, each.faults
                assert each.is_signed or not each.size
