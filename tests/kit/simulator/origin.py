"""A city that takes in and shares as a node does: real store, intake, policy and share; no network."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from node.core.log.checkpoint import LogKey, log_name
from node.core.log.record import FORMAT
from node.core.members.federation import Member
from node.core.policy.policy import Policy
from node.ports import Signer
from node.storage.sqlite.store import Store
from node.stubs.exchange.v1.exchange_pb2 import PullRequest, ReviseRequest
from node.stubs.intake.v1 import intake_pb2 as intake
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration
from node.usecases.exchange.enforce_policy import PolicyInForce, read_policy
from node.usecases.exchange.share import revise, share
from node.usecases.records.ingest import Ingest
from node.usecases.records.retract import Retractions, retract
from tests.kit.clock import SetClock
from tests.kit.keys import KeySigner
from tests.kit.stores.city import PURPOSE
from tests.kit.stores.new_database import place_database

BASIS = "政务数据共享条例 第二十条"
DEREGISTERED = 4


def policy_text(city: str, *facets: str, hides: str = "", to: str = "all") -> str:
    """A policy that shares these facets for PURPOSE; `hides` is a condition that withholds a record whole."""
    with_ = f"    with: [{to}]\n    purpose: {PURPOSE}\n    facets: [{', '.join(facets)}]\n"
    share = f"  - share: operator.registration\n{with_}"
    hide = f"  - withhold: operator.registration\n    from: [all]\n    when: '{hides}'\n" if hides else ""
    return f"city: {city}\nrules:\n{share}{hide}" if facets else f"city: {city}\nrules: []\n"


def registration(number: int, **fields: object) -> OperatorRegistration:
    """Operator `number`, with something to find in each facet but the identity."""
    told: dict[str, object] = {
        "legacy_number": f"4301{number:08}",
        "name": f"第{number:06}号商行",
        "status": 1,
        "actual_address": {"text": f"actual-{number:06}"},
        "phone": f"0731-{number:08}",
    }
    return OperatorRegistration(**(told | fields))  # type: ignore[arg-type]


def member(city: str, signer: Signer) -> Member:
    """A city as a federation file pins it, but for its certificates."""
    return Member(city, city, "420100", "127.0.0.1:1", (LogKey(log_name(city), signer.public_key),), ())


class Origin:
    """One city's own log and its policy."""

    def __init__(
        self,
        path: Path,
        city: str = "wuhan",
        signer: Signer | None = None,
        peers: Iterable[str] = ("changsha",),
        policy: str | None = None,
        clock: SetClock | None = None,
    ) -> None:
        self.city = city
        self.path = path
        self.clock = clock or SetClock()
        self.signer: Signer = signer or KeySigner()
        self.peers = list(peers)
        place_database(path)
        self.store = Store(path, city, self.signer, self.clock)
        self._newest: tuple[str, Policy]
        self._read(policy or self.store.newest_policy() or policy_text(city, "public", "regulator"))
        self.policy = PolicyInForce(self.store, lambda: self._newest, lambda: self.peers, self.clock)
        self._ingest = Ingest(self.store, self.clock, Retractions(self.policy.in_force, lambda: self.peers, self.clock))

    @property
    def size(self) -> int:
        return self.store.origin(self.city).size

    @property
    def member(self) -> Member:
        return member(self.city, self.signer)

    def take_in(self, *bodies: OperatorRegistration, source: str = "registry") -> list[str]:
        """Takes in rows as an adapter's batches; returns the record ids."""
        ids: list[str] = []
        for begin in range(0, len(bodies), 1000):
            rows = [
                intake.Row(key=body.legacy_number, body=body.SerializeToString())
                for body in bodies[begin : begin + 1000]
            ]
            request = intake.SubmitRequest(
                standard="operator.registration", version=1, source=source, as_of_ms=self.clock.at_ms,
                audience=["all"], purpose=PURPOSE, legal_basis=BASIS, rows=rows,
            )  # fmt: skip
            ids += [outcome.id for outcome in self._ingest.finish(self._ingest.begin(request)).outcomes]
        assert all(ids), "the simulator's own rows must be good"
        return ids

    def retract(self, record: str) -> str:
        return retract(self.store, self.clock, record, Header(purpose=PURPOSE, legal_basis=BASIS)).id

    def enforce(self, text: str) -> None:
        """Puts a policy in force."""
        self._read(text)
        self.policy.current()

    def _read(self, text: str) -> None:
        self._newest = (text, read_policy(text, "policy.yaml"))

    def pull(self, caller: str, from_size: int, known_size: int) -> Iterator[bytes]:
        request = PullRequest(
            from_size=from_size, known_size=known_size, purpose=PURPOSE, legal_basis=BASIS, format=FORMAT
        )
        return share(self.store, self.city, self.policy.grant(caller, PURPOSE), request)

    def revise(self, caller: str, from_index: int, upto_size: int, held_grant: str) -> Iterator[bytes]:
        request = ReviseRequest(
            from_index=from_index, upto_size=upto_size, held_grant=held_grant, purpose=PURPOSE, legal_basis=BASIS
        )
        held = self.policy.earlier_grant(caller, PURPOSE, held_grant)
        return revise(self.store, self.city, held, self.policy.grant(caller, PURPOSE), request)

    def close(self) -> None:
        self.store.close()


Twist = Callable[[Iterator[bytes]], Iterable[bytes]]


def _as_is(stream: Iterator[bytes]) -> Iterable[bytes]:
    return stream


class SimulatedPeer:
    """The Peer port before an origin; what it says is twisted where a test asks for it."""

    def __init__(self, origin: Origin, caller: str = "changsha", pull: Twist = _as_is, revise: Twist = _as_is) -> None:
        self.origin = origin
        self._caller = caller
        self._pull = pull
        self._revise = revise

    def pull(self, from_size: int, known_size: int) -> Iterator[bytes]:
        yield from self._pull(self.origin.pull(self._caller, from_size, known_size))

    def compare(self, _: bytes) -> bytes:
        return b""  # it knows of no checkpoint worth telling

    def revise(self, from_index: int, upto_size: int, held_grant: str) -> Iterator[bytes]:
        yield from self._revise(self.origin.revise(self._caller, from_index, upto_size, held_grant))
