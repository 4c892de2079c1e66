"""One city's node as its clients see it, whatever ground it stands on."""

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

import grpc
from google.protobuf.message import Message

from node.client.channel import identity_channel
from node.client.errors import error_from_rpc
from node.client.node_client import is_serving
from node.config import Config
from node.core.members.clients import Kind
from node.core.standards import standard as standards
from node.demo.check_stores import Acknowledged
from node.errors import NodeError, Reason
from node.folder.identity import Identity, add_client, officer_identity
from node.storage.sqlite.reader import Reader
from node.stubs.control.v1 import control_pb2
from node.stubs.intake.v1 import intake_pb2 as intake
from node.stubs.intake.v1 import intake_pb2_grpc
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.query.v1 import query_pb2_grpc
from node.whole_file import write_file

CLOCK_OFFSET = "clock-offset"
"""The file in a node's folder that says how many seconds its clock is off."""
_CALL_S = 30.0
_LOOK_S = 0.1
_PURPOSE = "verification"
_LEGAL_BASIS = "政务数据共享条例 第二十条"


class City(ABC):
    """A node that can be asked, fed, stopped, killed and started again.

    Errors of calls come out as NodeError.

    Attributes:
        slug: Of the city.
        config: Its paths are those of this machine on every ground: databases may be read when the node has stopped.
        folder: The node's folder.
    """

    def __init__(self, config: Config, folder: Path) -> None:
        self.slug = config.city
        self.config = config
        self.folder = folder

    @abstractmethod
    def start(self) -> None:
        """Starts the node and waits until it answers.

        Raises:
            NodeError: UNAVAILABLE, it does not in time.
        """

    @abstractmethod
    def stop(self) -> None:
        """Ends the node in order."""

    @abstractmethod
    def kill(self) -> None:
        """Ends the node at once, in the middle of whatever it does (SIGKILL of every process of it)."""

    @abstractmethod
    def status(self) -> control_pb2.StatusResponse:
        """What `gongzhi status` shows."""

    @abstractmethod
    def sync(self, *cities: str) -> dict[str, str]:
        """Pulls now from these peers, or from all; returns for each the reason why it failed, or nothing."""

    @abstractmethod
    def release(self, city: str) -> None:
        """Lets a frozen peer be pulled from again."""

    @property
    def store(self) -> Path:
        """The database of its log and its replicas."""
        return self.config.node_db

    def size(self, slug: str = "") -> int:
        """How many records of a city's log, or of its own, are verified and durable here; read from the store."""
        origin = Reader(self.store).find_origin(slug or self.slug)
        return origin.size if origin else 0

    def set_clock(self, offset_s: int) -> None:
        """Puts the node's clock so far ahead of this machine's (behind, where negative), within a second."""
        write_file(self.folder / CLOCK_OFFSET, f"{offset_s}\n".encode())

    def client(self, name: str, kind: Kind) -> Identity:
        """Makes a client of the running node: what an adapter, a platform or an officer needs to speak to it over mTLS.

        Raises:
            NodeError: UNAVAILABLE, the node does not know the client in time.
        """
        identity = self.reachable(
            add_client(self.config, name, kind, self.folder / "clients" / name, datetime.now(UTC))
        )
        deadline = time.monotonic() + _CALL_S
        while not all(self._knows(identity, service) for service in identity.addresses):
            if time.monotonic() > deadline:
                raise NodeError(Reason.UNAVAILABLE, f"{self.slug} does not know its client {name}")
            time.sleep(_LOOK_S)
        return identity

    def _knows(self, identity: Identity, service: str) -> bool:
        with self.channel(service, identity) as opened:
            return is_serving(opened, _CALL_S)

    def reachable(self, identity: Identity) -> Identity:
        """The identity with the addresses at which this machine finds the node now."""
        return replace(identity, addresses=MappingProxyType({s: self.address(s) for s in identity.addresses}))

    def address(self, service: str) -> str:
        """host:port at which this machine finds "intake", "control", "query" or "exchange"."""
        return str(getattr(self.config.listen, service))

    @contextmanager
    def channel(self, service: str, identity: Identity | None = None) -> Iterator[grpc.Channel]:
        """A channel to a service of the node, as its officer or as another client.

        Raises:
            NodeError: What the node answered, or UNAVAILABLE.
        """
        opened = identity_channel(self.reachable(identity or officer_identity(self.config)), service)
        try:
            yield opened
        except grpc.RpcError as error:
            raise error_from_rpc(error) from None
        finally:
            opened.close()

    def submit(self, request: intake.SubmitRequest, client: Identity | None = None) -> intake.SubmitResponse:
        """Hands in one batch, as the officer or as another client; returns once it is durable."""
        with self.channel("intake", client) as opened:
            answers = intake_pb2_grpc.IntakeServiceStub(opened).Submit(iter([request]), timeout=_CALL_S)
            return next(iter(answers))

    def take_in(
        self, *bodies: Message, standard: str = "operator.registration", audience: Sequence[str] = ("all",)
    ) -> list[intake.Outcome]:
        """Takes in records, each a row keyed by what it is about; returns what became of each, in order."""
        return list(self.submit(batch(bodies, standard, audience)).outcomes)

    def retract(self, record: str) -> Acknowledged:
        """Takes a record back."""
        request = intake.RetractRequest(id=record, purpose=_PURPOSE, legal_basis=_LEGAL_BASIS)
        with self.channel("intake") as opened:
            answer = intake_pb2_grpc.IntakeServiceStub(opened).Retract(request, timeout=_CALL_S)
        return Acknowledged(answer.id)

    def verify(self, question: query.Question, purpose: str = _PURPOSE, client: Identity | None = None) -> query.Answer:
        """Is this operator who it says it is?"""
        request = query.VerifyRequest(reason=_reason(purpose), question=question)
        with self.channel("query", client) as opened:
            return query_pb2_grpc.QueryServiceStub(opened).Verify(request, timeout=_CALL_S).answer

    def show(self, subject: str, purpose: str = _PURPOSE) -> list[query.Record]:
        """Every current record of a subject, "<kind>:<value>"."""
        request = query.ShowRequest(reason=_reason(purpose), subject=subject)
        with self.channel("query") as opened:
            return list(query_pb2_grpc.QueryServiceStub(opened).Show(request, timeout=_CALL_S).records)


def batch(
    bodies: Sequence[Message],
    standard: str = "operator.registration",
    audience: Sequence[str] = ("all",),
    source: str = "registry",
    as_of_ms: int = 0,
) -> intake.SubmitRequest:
    """A batch of rows, each keyed by what its record is about, as the shipped mappings key them."""
    known = standards.get(standard)
    rows = [intake.Row(key=known.subjects(body)[0].partition(":")[2], body=body.SerializeToString()) for body in bodies]
    return intake.SubmitRequest(
        standard=known.name, version=known.version, source=source, as_of_ms=as_of_ms, audience=audience,
        purpose=_PURPOSE, legal_basis=_LEGAL_BASIS, rows=rows,
    )  # fmt: skip


def _reason(purpose: str) -> query.Reason:
    return query.Reason(purpose=purpose, legal_basis=_LEGAL_BASIS)
