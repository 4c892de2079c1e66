"""Greets a node: is it there, which side refuses whose certificate, and does its own change?"""

import contextlib
import os
import tempfile
import time
from pathlib import Path

import grpc

from adapters.bundle import SERVER, Bundle
from node.core.members.pinning import (
    fingerprints,
    format_server_certificates,
    next_pins,
    parse_server_certificates,
    tls_refusal,
)
from node.errors import NodeError, Reason, TransientError
from node.stubs.trust.v1.trust_pb2 import FollowRequest
from node.stubs.trust.v1.trust_pb2_grpc import TrustServiceStub

CONNECT_S = 5.0
_AGAIN_S = 0.3
_MODE = 0o644


def greet(channel: grpc.Channel, address: str, folder: Path, bundle: Bundle) -> None:
    """Waits for the node and takes over what it says of its certificates into the bundle's `server.crt`.

    A node of an earlier release does not say; a bundle that cannot be written stays as it is, and the node's
    administrator sees that this client did not follow.

    Raises:
        TransientError: UNAVAILABLE, nobody answers; TLS_REFUSED, one side refused the other's certificate.
    """
    pinned = parse_server_certificates(bundle.server_pem.decode())
    announced = _ask(channel, address, fingerprints(pinned))
    with contextlib.suppress(NodeError, OSError):
        if pins := next_pins(pinned, announced):
            _replace(folder / SERVER, format_server_certificates(pins).encode())
            _ask(channel, address, fingerprints(pins))


def _ask(channel: grpc.Channel, address: str, pins: list[bytes]) -> list[str]:
    deadline_s = time.monotonic() + CONNECT_S
    while True:
        try:
            told = TrustServiceStub(channel).Follow(FollowRequest(fingerprints=pins), timeout=CONNECT_S)
            return list(told.certificates)
        except grpc.RpcError as error:
            code, details = error.code(), error.details() or ""
        if code not in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
            return []  # it is there; whether it answers this client the call itself tells
        if refusal := tls_refusal(details):
            raise TransientError(Reason.TLS_REFUSED, f"{address}: {refusal}")
        if time.monotonic() > deadline_s:
            raise TransientError(Reason.UNAVAILABLE, f"no node answers at {address}")
        time.sleep(_AGAIN_S)


def _replace(path: Path, content: bytes) -> None:
    """Writes the whole file or nothing."""
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(descriptor, _MODE)
            file.write(content)
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
