"""A node as one of its clients reaches it: a stub for each service, over one connection a listener."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from node.client.channel import identity_channel
from node.client.errors import error_from_rpc
from node.config import Config
from node.core.members.pinning import fingerprints, next_pins
from node.errors import NodeError, Reason, TransientError
from node.folder.identity import Identity, check_terms, load_identity, officer_identity, write_server
from node.folder.keyfile import Passphrase, environment_passphrase
from node.messages import _
from node.stubs.casework.v1.casework_pb2_grpc import CaseServiceStub
from node.stubs.control.v1.control_pb2_grpc import ControlServiceStub
from node.stubs.evidence.v1.evidence_pb2_grpc import EvidenceServiceStub, PlatformEvidenceServiceStub
from node.stubs.intake.v1.intake_pb2_grpc import IntakeServiceStub
from node.stubs.query.v1 import query_pb2
from node.stubs.query.v1.query_pb2_grpc import QueryServiceStub
from node.stubs.screening.v1.screening_pb2_grpc import ScreeningServiceStub
from node.stubs.trust.v1.trust_pb2 import FollowRequest
from node.stubs.trust.v1.trust_pb2_grpc import TrustServiceStub

_FOLLOW_S = 5.0
_AGAIN_S = 0.3
_CALL_S = 60.0
_HEALTH_S = 2.0


class NodeClient:
    """A node, spoken to as the adapter, officer or platform that an identity is of.

        with NodeClient.open(Path("jd")) as node:
            answer = node.query.Verify(request, timeout=10).answer

    Within the `with` block what a call fails with comes out as a NodeError. A program that keeps the client open
    handles each call by `errors` instead. Connections are made when they are needed, and kept. An identity in a folder
    follows a change of the node's certificate each time a connection is made.
    """

    def __init__(self, identity: Identity, folder: Path | None = None, *, keepalive_s: int | None = None) -> None:
        """Connects to nothing yet.

        Args:
            identity: Who speaks, and to which node.
            folder: Where the identity lies, if it is to follow the node's certificate.
            keepalive_s: How often a node that says nothing during a call is asked whether it is still there.
        """
        self.identity = identity
        self._folder = folder
        self._keepalive_s = keepalive_s
        self._channels: dict[str, grpc.Channel] = {}

    @classmethod
    def open(
        cls,
        folder: Path,
        passphrase: Passphrase = environment_passphrase,
        *,
        address: str = "",
        keepalive_s: int | None = None,
    ) -> "NodeClient":
        """The client whose identity lies in a folder (`gongzhi client add`, `gongzhi officer add`).

        Args:
            folder: client.yaml, client.pem and server.crt.
            passphrase: Opens a sealed key; by default GONGZHI_PASSPHRASE.
            address: host:port of the intake, if it is not where client.yaml says.
            keepalive_s: As of the constructor.

        Raises:
            FileError: INVALID_CONFIG or INVALID_KEY, with the file.
        """
        identity = load_identity(folder, passphrase)
        if address:
            identity = replace(identity, addresses={**identity.addresses, "intake": address})
        return cls(identity, folder, keepalive_s=keepalive_s)

    @classmethod
    def of_officer(cls, config: Config, passphrase: Passphrase = environment_passphrase) -> "NodeClient":
        """The node's own account, for programs beside the node.

        Raises:
            FileError: A file is missing or wrong.
        """
        return cls(officer_identity(config, passphrase))

    @cached_property
    def intake(self) -> IntakeServiceStub:
        """Records, submitted and retracted."""
        return IntakeServiceStub(self.channel("intake"))

    @cached_property
    def cases(self) -> CaseServiceStub:
        """Cases, their acts and drafts, what waits and until when."""
        return CaseServiceStub(self.channel("intake"))

    @cached_property
    def evidence(self) -> EvidenceServiceStub:
        """Attachments of records, for officers."""
        return EvidenceServiceStub(self.channel("intake"))

    @cached_property
    def platform_evidence(self) -> PlatformEvidenceServiceStub:
        """Attachments of a platform's own cases."""
        return PlatformEvidenceServiceStub(self.channel("intake"))

    @cached_property
    def query(self) -> QueryServiceStub:
        """Questions about records."""
        return QueryServiceStub(self.channel("query"))

    @cached_property
    def screening(self) -> ScreeningServiceStub:
        """Rosters against the lists."""
        return ScreeningServiceStub(self.channel("query"))

    @cached_property
    def control(self) -> ControlServiceStub:
        """The node itself: its state, its peers."""
        return ControlServiceStub(self.channel("control"))

    def channel(self, listener: str) -> grpc.Channel:
        """The channel to a listener ("intake", "query", "control").

        Raises:
            NodeError: PERMISSION_DENIED, a client of this kind is not answered there.
        """
        if listener not in self._channels:
            opened = self._open(listener)
            if self._folder is not None:
                with suppress(grpc.RpcError):  # what fails here, the call itself tells
                    self._follow(opened, _FOLLOW_S)
        return self._channels[listener]

    def wait(self, listener: str, wait_s: float) -> None:
        """Waits until somebody answers at a listener.

        Raises:
            NodeError: PERMISSION_DENIED, a client of this kind is not answered there.
            TransientError: UNAVAILABLE, nobody does within `wait_s`; TLS_REFUSED, one side refused the other's
                certificate.
        """
        channel = self._channels.get(listener) or self._open(listener)
        address, deadline = self.identity.address(listener), time.monotonic() + wait_s
        while True:
            try:
                return self._follow(channel, wait_s)
            except grpc.RpcError as failed:
                error = error_from_rpc(failed)
            if error.reason is Reason.TLS_REFUSED:
                raise TransientError(Reason.TLS_REFUSED, _("{address}: {why}", address=address, why=error.message))
            if error.reason not in {Reason.UNAVAILABLE, Reason.TOO_SLOW}:
                return None  # somebody is there; whether this client is answered the call itself tells
            if time.monotonic() > deadline:
                raise TransientError(Reason.UNAVAILABLE, _("no node answers at {address}", address=address))
            time.sleep(_AGAIN_S)

    def _open(self, listener: str) -> grpc.Channel:
        channel = self._channels[listener] = identity_channel(self.identity, listener, self._keepalive_s)
        return channel

    def _follow(self, channel: grpc.Channel, timeout_s: float) -> None:
        """Takes what the node says of its certificates into the `server.crt` of the folder, and tells the node so.

        A folder that cannot be written stays as it is: the node's administrator sees that this client did not follow.

        Raises:
            grpc.RpcError: The node does not say; one of an earlier release cannot.
        """
        ask = TrustServiceStub(channel).Follow
        pinned = self.identity.server_certs
        answer = ask(FollowRequest(fingerprints=fingerprints(pinned)), timeout=timeout_s)
        with suppress(grpc.RpcError, NodeError, OSError):
            if self._folder is not None and (pins := next_pins(pinned, answer.certificates)):
                write_server(self._folder, pins)
                ask(FollowRequest(fingerprints=fingerprints(pins)), timeout=timeout_s)

    def is_serving(self, listener: str, timeout_s: float) -> bool:
        """Whether a listener answers its health check as serving."""
        return is_serving(self.channel(listener), timeout_s)

    def usage(self, request: query_pb2.ListUsageRequest) -> Iterator[query_pb2.Usage]:
        """Every usage record that `request` asks for, page by page."""
        page_request, more = query_pb2.ListUsageRequest(), True
        page_request.CopyFrom(request)
        while more:
            page = self.query.ListUsage(page_request, timeout=_CALL_S)
            yield from page.records
            more = page.more
            page_request.after = page.records[-1].number if more else 0

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What a call within fails with comes out as a NodeError.

        Raises:
            NodeError: What the node answered; UNAVAILABLE; TLS_REFUSED, and where a certificate has ended, which.
        """
        try:
            yield
        except grpc.RpcError as failed:
            error = error_from_rpc(failed)
            if error.reason in {Reason.TLS_REFUSED, Reason.UNAVAILABLE}:
                check_terms(self.identity, datetime.now(UTC))
            raise error from None

    def close(self) -> None:
        """Hangs up."""
        while self._channels:
            self._channels.popitem()[1].close()

    def __enter__(self) -> "NodeClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, grpc.RpcError):
                with self.errors():
                    raise error
        finally:
            self.close()


def is_serving(channel: grpc.Channel, timeout_s: float) -> bool:
    """Whether a listener answers its health check as serving."""
    stub = health_pb2_grpc.HealthStub(channel)
    try:
        answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout_s)  # type: ignore[attr-defined]
    except grpc.RpcError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


def wait_until_serving(config: Config, wait_s: float, passphrase: Passphrase = environment_passphrase) -> None:
    """Waits until both processes of a node are healthy.

    Raises:
        NodeError: They are not within `wait_s` seconds: TLS_REFUSED, a certificate ended; else UNAVAILABLE.
    """
    deadline = time.monotonic() + wait_s
    while True:
        with NodeClient.of_officer(config, passphrase) as node:  # a new connection is tried at once
            if all(node.is_serving(listener, _HEALTH_S) for listener in ("intake", "control", "query")):
                return
            check_terms(node.identity, datetime.now(UTC))  # no waiting mends that
        if time.monotonic() >= deadline:
            text = _("the node of {city} is not running, or not healthy: gongzhi doctor", city=config.city)
            raise NodeError(Reason.UNAVAILABLE, text)
        time.sleep(0.1)
