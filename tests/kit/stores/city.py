"""Cities in a folder: real stores that append, share and pull, without a network."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from node.core.log.checkpoint import LogKey, log_name
from node.core.log.merkle import consistency_proof
from node.core.log.record import FORMAT, Record
from node.core.log.run import join
from node.core.log.trusted_log import TrustedLog, verify_revision
from node.core.standards import standard as standards
from node.ports import Signer
from node.storage.sqlite.log import OWN, Entry
from node.storage.sqlite.store import Store
from node.stubs.exchange.v1.exchange_pb2 import IndexedRun, PullResponse, ReviseResponse
from node.stubs.record.v1.record_pb2 import Header, Run
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from tests.kit.clock import NOW_MS, SetClock
from tests.kit.keys import KeySigner
from tests.kit.stores.backends import Backend
from tests.kit.stores.new_database import place_database

PURPOSE = "verification"


class City:
    """One city's store."""

    def __init__(
        self,
        folder: Path,
        city: str,
        path: Path | None = None,
        signer: Signer | None = None,
        now_ms: int = NOW_MS,
        backend: Backend = Store,
    ) -> None:
        self.city = city
        self.clock = SetClock(now_ms)
        self.signer = signer or KeySigner()
        self.path = path or folder / f"{city}.db"
        self._backend = backend
        if backend is Store:
            place_database(self.path)
        self.store = backend(self.path, city, self.signer, self.clock)

    @property
    def key(self) -> LogKey:
        return LogKey(log_name(self.city), self.signer.public_key)

    def register(self, body: OperatorRegistration, **header: object) -> str:
        """Appends a registration; returns its record id. One of the same code supersedes the one before."""
        return self.append([self.entry(body, **header)])[0]

    def append(self, entries: list[Entry]) -> list[str]:
        return [placed.id for placed in self.store.append(entries).result()]

    def entry(self, body: OperatorRegistration, **header: object) -> Entry:
        standard = standards.get("operator.registration")
        bodies = standard.split(body.SerializeToString())
        told = {"as_of_ms": NOW_MS, "audience": ["all"], "purpose": PURPOSE, "legal_basis": "b"}
        told |= {"standard": standard.name, "version": standard.version, "city": self.city} | header
        made = Header(**told)  # type: ignore[arg-type]
        made.subjects.extend(standard.subjects(body))
        return Entry.of(made, bodies, _digest16(body.uscc, body.legacy_number), _digest16(str(bodies), str(header)))

    def retract(self, record: str) -> str:
        header = Header(standard="operator.registration", version=1, city=self.city, retracts=record, audience=["all"])
        return self.append([Entry.of(header, ())])[0]

    def pull(
        self,
        origin: "City",
        see: Callable[[Record], Record] = lambda record: record,
        purpose: str = PURPOSE,
        grant: str = "g",
        batch: int = 250,
        batches: int | None = None,
    ) -> None:
        """Pulls from another city what `see` leaves of its records; stops after `batches`."""
        known = self.store.find_origin(origin.city)
        view = TrustedLog(origin.city, [origin.key], self.store.frontier(origin.city), known.known if known else None)
        for number, raw in enumerate(
            _pulled(origin, view.size, view.known.size if view.known else 0, see, grant, batch)
        ):
            if number == batches:
                return
            verified = view.verify_batch(raw)
            self.store.store_batches(origin.city, [verified], purpose).result()
            view.accept(verified)

    def revise(self, origin: "City", see: Callable[[Record], Record], grant: str) -> None:
        """Brings every stored record under a new grant."""
        at = self.store.origin(origin.city)
        runs = [IndexedRun(first=first, run=run) for first, run in _runs(map(see, _records(origin, 0, at.revise_upto)))]
        response = ReviseResponse(from_index=0, to_index=at.revise_upto, runs=runs, grant=grant)
        hashes = self.store.leaf_hashes(at.number, 0, at.revise_upto)
        revision = verify_revision(response.SerializeToString(), origin.city, 0, at.revise_upto, hashes)
        self.store.store_revision(origin.city, revision).result()

    def close(self) -> None:
        self.store.close()

    def reopen(self) -> None:
        """Closes the store and opens it anew, as a restart does."""
        self.close()
        self.store = self._backend(self.path, self.city, self.signer, self.clock)


@contextmanager
def open_cities(folder: Path, *names: str) -> Iterator[tuple[City, ...]]:
    """Cities with empty logs, their stores in one folder."""
    cities = tuple(City(folder, name) for name in names)
    yield cities
    for city in cities:
        city.close()


def _pulled(
    origin: City, begin: int, known: int, see: Callable[[Record], Record], grant: str, batch: int
) -> Iterator[bytes]:
    at = origin.store.origin(origin.city)
    tree = origin.store.tree(OWN, at.size)
    while True:
        end = min(begin + batch, at.size)
        yield PullResponse(
            from_index=begin,
            runs=[run for _first, run in _runs(map(see, _records(origin, begin, end)))],
            checkpoint=at.checkpoint or b"",
            consistency=consistency_proof(tree.node, end, at.size),
            known_consistency=consistency_proof(tree.node, known, at.size),
            grant=grant,
            format=FORMAT,
        ).SerializeToString()
        begin = end
        if begin == at.size:
            return


def _records(origin: City, begin: int, end: int) -> list[Record]:
    gone = origin.store.retracted(begin, end)
    return [withheld(record) if record.index in gone else record for record in origin.store.records(OWN, begin, end)]


def _runs(records: Iterable[Record]) -> Iterator[tuple[int, bytes]]:
    """The first index of each run, and the run as it travels."""
    for run in join(records):
        yield run.first, run.content or Run(leaf_hashes=run.hashes).SerializeToString()


def withheld(record: Record) -> Record:
    """The record as one sees it who may see nothing of it."""
    return Record(record.index, record.leaf_hash)


def _digest16(*parts: str) -> bytes:
    return sha256("\n".join(parts).encode()).digest()[:16]


def only(*facets: int) -> Callable[[Record], Record]:
    """Leaves a record only these facets."""
    return lambda record: record.masked(facets) if record.is_open else record


def operator(uscc: str = "914300007121944054", **fields: object) -> OperatorRegistration:
    """A registration."""
    told: dict[str, object] = {
        "name": "湖南岳麓山建设集团有限公司",
        "status": 1,
        "established_on": "1978-10-27",
        "entity_type": "有限责任公司（自然人投资或控股）",
        "registered_address": {"text": "长沙市岳麓区金牛路88号", "region6": "430104"},
        "legal_representative": "吴建国",
        "phone": "0731-88888888",
    }
    return OperatorRegistration(uscc=uscc, **(told | fields))  # type: ignore[arg-type]
