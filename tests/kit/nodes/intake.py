"""A real intake over loopback mTLS that checks rows by the standard and remembers them by key, as a node does."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import grpc

from adapters.intake import Node
from node.core.members.clients import Kind
from node.core.standards.standard import get
from node.demo.founding import found_federation
from node.errors import NodeError
from node.folder.identity import add_client
from node.folder.trust import Trust
from node.rpc.tls import server_credentials
from node.stubs.intake.v1 import intake_pb2 as pb
from node.stubs.intake.v1.intake_pb2_grpc import IntakeServiceServicer, add_IntakeServiceServicer_to_server

CITY = "wuhan"


@dataclass
class Intake(IntakeServiceServicer):
    """Holds rows in memory. `breaks_after` batches it aborts; `short` leaves an outcome out of every answer."""

    bodies: dict[tuple[str, str], bytes] = field(default_factory=dict)
    requests: list[pb.SubmitRequest] = field(default_factory=list)
    breaks_after: int | None = None
    refusal: NodeError | None = None
    short: bool = False

    def Submit(  # noqa: N802
        self, request_iterator: Iterator[pb.SubmitRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.SubmitResponse]:
        for request in request_iterator:
            if self.refusal:
                context.set_trailing_metadata((("gongzhi-reason", self.refusal.reason.value),))
                context.abort(grpc.StatusCode.PERMISSION_DENIED, self.refusal.message)
            if len(self.requests) == self.breaks_after:
                context.abort(grpc.StatusCode.UNAVAILABLE, "the node stops")
            self.requests.append(request)
            outcomes = [self._take(request, row) for row in request.rows]
            yield pb.SubmitResponse(seq=request.seq, outcomes=outcomes[self.short :])

    def Retract(self, request: pb.RetractRequest, context: grpc.ServicerContext) -> pb.RetractResponse:  # noqa: N802
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "no adapter retracts")

    def ListLoads(self, request: pb.ListLoadsRequest, context: grpc.ServicerContext) -> pb.ListLoadsResponse:  # noqa: N802
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "no adapter lists loads")

    def RetractLoad(self, request: pb.RetractLoadRequest, context: grpc.ServicerContext) -> pb.RetractLoadResponse:  # noqa: N802
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "no adapter retracts")

    def _take(self, request: pb.SubmitRequest, row: pb.Row) -> pb.Outcome:
        standard = get(request.standard, request.version)
        found = standard.findings(standard.parse(row.body))
        findings = [pb.Finding(**each._asdict()) for each in found]
        if any(not each.warning for each in found):
            return pb.Outcome(status=pb.STATUS_REJECTED, findings=findings)
        place, status = (request.source, row.key), pb.STATUS_ACCEPTED
        if place in self.bodies:
            status = pb.STATUS_DUPLICATE if self.bodies[place] == row.body else pb.STATUS_SUPERSEDED
        if not request.dry_run:
            self.bodies[place] = row.body
        return pb.Outcome(status=status, findings=findings)


@dataclass(frozen=True)
class Identities:
    """A founded node and the identities of two adapters: one it knows and one of another node of the same city name."""

    trust: Trust
    adapter: Path
    stranger: Path


def make_identities(base: Path) -> Identities:
    now = datetime.now(UTC)
    [config] = found_federation(base / "node", now, (CITY,))
    [other] = found_federation(base / "other", now, (CITY,))
    add_client(config, "registry", Kind.ADAPTER, base / "adapter", now)
    add_client(other, "registry", Kind.ADAPTER, base / "stranger", now)
    return Identities(Trust(config), base / "adapter", base / "stranger")


@contextmanager
def serving(identities: Identities, intake: Intake) -> Iterator[Node]:
    server = grpc.server(ThreadPoolExecutor(4), options=[("grpc.so_reuseport", 0)])
    add_IntakeServiceServicer_to_server(intake, server)
    port = server.add_secure_port("127.0.0.1:0", server_credentials(identities.trust))
    server.start()
    try:
        yield Node(identities.adapter, f"127.0.0.1:{port}")
    finally:
        server.stop(None).wait()
