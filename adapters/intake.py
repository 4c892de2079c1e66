"""The way to a node's intake: its certificate pinned, ours presented; or the standard's checks alone, with no node."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import grpc

from adapters.bundle import load_bundle
from adapters.follow import greet
from node.core.law.calendar import legal_date
from node.core.standards.standard import Standard, get
from node.errors import FileError, NodeError, Reason, TransientError
from node.stubs.intake.v1 import intake_pb2, intake_pb2_grpc

Exchange = Callable[[Iterator[intake_pb2.SubmitRequest]], Iterator[intake_pb2.SubmitResponse]]

# The core of gRPC writes lines of C++ to standard error; what failed is told in words.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
_UNREACHABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_REASONS: dict[str | bytes, Reason] = {reason.value: reason for reason in Reason}


@dataclass(frozen=True)
class Node:
    """A node's intake: the bundle that says who we are there, and (if not the bundle's own) its address, host:port."""

    identity: Path
    address: str = ""


@contextmanager
def connect(node: Node) -> Iterator[Exchange]:
    """A channel to the node, proven to be up.

    Raises:
        FileError: INVALID_KEY or INVALID_CONFIG, the bundle cannot be used.
        TransientError: UNAVAILABLE, nobody answers; TLS_REFUSED, one side refused the other's certificate.
        NodeError: While exchanging: what the node refuses, with its own reason code.
    """
    bundle = load_bundle(node.identity)
    address = node.address or bundle.intake
    if not address:
        raise FileError(Reason.INVALID_CONFIG, str(node.identity), "this client is not answered at the intake")
    credentials = grpc.ssl_channel_credentials(bundle.server_pem, bundle.key_pem, bundle.cert_pem)
    options = [
        # The certificate is pinned as it is, wherever the node listens.
        ("grpc.ssl_target_name_override", bundle.server_name),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
    ]
    with grpc.secure_channel(address, credentials, options) as channel:
        greet(channel, address, node.identity, bundle)
        submit = intake_pb2_grpc.IntakeServiceStub(channel).Submit
        yield lambda requests: _answers(submit(requests))


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
    return intake_pb2.Outcome(status=status, findings=[intake_pb2.Finding(**found._asdict()) for found in findings])


def _answers(call: Iterator[intake_pb2.SubmitResponse]) -> Iterator[intake_pb2.SubmitResponse]:
    try:
        yield from call
    except grpc.RpcError as error:
        raise _refusal(error) from None
    finally:
        call.cancel()  # type: ignore[attr-defined]


def _refusal(error: grpc.RpcError) -> NodeError:
    trailers = {item.key: item.value for item in error.trailing_metadata() or ()}
    message = error.details() or error.code().name
    if error.code() in _UNREACHABLE:
        return TransientError(Reason.UNAVAILABLE, message)
    return NodeError(_REASONS.get(trailers.get("gongzhi-reason", ""), Reason.INTERNAL), message)
