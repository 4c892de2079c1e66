"""Cities in a folder: real stores that append, share and pull, without a network."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from node.core.log.checkpoint import LogKey, log_name
from node.core.log.merkle import consistency_proof
from node.core.log.record import mask
from node.core.log.trusted_log import TrustedLog, verify_revision
from node.core.standards import standard as standards
from node.ports import Signer
from node.storage.sqlite.log import OWN, Entry
from node.storage.sqlite.store import Store
from node.stubs.exchange.v1.exchange_pb2 import PullResponse, ReviseResponse
from node.stubs.record.v1.record_pb2 import Header, View
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
        return Entry(made, bodies, _digest16(body.uscc, body.legacy_number), _digest16(str(bodies), str(header)))

    def retract(self, record: str) -> str:
        header = Header(standard="operator.registration", version=1, city=self.city, retracts=record, audience=["all"])
        return self.append([Entry(header, ())])[0]

    def pull(
        self,
        origin: "City",
        see: Callable[[View], View] = lambda view: view,
        purpose: str = PURPOSE,
        grant: str = "g",
        batch: int = 250,
        batches: int | None = None,
    ) -> None:
        """Pulls from another city what `see` leaves of its views; stops after `batches`."""
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

    def revise(self, origin: "City", see: Callable[[View], View], grant: str) -> None:
        """Brings every stored view under a new grant."""
        at = self.store.origin(origin.city)
        response = ReviseResponse(from_index=0, to_index=at.revise_upto, grant=grant)
        for index, stored in enumerate(_views(origin, 0, at.revise_upto)):
            response.views.add(index=index, view=see(stored))
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
    origin: City, begin: int, known: int, see: Callable[[View], View], grant: str, batch: int
) -> Iterator[bytes]:
    at = origin.store.origin(origin.city)
    tree = origin.store.tree(OWN, at.size)
    while True:
        end = min(begin + batch, at.size)
        yield PullResponse(
            from_index=begin,
            views=[see(view) for view in _views(origin, begin, end)],
            checkpoint=at.checkpoint or b"",
            consistency=consistency_proof(tree.node, end, at.size),
            known_consistency=consistency_proof(tree.node, known, at.size),
            grant=grant,
        ).SerializeToString()
        begin = end
        if begin == at.size:
            return


def _views(origin: City, begin: int, end: int) -> list[View]:
    gone = origin.store.retracted(begin, end)
    return [
        View(leaf_hash=leaf_hash) if index in gone or stored is None else View.FromString(stored)
        for index, leaf_hash, stored in origin.store.records(OWN, begin, end)
    ]


def _digest16(*parts: str) -> bytes:
    return sha256("\n".join(parts).encode()).digest()[:16]


def only(*facets: int) -> Callable[[View], View]:
    """Leaves a view only these facets."""

    def see(view: View) -> View:
        mask(view, facets)
        return view

    return see


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
