"""/metrics of a node (Prometheus): calls counted in its processes, the state of its log and peers read when asked."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from socket import SHUT_RDWR, socket
from threading import BoundedSemaphore, Thread, Timer
from typing import Any
from urllib.parse import urlsplit

from prometheus_client import CollectorRegistry, MetricsHandler
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from node.config import Config
from node.core.finding import Code, new_finding
from node.folder.data_lock import is_place_held
from node.folder.files import load_federation
from node.folder.trust import ReloadingFile
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Origin
from node.usecases.upkeep.checks.keys import seconds_to_end
from node.usecases.upkeep.checks.run import watched_findings
from node.usecases.upkeep.checks.scene import Observer

# Scrapes under way at once, and the seconds one may take from its connection to its last byte.
_SCRAPES = 8
_SCRAPE_S = 10.0


def _lag_records(origin: Origin) -> int:
    known = origin.known
    return max(0, known.size - origin.size) if known else 0


_PEER_GAUGES = (
    ("gongzhi_records", "Records of a city's log that this node has verified", lambda origin: origin.size),
    ("gongzhi_records_open", "Records of which this node may see something", lambda origin: origin.verified),
    ("gongzhi_records_withheld", "Records withheld whole", lambda origin: origin.withheld),
    ("gongzhi_records_to_revise", "Records still under an earlier grant", lambda origin: origin.to_revise),
    ("gongzhi_lag_records", "Records behind the newest checkpoint", _lag_records),
    ("gongzhi_confirmed_timestamp_seconds", "When the city last vouched for its log",
     lambda origin: origin.confirmed_at_ms / 1000),
)  # fmt: skip


class StateCollector(Collector):
    """Reads the state of the store at each scrape; labels are city slugs and reason codes, nothing else."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._reader = Reader(config.node_db)
        self._federation = ReloadingFile(config.federation, load_federation)
        self._observer: Observer | None = None

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        yield from self._watched()
        if not self._config.node_db.exists():
            return
        origins = self._reader.origins()
        for name, text, value in _PEER_GAUGES:
            yield _family(name, text, [(origin.city, value(origin)) for origin in origins])
        peers = self._federation.current().peers_of(self._config.city)
        states = [(peer.city, self._reader.peers.state(peer.city)) for peer in peers]
        failures = [(city, state.failures) for city, state in states]
        yield _family("gongzhi_peer_failures", "Failed pulls in a row", failures)
        frozen = [(city, int(state.frozen)) for city, state in states]
        yield _family("gongzhi_peer_frozen", "1 where the peer sent what cannot be true", frozen)
        numbers = range(1, self._config.query_count + 1)
        up = [(str(number), int(is_place_held(self._config.data_dir, number))) for number in numbers]
        yield _family("gongzhi_query_process_up", "1 where a query process answers", up, "process")
        yield _family("gongzhi_database_bytes", "Size of a database file", _sizes(self._config.data_dir), "file")

    def _watched(self) -> Iterator[Metric]:
        """What the checks find, and how long certificates last."""
        if self._observer is None:  # when first asked: a sealed key takes a second to open
            self._observer = Observer(self._config, is_running=True)
        scene = self._observer.scene()
        counts = Counter((each.code, each.city or scene.config.city) for each in watched_findings(scene))
        alert = GaugeMetricFamily(
            "gongzhi_alert", "Findings of a code (docs/errors.md); must: something must be done",
            labels=["code", "severity", "city"],
        )  # fmt: skip
        for code, city in {(code, scene.config.city) for code in Code} | counts.keys():
            alert.add_metric([code, new_finding(code).severity, city], counts[code, city])
        yield alert
        ends = GaugeMetricFamily(
            "gongzhi_certificate_seconds", "Seconds to a certificate's end: own, a peer's, the first of the clients'",
            labels=["whose", "city"],
        )  # fmt: skip
        for whose, city, seconds in seconds_to_end(scene):
            ends.add_metric([whose, city], seconds)
        yield ends


def _sizes(data_dir: Path) -> list[tuple[str, float]]:
    sizes: list[tuple[str, float]] = []
    for path in data_dir.glob("*.db*"):
        with suppress(FileNotFoundError):  # a journal goes when its transaction ends
            sizes.append((path.name, path.stat().st_size))
    return sizes


def _family(name: str, text: str, values: Sequence[tuple[str, float]], label: str = "city") -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


def serve_metrics(config: Config, listening: socket) -> ThreadingHTTPServer:
    """Serves /metrics, and nothing else, on a socket that listens at `listen.metrics`; in plaintext."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(StateCollector(config))
    server = _Server(listening, _Handler.factory(registry))
    Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    return server


def forget_gauges(pid: int) -> None:
    """Takes a process that is gone out of the sums over processes; what it counted stays."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]


def _cut(connection: socket) -> None:
    with suppress(OSError):  # closed meanwhile
        connection.shutdown(SHUT_RDWR)


class _Handler(MetricsHandler):
    def do_GET(self) -> None:  # noqa: N802 - the name in http.server
        if urlsplit(self.path).path != "/metrics":
            self.send_error(404)
            return
        super().do_GET()


class _Server(ThreadingHTTPServer):
    """Answers few at once, and none for longer than `_SCRAPE_S`: a silent or slow caller holds no thread for ever."""

    daemon_threads = True

    def __init__(self, listening: socket, handler: type[MetricsHandler]) -> None:
        super().__init__(listening.getsockname()[:2], handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listening
        self._room = BoundedSemaphore(_SCRAPES)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        limit = Timer(_SCRAPE_S, _cut, (request,))
        limit.start()
        try:
            super().process_request_thread(request, client_address)
        finally:
            limit.cancel()
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is no event."""
