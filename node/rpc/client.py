"""How the command line and the tests reach a node: as one of its clients, over mTLS."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from node.config import Config
from node.core.members.pinning import fingerprints, next_pins
from node.errors import NodeError, Reason
from node.folder.identity import Identity, check_terms, load_identity, officer_identity, write_server
from node.folder.keyfile import Passphrase, environment_passphrase
from node.rpc.status import error_from_rpc
from node.rpc.tls import identity_channel
from node.stubs.trust.v1.trust_pb2 import FollowRequest
from node.stubs.trust.v1.trust_pb2_grpc import TrustServiceStub

_FOLLOW_S = 5


@contextmanager
def client_channel(identity: Identity, service: str, folder: Path | None = None) -> Iterator[grpc.Channel]:
    """A client's channel to a service of its node ("intake", "control", "query").

    An identity in a folder follows a change of the node's certificate. Errors of calls come out as NodeError.

    Raises:
        NodeError: What the node answered, or UNAVAILABLE.
    """
    open_channel = identity_channel(identity, service)
    try:
        if folder is not None:
            _follow(open_channel, folder, identity)
        yield open_channel
    except grpc.RpcError as failed:
        error = error_from_rpc(failed)
        if error.reason in {Reason.TLS_REFUSED, Reason.UNAVAILABLE}:
            check_terms(identity, datetime.now(UTC))
        raise error from None
    finally:
        open_channel.close()


@contextmanager
def officer_channel(
    config: Config, service: str, passphrase: Passphrase = environment_passphrase
) -> Iterator[grpc.Channel]:
    """The same as the account of the node itself."""
    with client_channel(officer_identity(config, passphrase), service) as channel:
        yield channel


@contextmanager
def folder_channel(
    folder: Path, service: str, passphrase: Passphrase = environment_passphrase
) -> Iterator[grpc.Channel]:
    """A channel to a service of the node that handed out the identity in `folder`.

    The identity follows a change of the node's certificate. Errors of calls come out as they are.

    Raises:
        FileError: INVALID_CONFIG or INVALID_KEY, the identity cannot be used.
    """
    identity = load_identity(folder, passphrase)
    with identity_channel(identity, service) as channel:
        _follow(channel, folder, identity)
        yield channel


def _follow(channel: grpc.Channel, folder: Path, identity: Identity) -> None:
    """Takes over what the node says of its certificates, and says so. What fails here, the call itself tells."""
    follow = TrustServiceStub(channel).Follow
    with suppress(grpc.RpcError, NodeError, OSError):
        told = follow(FollowRequest(fingerprints=fingerprints(identity.server_certs)), timeout=_FOLLOW_S)
        if pins := next_pins(identity.server_certs, told.certificates):
            write_server(folder, pins)
            follow(FollowRequest(fingerprints=fingerprints(pins)), timeout=_FOLLOW_S)


def is_serving(channel: grpc.Channel, timeout_s: float) -> bool:
    """Whether the node answers its health check as serving."""
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
    while not all(_is_serving(config, service, passphrase) for service in ("intake", "control", "query")):
        check_terms(officer_identity(config, passphrase), datetime.now(UTC))  # no waiting mends that
        if time.monotonic() >= deadline:
            text = f"the node of {config.city} is not running, or not healthy: gongzhi doctor"
            raise NodeError(Reason.UNAVAILABLE, text)
        time.sleep(0.1)


def _is_serving(config: Config, service: str, passphrase: Passphrase) -> bool:
    with officer_channel(config, service, passphrase) as channel:
        return is_serving(channel, 2)
