"""The way to a node's intake; or the standard's checks alone, with no node."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from node.client import NodeClient, node_errors
from node.core.law.calendar import legal_date
from node.core.standards.standard import Standard, get
from node.errors import FileError, Reason
from node.messages import _
from node.stubs.intake.v1 import intake_pb2

Exchange = Callable[[Iterator[intake_pb2.SubmitRequest]], Iterator[intake_pb2.SubmitResponse]]

CONNECT_S = 5.0
_KEEPALIVE_S = 30


@dataclass(frozen=True)
class Node:
    """A node's intake: the folder that says who we are there; its address, host:port, if the folder does not say it."""

    identity: Path
    address: str = ""


@contextmanager
def connect(node: Node) -> Iterator[Exchange]:
    """A channel to the node, proven to be up.

    Raises:
        FileError: INVALID_KEY or INVALID_CONFIG, the identity cannot be used.
        TransientError: UNAVAILABLE, nobody answers; TLS_REFUSED, one side refused the other's certificate.
        NodeError: While exchanging: what the node refuses, with its own reason code.
    """
    with NodeClient.open(node.identity, address=node.address, keepalive_s=_KEEPALIVE_S) as client:
        if "intake" not in client.identity.addresses:
            raise FileError(Reason.INVALID_CONFIG, str(node.identity), _("this identity is not for the intake"))
        client.wait("intake", CONNECT_S)
        yield lambda requests: _answers(client.intake.Submit(requests))


def check(requests: Iterator[intake_pb2.SubmitRequest]) -> Iterator[intake_pb2.SubmitResponse]:
    """Answers as a node would in a dry run, by the standard alone: no node, no duplicates known."""
    for request in requests:
        standard = get(request.standard, request.version)
        yield intake_pb2.SubmitResponse(seq=request.seq, outcomes=[_outcome(standard, row) for row in request.rows])


def _outcome(standard: Standard, row: intake_pb2.Row) -> intake_pb2.Outcome:
    message, today = standard.parse(row.body), legal_date(datetime.now(UTC))
    findings = [*standard.findings(message), *standard.future_findings(message, today)]
    is_rejected = any(not finding.warning for finding in findings)
    status = intake_pb2.STATUS_REJECTED if is_rejected else intake_pb2.STATUS_ACCEPTED
    return intake_pb2.Outcome(status=status, findings=[intake_pb2.Finding(**item._asdict()) for item in findings])


def _answers(call: Iterator[intake_pb2.SubmitResponse]) -> Iterator[intake_pb2.SubmitResponse]:
    try:
        with node_errors():
            yield from call
    finally:
        call.cancel()  # type: ignore[attr-defined]
