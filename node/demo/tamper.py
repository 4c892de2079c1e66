"""A man in the middle who holds every TLS key of both sides, and changes one character of one operator's name.

He listens as the origin, pulls from the real origin as whoever calls him, and passes every batch on as it came, but for
the victim. Federation, schedule, nodes and adapter are the real ones: only the origin's address leads to him.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, cast

import grpc

from node.core.log.record import SALT_BYTES
from node.core.members.federation import Member
from node.demo.failure import DemoError
from node.demo.founding import free_ports
from node.demo.inputs import write_input
from node.demo.intake import loading
from node.demo.nodes import Node
from node.folder.files import load_federation, save_federation
from node.folder.keyfile import TlsIdentity, load_tls_identity
from node.folder.trust import Trust
from node.messages import _
from node.rpc.auth_interceptor import AuthInterceptor
from node.rpc.exchange_service import ExchangeServicer, add_exchange_service
from node.rpc.peer_client import connect
from node.rpc.principal import Principals, principal
from node.rpc.server import Listener
from node.storage.sqlite.reader import Reader
from node.stubs.control.v1 import control_pb2
from node.stubs.exchange.v1.exchange_pb2 import (
    CompareRequest,
    CompareResponse,
    HintRequest,
    HintResponse,
    PullRequest,
    PullResponse,
    ReviseRequest,
)
from node.stubs.record.v1.record_pb2 import Run
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration

_ROWS = 3
_SEED = 20260101
_WAIT_S = 90.0
_POLL_S = 0.3
_WORKERS = 16
_GRACE_S = 2.0


class Caught(NamedTuple):
    """How the tampering came to light."""

    origin: str
    victim: str
    real_name: str
    forged_name: str
    incident: control_pb2.Incident
    records_kept: int
    others_at: int


class ManInTheMiddle:
    """Answers as the origin's exchange service."""

    def __init__(self, origin: Node, nodes: Sequence[Node], victim: str) -> None:
        self._member = load_federation(origin.config.federation).member(origin.city)
        self._identities: Mapping[str, TlsIdentity] = {
            node.city: load_tls_identity(node.config.tls_identity) for node in nodes
        }
        self._settings = origin.config.sync
        self._victim = victim
        self.callers: set[str] = set()
        self.sent = b""
        self.names = ("", "")

    def pull(self, request: PullRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        """The origin's own batches; to the victim, with a name changed."""
        caller = principal(context).name
        self.callers.add(caller)
        with connect(self._member, self._identities[caller], self._settings) as peer:
            for raw in peer.pull(request.from_size, request.known_size):
                yield self._forge(raw) if caller == self._victim else raw

    def revise(self, request: ReviseRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        """The origin's own answer."""
        with connect(self._member, self._identities[principal(context).name], self._settings) as peer:
            yield from peer.revise(request.from_index, request.upto_size, request.held_grant)

    def hint(self, _: HintRequest, __: grpc.ServicerContext) -> HintResponse:
        """Thanks and does nothing: the origin's own schedule still pulls."""
        return HintResponse()

    def compare(self, request: CompareRequest, context: grpc.ServicerContext) -> CompareResponse:
        """The origin's own answer."""
        with connect(self._member, self._identities[principal(context).name], self._settings) as peer:
            return CompareResponse.FromString(peer.compare(request.SerializeToString()))

    def _forge(self, raw: bytes) -> bytes:
        batch = PullResponse.FromString(raw)
        for number, wire in enumerate(batch.runs):
            run = Run.FromString(wire)
            for column in run.columns:
                for place, opening in enumerate(column.openings):
                    real = OperatorRegistration.FromString(opening[SALT_BYTES:]).name
                    if real:
                        forged = f"{real[:2]}假{real[3:]}"
                        column.openings[place] = opening.replace(real.encode(), forged.encode(), 1)
                        batch.runs[number] = run.SerializeToString()
                        self.names, self.sent = (real, forged), batch.SerializeToString()
                        return self.sent
        return raw


def tamper(nodes: Sequence[Node], origin: Node, victim: Node, folder: Path) -> Caught:
    """Puts the man in the middle in place, has the origin take in a few operators, and sees what becomes of them.

    Args:
        nodes: Running and in step with each other.
        origin: Whose records are altered on the way.
        victim: The city that is sent the altered batch; all others are sent the real ones.
        folder: For the file of operators.

    Raises:
        DemoError: The victim believed it, the others were harmed too, or the incident payload is not what was sent.
    """
    middle = ManInTheMiddle(origin, nodes, victim.city)
    others = [node for node in nodes if node not in (origin, victim)]
    peers = {node.city for node in nodes if node is not origin}
    before = _peer(victim.status(), origin.city)
    with _in_between(middle, origin):
        # A peer pulls once at a time: after this no pull that began on the straight way is under way.
        _await(_("every peer to pull through the attacker"), lambda: middle.callers == peers)
        _take_in(origin, folder)
        size = origin.status().tree_size
        _await(
            _(
                "{victim} to freeze {origin}, and the others to have all {size} records",
                victim=victim.city,
                origin=origin.city,
                size=size,
            ),
            lambda: (
                _peer(victim.status(), origin.city).state == "frozen"
                and all(_peer(node.status(), origin.city).tree_size == size for node in others)
            ),
        )
        after = victim.status()
    incident = next(each for each in after.incidents if each.city == origin.city)
    _check(victim, middle, before, _peer(after, origin.city), incident)
    return Caught(origin.city, victim.city, *middle.names, incident, before.tree_size, size)


def _check(
    victim: Node,
    middle: ManInTheMiddle,
    before: control_pb2.PeerStatus,
    after: control_pb2.PeerStatus,
    incident: control_pb2.Incident,
) -> None:
    if (after.tree_size, after.root) != (before.tree_size, before.root):
        raise DemoError(_("{city} stored something of an altered batch", city=victim.city))
    if not middle.sent or Reader(victim.config.node_db).peers.payload(incident.number) != middle.sent:
        raise DemoError(_("the incident payload that {city} kept is not what was sent", city=victim.city))


@contextmanager
def _in_between(middle: ManInTheMiddle, origin: Node) -> Iterator[None]:
    """Listens with the origin's certificate, and has the origin's address in the federation file lead there."""
    address = f"127.0.0.1:{free_ports(1)[0]}"
    trust = Trust(origin.config)
    interceptor = AuthInterceptor(Principals(trust), origin.config.limits)
    listener = Listener(
        address, trust, interceptor,
        [add_exchange_service(cast(ExchangeServicer, middle))],
        workers=_WORKERS, max_message_bytes=origin.config.limits.max_message_bytes,
    )  # fmt: skip
    path = origin.config.federation
    honest = load_federation(path)
    member: Member = replace(honest.member(origin.city), address=address)
    listener.start()
    try:
        save_federation(path, honest.with_member(member))
        yield
    finally:
        save_federation(path, honest)
        listener.stop(_GRACE_S)


def _take_in(origin: Node, folder: Path) -> None:
    file = write_input(folder / "later.csv", origin.city, _ROWS, seed=_SEED)
    with loading([origin], {origin.city: file}, "later") as (load,):
        _await(_("{city} to load {rows} operators", city=origin.city, rows=_ROWS), lambda: load.is_done)


def _peer(status: control_pb2.StatusResponse, city: str) -> control_pb2.PeerStatus:
    return next(peer for peer in status.peers if peer.city == city)


def _await(what: str, is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _WAIT_S
    while not is_so():
        if time.monotonic() > deadline:
            raise DemoError(_("waited {seconds:g} s in vain for {what}", seconds=_WAIT_S, what=what))
        time.sleep(_POLL_S)
