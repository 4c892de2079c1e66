"""/metrics of a node (Prometheus): calls counted in its processes, the state of its log and peers read when asked."""

from collections.abc import Iterator, Sequence
from http.server import HTTPServer

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from node.config import Config
from node.storage.files import load_federation
from node.storage.reader import Reader
from node.storage.store import Origin
from node.storage.trust import Watched


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
        self._federation = Watched(config.federation, load_federation)

    def collect(self) -> Iterator[Metric]:
        """The gauges."""
        if not self._config.node_db.exists():
            return
        origins = self._reader.origins()
        for name, text, value in _PEER_GAUGES:
            yield _family(name, text, [(origin.city, value(origin)) for origin in origins])
        peers = self._federation.current().peers_of(self._config.city)
        links = [(peer.city, self._reader.link(peer.city)) for peer in peers]
        failures = [(city, link.failures) for city, link in links]
        yield _family("gongzhi_peer_failures", "Failed pulls in a row", failures)
        frozen = [(city, int(link.frozen)) for city, link in links]
        yield _family("gongzhi_peer_frozen", "1 where the peer sent what cannot be true", frozen)
        files = [(path.name, path.stat().st_size) for path in self._config.data_dir.glob("*.db*")]
        yield _family("gongzhi_database_bytes", "Size of a database file", files, "file")


def _family(name: str, text: str, values: Sequence[tuple[str, float]], label: str = "city") -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values:
        family.add_metric([key], value)
    return family


def serve_metrics(config: Config) -> HTTPServer:
    """Serves /metrics at `listen.metrics`, in plaintext."""
    registry = CollectorRegistry()
    MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(StateCollector(config))
    host, _, port = config.listen.metrics.rpartition(":")
    server, _ = start_http_server(int(port), host.strip("[]"), registry)
    return server
