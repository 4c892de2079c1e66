"""A node's own clients hand in and read attachments, peers fetch them, platforms read those of their own matters."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Protocol, TypeVar

import grpc

from node.core.log.record import parse_record_id
from node.core.members.actor import Actor
from node.core.members.clients import Kind
from node.core.members.officers import Account as Officer
from node.errors import NodeError, Reason
from node.messages import _
from node.rpc.pace import paced
from node.rpc.principal import Principal, principal
from node.rpc.server import Service
from node.storage.sqlite.evidence import EvidenceStore
from node.storage.sqlite.reader import Reader
from node.stubs.evidence.v1 import evidence_pb2 as evidence
from node.stubs.evidence.v1 import evidence_pb2_grpc
from node.stubs.query.v1 import query_pb2 as query
from node.usecases.casework.case_file import PURPOSE
from node.usecases.evidence.fetch import EvidencePeer, obtain
from node.usecases.evidence.read import list_evidence, read_evidence, show_case
from node.usecases.evidence.read_for_platform import PlatformEvidence
from node.usecases.evidence.share import share_evidence
from node.usecases.evidence.store import store_evidence
from node.usecases.exchange.enforce_policy import PolicyInForce
from node.usecases.records.usage import UsageRecorder, Use

SERVICE = "node.evidence.v1.EvidenceService"
PLATFORM_SERVICE = "node.evidence.v1.PlatformEvidenceService"
EXCHANGE_SERVICE = "node.evidence.v1.EvidenceExchangeService"
_PATIENCE_S = 30.0
_COMMON = query.Reason(purpose=PURPOSE, legal_basis="六市协作约定")
_Told = TypeVar("_Told", evidence.GetResponse, evidence.FetchResponse, evidence.ReadResponse)


class ConnectEvidence(Protocol):
    """Reaches a peer's evidence exchange."""

    def __call__(self, city: str) -> AbstractContextManager[EvidencePeer]:
        """The peer; raises NodeError NOT_FOUND or PEER_FROZEN."""


class EvidenceServicer(evidence_pb2_grpc.EvidenceServiceServicer):
    """Answers the clients of one node. Whoever reads says why; each call leaves a usage record."""

    def __init__(
        self,
        reader: Reader,
        store: EvidenceStore,
        recorder: UsageRecorder,
        connect: ConnectEvidence,
        patience_s: float = _PATIENCE_S,
    ) -> None:
        self._reader = reader
        self._store = store
        self._recorder = recorder
        self._connect = connect
        self._patience_s = patience_s

    def Put(  # noqa: N802 - the name in the proto
        self, request_iterator: Iterator[evidence.PutRequest], context: grpc.ServicerContext
    ) -> Iterator[evidence.PutResponse]:
        """Takes in an attachment; who brought it, and who is said to have extracted it, stands in the usage record."""
        caller = principal(context)
        messages = paced(request_iterator, lambda message: len(message.chunk.data), self._patience_s)
        with self._recorder.using(caller, "Evidence.Put", _COMMON) as use:
            if caller.account is not None and not caller.account.acts:
                raise NodeError(Reason.WRONG_ACTOR, _("officers of this role may read evidence, not submit it"))
            for response in store_evidence(self._store, _name(caller), _named(use, messages)):
                if response.HasField("attachment"):
                    use.result = _stored(response.attachment)
                yield response

    def Get(  # noqa: N802
        self, request: evidence.GetRequest, context: grpc.ServicerContext
    ) -> Iterator[evidence.GetResponse]:
        """An attachment and its bytes."""
        with self._using(context, "Evidence.Get", request.reason, request.sha256) as use:
            yield from _counted(use, read_evidence(self._reader, self._store, request))

    def List(  # noqa: N802
        self, request: evidence.ListRequest, context: grpc.ServicerContext
    ) -> Iterator[evidence.ListResponse]:
        """Every attachment held here."""
        with self._using(context, "Evidence.List", request.reason, ""):
            for attachment in list_evidence(self._store):
                yield evidence.ListResponse(attachment=attachment)

    def Obtain(  # noqa: N802
        self, request: evidence.ObtainRequest, context: grpc.ServicerContext
    ) -> Iterator[evidence.ObtainResponse]:
        """Fetches attachments from the city whose record names them."""
        city, _ = parse_record_id(request.record)
        with (
            self._using(context, "Evidence.Obtain", request.reason, request.record),
            self._connect(city) as peer,
        ):
            yield from obtain(self._reader, self._store, peer, _name(principal(context)), request)

    def ShowCase(  # noqa: N802
        self, request: evidence.ShowCaseRequest, context: grpc.ServicerContext
    ) -> evidence.ShowCaseResponse:
        """The records of a case and the attachments they name."""
        with self._using(context, "Evidence.ShowCase", request.reason, request.case):
            return show_case(self._reader, self._store, request.case, request.reason.purpose)

    def _using(
        self, context: grpc.ServicerContext, rpc: str, reason: query.Reason, subject: str
    ) -> AbstractContextManager[Use]:
        caller = principal(context)
        if caller.kind is not Kind.OFFICER:
            raise NodeError(Reason.PERMISSION_DENIED, _("only officers may read evidence"))
        return self._recorder.using(caller, rpc, reason, subject)


class EvidenceExchangeServicer(evidence_pb2_grpc.EvidenceExchangeServiceServicer):
    """Answers the peers of one node; each fetch leaves a usage record."""

    def __init__(
        self, reader: Reader, store: EvidenceStore, city: str, policy: PolicyInForce, recorder: UsageRecorder
    ) -> None:
        self._reader = reader
        self._store = store
        self._city = city
        self._policy = policy
        self._recorder = recorder

    def Fetch(  # noqa: N802
        self, request: evidence.FetchRequest, context: grpc.ServicerContext
    ) -> Iterator[evidence.FetchResponse]:
        """An attachment that a record names which the calling city may see."""
        caller = principal(context)
        reason = query.Reason(purpose=request.purpose, legal_basis=request.legal_basis)
        subject = f"{request.record} {request.sha256}"
        with self._recorder.using(caller, "Evidence.Fetch", reason, subject) as use:
            shared = share_evidence(
                self._reader,
                self._store,
                self._city,
                lambda: self._policy.grant(caller.name, request.purpose),
                request,
            )
            yield from _counted(use, shared)


class PlatformEvidenceServicer(evidence_pb2_grpc.PlatformEvidenceServiceServicer):
    """Answers the platforms that are connected to one node; each reading leaves a usage record."""

    def __init__(self, evidence: PlatformEvidence, recorder: UsageRecorder) -> None:
        self._evidence = evidence
        self._recorder = recorder

    def Read(  # noqa: N802
        self, request: evidence.ReadRequest, context: grpc.ServicerContext
    ) -> Iterator[evidence.ReadResponse]:
        """An attachment of a matter of the caller's own."""
        caller = principal(context)
        actor = Actor(caller.name, caller.account or Officer(caller.name), is_platform=True)
        subject = f"{request.case} {request.sha256}"
        with self._recorder.using(caller, "Evidence.Read", _COMMON, subject) as use:
            yield from _counted(use, self._evidence.read(actor, request, _COMMON))


def _counted(use: Use, messages: Iterator[_Told]) -> Iterator[_Told]:
    """The messages; the usage record says how many bytes left."""
    count = 0
    for message in messages:
        count += len(message.chunk.data)
        use.result = f"bytes={count}"
        yield message


def _named(use: Use, messages: Iterator[evidence.PutRequest]) -> Iterator[evidence.PutRequest]:
    """The messages; the usage record says which attachment they are of."""
    for message in messages:
        if message.HasField("announcement"):
            use.subject = message.announcement.sha256
        yield message


def _stored(attachment: evidence.Attachment) -> str:
    officers = (each.certificate_number for extraction in attachment.extractions for each in extraction.officers)
    return " ".join(("stored", *officers))


def _name(caller: Principal) -> str:
    return f"{caller.kind}/{caller.name}"


def add_evidence_service(servicer: EvidenceServicer) -> Service:
    """The service's name and how it is registered."""
    return SERVICE, lambda server: evidence_pb2_grpc.add_EvidenceServiceServicer_to_server(servicer, server)


def add_evidence_exchange(servicer: EvidenceExchangeServicer) -> Service:
    """The service's name and how it is registered."""
    add = evidence_pb2_grpc.add_EvidenceExchangeServiceServicer_to_server
    return EXCHANGE_SERVICE, lambda server: add(servicer, server)


def add_platform_evidence(servicer: PlatformEvidenceServicer) -> Service:
    """The service's name and how it is registered."""
    add = evidence_pb2_grpc.add_PlatformEvidenceServiceServicer_to_server
    return PLATFORM_SERVICE, lambda server: add(servicer, server)
