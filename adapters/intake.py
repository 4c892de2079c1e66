"""The way to a node's intake: its certificate pinned, ours presented; or the standard's checks alone, with no node."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
from cryptography import x509

from node.core.standard import Standard, get
from node.errors import FileError, NodeError, Reason, TransientError
from node.intake.v1 import intake_pb2, intake_pb2_grpc

Exchange = Callable[[Iterator[intake_pb2.SubmitRequest]], Iterator[intake_pb2.SubmitResponse]]

_CONNECT_S = 10
_UNREACHABLE = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
_REASONS: dict[str | bytes, Reason] = {reason.value: reason for reason in Reason}
_OWNER_ONLY = 0o077


@dataclass(frozen=True)
class Node:
    """A node's intake (`host:port`) and the folder of who we are there: client.crt, client.key, node.crt (PEM)."""

    address: str
    identity: Path


@contextmanager
def connect(node: Node) -> Iterator[Exchange]:
    """A channel to the node, proven to be up.

    Raises:
        FileError: INVALID_KEY, the identity cannot be used.
        TransientError: UNAVAILABLE, nobody answers or it is not the pinned node.
        NodeError: While exchanging: what the node refuses, with its own reason code.
    """
    credentials, name = _credentials(node.identity)
    options = [
        ("grpc.ssl_target_name_override", name),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.keepalive_timeout_ms", 10_000),
    ]
    with grpc.secure_channel(node.address, credentials, options) as channel:
        _await(channel, node.address)
        submit = intake_pb2_grpc.IntakeServiceStub(channel).Submit
        yield lambda requests: _answers(submit(requests))


def check(requests: Iterator[intake_pb2.SubmitRequest]) -> Iterator[intake_pb2.SubmitResponse]:
    """Answers as a node would in a dry run, by the standard alone: no node, no duplicates known."""
    for request in requests:
        standard = get(request.standard, request.version)
        yield intake_pb2.SubmitResponse(seq=request.seq, outcomes=[_outcome(standard, row) for row in request.rows])


def _outcome(standard: Standard, row: intake_pb2.Row) -> intake_pb2.Outcome:
    findings = standard.findings(standard.parse(row.body))
    is_rejected = any(not finding.warning for finding in findings)
    status = intake_pb2.STATUS_REJECTED if is_rejected else intake_pb2.STATUS_ACCEPTED
    return intake_pb2.Outcome(status=status, findings=[intake_pb2.Finding(**found._asdict()) for found in findings])


def _await(channel: grpc.Channel, address: str) -> None:
    try:
        grpc.channel_ready_future(channel).result(timeout=_CONNECT_S)
    except grpc.FutureTimeoutError:
        message = f"no node answers at {address}, or it does not show the certificate of node.crt"
        raise TransientError(Reason.UNAVAILABLE, message) from None


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


def _credentials(identity: Path) -> tuple[grpc.ChannelCredentials, str]:
    """Credentials, and the name in the node's certificate: it is pinned as it is, wherever the node listens."""
    key = identity / "client.key"
    root, secret, chain = (_read(file) for file in (identity / "node.crt", key, identity / "client.crt"))
    if key.stat().st_mode & _OWNER_ONLY:
        raise FileError(Reason.INVALID_KEY, str(key), "others may read it; chmod 600")
    return grpc.ssl_channel_credentials(root, secret, chain), _name_in(root, identity / "node.crt")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(Reason.INVALID_KEY, str(path), f"cannot be read: {error.strerror}") from None


def _name_in(certificate: bytes, path: Path) -> str:
    try:
        extensions = x509.load_pem_x509_certificate(certificate).extensions
        names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return names.get_values_for_type(x509.DNSName)[0]
    except (ValueError, LookupError, x509.ExtensionNotFound):
        raise FileError(Reason.INVALID_KEY, str(path), "no certificate with a DNS name") from None
