"""How the command line and the tests reach a node: as one of its clients, over mTLS."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from node.config import Config
from node.errors import Reason
from node.rpc.status import error_from_rpc
from node.rpc.tls import bundle_channel
from node.storage.bundle import check_terms, officer_bundle
from node.storage.keyfile import Passphrase, environment_passphrase


@contextmanager
def officer_channel(
    config: Config, service: str, passphrase: Passphrase = environment_passphrase
) -> Iterator[grpc.Channel]:
    """A channel to one of the node's own services ("intake", "control", "query"), as its officer.

    Errors of calls come out as NodeError.

    Raises:
        NodeError: What the node answered, or UNAVAILABLE.
    """
    bundle = officer_bundle(config, passphrase)
    open_channel = bundle_channel(bundle, service)
    try:
        yield open_channel
    except grpc.RpcError as failed:
        error = error_from_rpc(failed)
        if error.reason in {Reason.TLS_REFUSED, Reason.UNAVAILABLE}:
            check_terms(bundle, datetime.now(UTC))
        raise error from None
    finally:
        open_channel.close()


def is_serving(channel: grpc.Channel, timeout_s: float) -> bool:
    """Whether the node answers its health check as serving."""
    stub = health_pb2_grpc.HealthStub(channel)
    try:
        answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout_s)  # type: ignore[attr-defined]
    except grpc.RpcError:
        return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)
