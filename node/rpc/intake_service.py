"""IntakeService: adapters and officers hand in rows."""

import queue
import threading
from collections.abc import Callable, Collection, Iterator

import grpc

from node.core.clients import Kind
from node.core.record import EVERYONE
from node.errors import NodeError, Reason
from node.intake.v1 import intake_pb2, intake_pb2_grpc
from node.ports import Clock
from node.query.v1 import query_pb2 as query
from node.record.v1.record_pb2 import Header
from node.rpc.metrics import count_rows
from node.rpc.principal import principal
from node.storage.store import Store
from node.usecases.ingest import Ingest, Pending
from node.usecases.usage import Account
from node.usecases.withdraw import retract

# Batches of one stream that are checked but not yet durable.
_WINDOW = 8


class IntakeServicer(intake_pb2_grpc.IntakeServiceServicer):
    """Answers the adapters of one node."""

    def __init__(
        self,
        ingest: Ingest,
        store: Store,
        clock: Clock,
        notify: Callable[[Collection[str]], None],
        account: Account,
    ) -> None:
        self._ingest = ingest
        self._store = store
        self._clock = clock
        self._notify = notify
        self._account = account

    def Submit(  # noqa: N802 - the name in the proto
        self, request_iterator: Iterator[intake_pb2.SubmitRequest], _: grpc.ServicerContext
    ) -> Iterator[intake_pb2.SubmitResponse]:
        """Checks the next batches while earlier ones become durable; answers in order."""
        pending: queue.Queue[Pending | Exception | None] = queue.Queue(_WINDOW)
        ended = threading.Event()
        feeder = threading.Thread(target=self._feed, args=(request_iterator, pending, ended), daemon=True)
        feeder.start()
        try:
            while (item := pending.get()) is not None:
                if isinstance(item, Exception):
                    raise item
                answer = self._ingest.finish(item)
                count_rows(answer.outcomes)
                yield answer
        finally:
            ended.set()

    def _feed(
        self,
        requests: Iterator[intake_pb2.SubmitRequest],
        pending: "queue.Queue[Pending | Exception | None]",
        ended: threading.Event,
    ) -> None:
        item: Pending | Exception | None = None
        try:
            for request in requests:
                _put(pending, self._ingest.begin(request), ended)
        except grpc.RpcError:
            item = NodeError(Reason.CANCELLED, "the stream broke off; send what was not acknowledged again")
        except Exception as error:  # noqa: BLE001 - raised where the call is answered
            item = error
        _put(pending, item, ended)

    def Retract(  # noqa: N802 - the name in the proto
        self, request: intake_pb2.RetractRequest, context: grpc.ServicerContext
    ) -> intake_pb2.RetractResponse:
        """Takes a record back; who did it stands in the usage record.

        An officer with an account takes rows back. What a case made, the node's own officer alone, who has none: after
        a fork there is no other way (docs/operations.md).
        """
        caller, why = principal(context), Header(purpose=request.purpose, legal_basis=request.legal_basis)
        said = query.Reason(purpose=why.purpose, legal_basis=why.legal_basis)
        with self._account.using(caller, "Retract", said, request.id) as use:
            if caller.kind is not Kind.OFFICER:
                raise NodeError(Reason.PERMISSION_DENIED, "an officer takes records back, no program")
            rows_alone = caller.account is not None
            placed = retract(self._store, self._clock, request.id, why, rows_alone=rows_alone)
            use.result = f"taken back by {placed.id}"
        self._notify([EVERYONE])  # a tombstone waits for no schedule
        return intake_pb2.RetractResponse(id=placed.id, checkpoint=self._store.log.note)


def _put(
    pending: "queue.Queue[Pending | Exception | None]", item: Pending | Exception | None, ended: threading.Event
) -> None:
    """Waits for room, but not for a caller who is gone."""
    while not ended.is_set():
        try:
            pending.put(item, timeout=1)
        except queue.Full:
            continue
        return
