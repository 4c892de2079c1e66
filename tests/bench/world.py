"""The world a benchmark runs in: a federation in a temporary folder, its nodes as real processes."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import grpc

from node.client import NodeClient
from node.config import Config
from node.core.members.clients import Kind
from node.demo.founding import found_federation
from node.demo.sample import write_sample
from node.folder.clock import SystemClock
from node.folder.files import load_federation
from node.folder.identity import add_client
from node.folder.keyfile import load_tls_identity
from node.rpc.peer_client import connect
from node.storage.sqlite.founding import found_log
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.schema import open_reader, open_writer
from node.stubs.control.v1 import control_pb2
from tests.bench import family

ORIGIN, RECEIVER, OTHER = "changsha", "wuhan", "hefei"
_READY_S = 30.0
_STOP_S = 30.0
_IDLE_CPU_S = 0.1
# No pull by schedule comes between the measured ones.
_NEVER_S = 1e8
# Of a registration the identity facet is masked and the three others are disclosed; of a referral one of three.
_POLICY = """\
city: {city}
rules:
  - id: acts
    share: referral
    with: [all]
    purpose: enforcement
    facets: [regulator]
  - id: bench
    share: operator.registration
    with: [all]
    purpose: verification
    facets: [public, regulator, personal]
"""


def say(text: str) -> None:
    """Tells how far the benchmark is; results alone go to standard output."""
    print(text, file=sys.stderr, flush=True)


class Process:
    """A program under measurement, ended by its own id."""

    def __init__(
        self, command: Sequence[str], log: Path, ready: str, stdin: int = subprocess.DEVNULL, **environment: str
    ) -> None:
        """Starts the program and waits until it says `ready` on standard error."""
        self._log = log
        env = os.environ | environment
        with log.open("wb") as errors:
            self._process = subprocess.Popen(command, stdin=stdin, stderr=errors, stdout=subprocess.DEVNULL, env=env)
        self._await(ready)

    def __enter__(self) -> "Process":
        return self

    def __exit__(self, *_: TracebackType | type[BaseException] | BaseException | None) -> None:
        self.stop()

    @property
    def cpu_s(self) -> float:
        """Processor time used so far, user and system, with what the program started."""
        return family.cpu_s(self._process.pid)

    @property
    def rss_mb(self) -> float:
        """Resident memory now."""
        return family.memory_mb(self._process.pid, "VmRSS")

    @property
    def peak_rss_mb(self) -> float:
        """Largest resident memory so far."""
        return family.memory_mb(self._process.pid, "VmHWM")

    def await_idle(self) -> None:
        """Waits until the program takes next to nothing of a processor for a second."""
        used_s = -1.0
        while self.cpu_s - used_s > _IDLE_CPU_S:
            used_s = self.cpu_s
            time.sleep(1)

    def join(self) -> None:
        """Waits until the program has done its work.

        Raises:
            RuntimeError: It failed.
        """
        if self._process.wait():
            raise RuntimeError(f"failed: {self._said()[-2000:]}")

    def stop(self) -> None:
        """Ends the program."""
        if self._process.poll() is None:
            self._process.terminate()
        try:
            self._process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _await(self, ready: str) -> None:
        deadline = time.monotonic() + _READY_S
        while ready not in self._said():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"did not start: {self._said()[-2000:]}")
            time.sleep(0.02)

    def _said(self) -> str:
        return self._log.read_text("utf-8", "replace")


class World:
    """Nodes on free loopback ports that share all but one facet with each other."""

    def __init__(self, folder: Path, cities: Sequence[str] = (ORIGIN, RECEIVER)) -> None:
        self.folder = folder
        settings = {"sync": {"interval_s": _NEVER_S}, "log_level": "info"}
        policies = {city: _POLICY.format(city=city) for city in cities}
        configs = found_federation(folder, datetime.now(UTC), cities, settings, policies)
        self.configs: dict[str, Config] = {config.city: config for config in configs}
        for city in cities:
            add_client(self.configs[city], "registry", Kind.ADAPTER, self.adapter_bundle(city), datetime.now(UTC))
            add_client(self.configs[city], "platform", Kind.PLATFORM, self.platform_identity(city), datetime.now(UTC))

    def adapter_bundle(self, city: str) -> Path:
        """What the city's adapter holds."""
        return self.folder / city / "adapter"

    def platform_identity(self, city: str) -> Path:
        """What a platform beside the city's node holds."""
        return self.folder / city / "platform"

    def run(self, city: str, role: str = "node") -> Process:
        """Starts one process of a city's node, as its supervisor does."""
        command = [sys.executable, "-m", "node.cli.main", "run", "--node", str(self.folder / city), "--role", role]
        metrics = self.folder / f"{city}.metrics"
        metrics.mkdir(exist_ok=True)
        log = self.folder / f"{city}.{role}.log"
        return Process(command, log, '"event": "ready"', PROMETHEUS_MULTIPROC_DIR=str(metrics))

    def forget(self, city: str) -> None:
        """Empties the data of a city whose node does not run."""
        data_dir = self.configs[city].data_dir
        shutil.rmtree(data_dir)
        data_dir.mkdir(mode=0o700)
        found_log(self.configs[city], SystemClock())

    def load(self, city: str, files: Sequence[Path], source: str = "") -> dict[str, Any]:
        """Runs the adapter over files into a running node; its own report, with `wall_s` of the whole process."""
        command = [
            str(Path(sys.executable).with_name("gongzhi-adapter")),
            "load",
            *map(str, files),
            "--mapping",
            "registry",
            "--json",
        ]
        command += ["--identity", str(self.adapter_bundle(city))] + (["--source", source] if source else [])
        began = time.perf_counter()
        done = subprocess.run(command, capture_output=True, check=False)
        wall_s = time.perf_counter() - began
        if done.returncode not in (0, 3):  # 3: some rows are rejected, the others are in
            raise RuntimeError(f"the adapter failed: {done.stderr.decode('utf-8', 'replace')[-2000:]}")
        report: dict[str, Any] = json.loads(done.stdout)
        return report | {"wall_s": wall_s}

    def sync(self, city: str, origin: str) -> "Pulled":
        """Has a running node pull from another at once; returns when its cursor is durable at the newest checkpoint."""
        return self.sync_at_once({city: [origin]})

    def sync_at_once(self, origins: Mapping[str, Sequence[str]]) -> "Pulled":
        """Has each running node pull from its origins, all at the same time; returns when every cursor is durable."""
        with ExitStack() as stack:
            nodes = {city: stack.enter_context(NodeClient.of_officer(self.configs[city])) for city in origins}
            for node in nodes.values():
                grpc.channel_ready_future(node.channel("control")).result(timeout=_READY_S)
            began = time.perf_counter()
            pulls = [node.control.Sync(control_pb2.SyncRequest(cities=origins[city])) for city, node in nodes.items()]
            ends = [message for pull in pulls for message in pull if message.done]
            seconds = time.perf_counter() - began
        for end in ends:
            if end.reason or end.tree_size != end.target_size:
                raise RuntimeError(f"sync failed: {end.city}: {end.reason} {end.message}")
        return Pulled(sum(end.tree_size for end in ends), seconds)

    def stored_bytes(self, city: str) -> int:
        """What the records of a city whose node does not run take on disk, with tree, index and all."""
        return stored_bytes(self.configs[city].node_db)

    def await_index(self, city: str) -> None:
        """Waits until the query process has indexed every name that its node holds."""
        config = self.configs[city]
        size = sum(origin.size for origin in Reader(config.node_db).origins())
        connection = open_reader(config.search_db)
        while connection.execute("SELECT total(size) FROM followed").fetchone()[0] < size:
            time.sleep(0.1)
        connection.close()

    def batches(self, city: str, origin: str) -> Iterator[bytes]:
        """The very messages that `origin` sends `city` for its whole log."""
        config = self.configs[city]
        member = load_federation(config.federation).member(origin)
        with connect(member, load_tls_identity(config.tls_identity), config.sync) as peer:
            yield from peer.pull(0, 0)


class Pulled(NamedTuple):
    """Pulls that ended: the verified tree sizes together, and the seconds until the last of them ended."""

    tree_size: int
    seconds: float


def stored_bytes(database: Path) -> int:
    """Size of a database that nobody has open: nothing waits in its write-ahead log, and it is not vacuumed."""
    connection = open_writer(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return database.stat().st_size


@contextmanager
def temporary_folder() -> Iterator[Path]:
    """A folder on the machine's disk, gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="gongzhi-bench-") as folder:
        yield Path(folder)


class Rows:
    """The rows of a run: the six files of a folder, or `n` synthetic ones."""

    def __init__(self, n: int, data: Path | None = None) -> None:
        self.n = n
        self._data = data

    def files(self, folder: Path, city: str = ORIGIN) -> list[Path]:
        """CSV files for the adapter."""
        if self._data is not None:
            return sorted(path for path in self._data.iterdir() if path.name.endswith((".csv", ".csv.xz")))
        return [self._made_up(folder, city, self.n)]

    def share(self, folder: Path, city: str, cities: int) -> list[Path]:
        """The city's own file of the folder, or an equal part of the synthetic rows for each of so many `cities`."""
        if self._data is not None:
            return [path for path in self.files(folder) if path.name.startswith(f"{city}.")]
        return [self._made_up(folder, city, self.n // cities)]

    def _made_up(self, folder: Path, city: str, n: int) -> Path:
        path = folder / f"{city}-{n}.csv"
        if not path.exists():
            with path.open("w", encoding="utf-8", newline="") as file:
                write_sample(file, city, n)
        return path
