"""IntakeService: adapters and officers hand in rows."""

from collections import Counter
from collections.abc import Callable, Collection, Iterator

import grpc
import structlog

from node.core.log.record import EVERYONE
from node.core.members.actor import Actor
from node.core.members.clients import Kind
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock
from node.rpc.metrics import count_rows
from node.rpc.principal import Principal, caller_of, principal
from node.rpc.read_ahead import ReadAhead
from node.rpc.server import Service
from node.storage.sqlite.loads import Load
from node.storage.sqlite.store import Store
from node.stubs.intake.v1 import intake_pb2, intake_pb2_grpc
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.record.v1.record_pb2 import Header
from node.usecases.records.ingest import Ingest, Pending
from node.usecases.records.loads import LoadNumbers, LoadRetraction
from node.usecases.records.retract import retract
from node.usecases.records.usage import UsageRecorder

_log = structlog.get_logger(__name__)
# Batches of one stream that are checked but not yet durable.
_WINDOW = 8
# Loads in one answer, and the largest number that a store can hold.
_USUAL_LOADS, _MOST_LOADS, _LAST_LOAD = 100, 1000, 2**63 - 1

SERVICE = "node.intake.v1.IntakeService"


class IntakeServicer(intake_pb2_grpc.IntakeServiceServicer):
    """Answers the adapters of one node."""

    def __init__(
        self,
        ingest: Ingest,
        store: Store,
        clock: Clock,
        notify: Callable[[Collection[str]], None],
        recorder: UsageRecorder,
    ) -> None:
        self._ingest = ingest
        self._store = store
        self._clock = clock
        self._notify = notify
        self._recorder = recorder
        self._loads = LoadRetraction(store, clock)

    def Submit(  # noqa: N802 - the name in the proto
        self, request_iterator: Iterator[intake_pb2.SubmitRequest], context: grpc.ServicerContext
    ) -> Iterator[intake_pb2.SubmitResponse]:
        """Checks the next batches while earlier ones become durable; answers in order."""
        load_of = LoadNumbers(self._store, principal(context).name, self._clock).of
        rows: Counter[str] = Counter()
        try:
            with ReadAhead(self._begun(request_iterator, load_of), _WINDOW, "intake") as batches:
                while (pending := batches.take()) is not None:
                    answer = self._ingest.finish(pending)
                    rows += count_rows(answer.outcomes)
                    yield answer
        finally:
            if rows:
                _log.info("rows_taken_in", caller=caller_of(context), **rows)

    def _begun(
        self, requests: Iterator[intake_pb2.SubmitRequest], load_of: Callable[[intake_pb2.SubmitRequest], int]
    ) -> Iterator[Pending]:
        try:
            for request in requests:
                yield self._ingest.begin(request, load_of)
        except grpc.RpcError:
            text = _("the stream was interrupted; send again what was not acknowledged")
            raise NodeError(Reason.CANCELLED, text) from None

    def Retract(  # noqa: N802 - the name in the proto
        self, request: intake_pb2.RetractRequest, context: grpc.ServicerContext
    ) -> intake_pb2.RetractResponse:
        """Retracts a record; who did it stands in the usage record.

        Rows alone: what a case made, an act of its workflow retracts. Of acts that a forgotten log makes misread
        there is no other way (docs/operations.md).
        """
        caller, why = principal(context), Header(purpose=request.purpose, legal_basis=request.legal_basis)
        reason = query.Reason(purpose=why.purpose, legal_basis=why.legal_basis)
        with self._recorder.using(caller, "Retract", reason, request.id) as use:
            _check_officer(caller)
            placed = retract(self._store, self._clock, request.id, why, by_officer=True)
            use.result = f"retracted={placed.id}"
        self._notify([EVERYONE])  # a retraction waits for no schedule
        return intake_pb2.RetractResponse(id=placed.id, checkpoint=self._store.log.note)

    def ListLoads(  # noqa: N802
        self, request: intake_pb2.ListLoadsRequest, context: grpc.ServicerContext
    ) -> intake_pb2.ListLoadsResponse:
        """What was handed in, the newest first."""
        _check_officer(principal(context))
        limit = min(request.limit or _USUAL_LOADS, _MOST_LOADS)
        loads = self._store.loads(min(request.before, _LAST_LOAD) or _LAST_LOAD, limit)
        return intake_pb2.ListLoadsResponse(loads=map(_load, loads))

    def RetractLoad(  # noqa: N802
        self, request: intake_pb2.RetractLoadRequest, context: grpc.ServicerContext
    ) -> intake_pb2.RetractLoadResponse:
        """Takes a load back, by two officers; who asked and who approved stands in the usage records."""
        actor = _officer(principal(context))
        load = self._store.load(min(request.load, _LAST_LOAD))
        why = load if request.approve else request  # an approver approves the reason that was given
        reason = query.Reason(purpose=why.purpose, legal_basis=why.legal_basis)
        with self._recorder.using(principal(context), "RetractLoad", reason, f"load {load.number}") as use:
            if not request.approve:
                asked = self._loads.ask(actor, load.number, request.purpose, request.legal_basis)
                use.result = "asked"
                return intake_pb2.RetractLoadResponse(load=_load(asked))
            done = self._loads.approve(actor, load.number)
            use.result = f"retracted={done.retracted}"
        self._notify([EVERYONE])
        return intake_pb2.RetractLoadResponse(load=_load(done), checkpoint=self._store.log.note)


def _check_officer(caller: Principal) -> None:
    if caller.kind is not Kind.OFFICER:
        raise NodeError(Reason.PERMISSION_DENIED, _("only an officer may retract records, not a program"))


def _officer(caller: Principal) -> Actor:
    """Who takes part in a decision of two: a person with an account.

    Raises:
        NodeError: PERMISSION_DENIED.
    """
    _check_officer(caller)
    if caller.account is None:
        text = _("retracting a load takes two officers, each with an account (gongzhi officer add, --as)")
        raise NodeError(Reason.PERMISSION_DENIED, text)
    return Actor(caller.name, caller.account)


def _load(load: Load) -> intake_pb2.Load:
    return intake_pb2.Load(
        number=load.number,
        client=load.client,
        standard=load.standard,
        source=load.source,
        file=load.file,
        begun_at_ms=load.begun_at_ms,
        records=load.records,
        retracted=load.retracted,
        asked_by=load.asked_by,
        approved_by=load.approved_by,
        purpose=load.purpose,
        legal_basis=load.legal_basis,
    )


def add_intake_service(servicer: IntakeServicer) -> Service:
    """The service's name and how it is registered."""
    return SERVICE, lambda server: intake_pb2_grpc.add_IntakeServiceServicer_to_server(servicer, server)
