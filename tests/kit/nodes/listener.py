"""A real exchange listener over loopback, guarded as a node's own; answers each pull with who it thinks asks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2_grpc  # type: ignore[import-untyped,unused-ignore]

from node.client.channel import peer_channel
from node.client.errors import error_from_rpc
from node.config import Config
from node.demo.founding import found_federation
from node.errors import NodeError
from node.folder.files import load_federation
from node.folder.keyfile import TlsIdentity, load_tls_identity
from node.folder.trust import Trust
from node.rpc.auth_interceptor import AuthInterceptor
from node.rpc.principal import Principals, principal
from node.rpc.tls import server_credentials, server_options
from node.stubs.exchange.v1.exchange_pb2 import (
    CompareRequest,
    CompareResponse,
    HintRequest,
    HintResponse,
    PullRequest,
    PullResponse,
    ReviseRequest,
    ReviseResponse,
)
from node.stubs.exchange.v1.exchange_pb2_grpc import (
    ExchangeServiceServicer,
    ExchangeServiceStub,
    add_ExchangeServiceServicer_to_server,
)

NOW = datetime.now(UTC)
CITIES = ("changsha", "wuhan", "hefei")


class WhoAsks(ExchangeServiceServicer):
    """Pull answers with the caller's kind and name, or fails with `error`."""

    error: Exception | None = None

    def Pull(self, request: PullRequest, context: grpc.ServicerContext) -> Iterator[PullResponse]:  # noqa: N802
        if self.error is not None:
            raise self.error
        caller = principal(context)
        yield PullResponse(grant=f"{caller.kind}/{caller.name}")

    def Revise(self, request: ReviseRequest, context: grpc.ServicerContext) -> Iterator[ReviseResponse]:  # noqa: N802
        yield from ()

    def Hint(self, request: HintRequest, context: grpc.ServicerContext) -> HintResponse:  # noqa: N802
        return HintResponse()

    def Compare(self, request: CompareRequest, context: grpc.ServicerContext) -> CompareResponse:  # noqa: N802
        return CompareResponse()


def found(base: Path) -> dict[str, Config]:
    return {config.city: config for config in found_federation(base, NOW, CITIES)}


@contextmanager
def serving(
    config: Config, service: WhoAsks | None = None, interceptor: AuthInterceptor | None = None, **roster: Any
) -> Iterator[str]:
    trust = Trust(config)
    interceptor = interceptor or AuthInterceptor(Principals(trust, **roster), config.limits)
    options = server_options(config.limits.max_message_bytes)
    server = grpc.server(ThreadPoolExecutor(4), options=options, interceptors=[interceptor])
    add_ExchangeServiceServicer_to_server(service or WhoAsks(), server)
    health_pb2_grpc.add_HealthServicer_to_server(health.HealthServicer(), server)
    server.add_secure_port(config.listen.exchange, server_credentials(trust))
    server.start()
    try:
        yield config.listen.exchange
    finally:
        server.stop(None).wait()


def identity(config: Config) -> TlsIdentity:
    return load_tls_identity(config.tls_identity)


def channel(caller: TlsIdentity, callee: Config) -> grpc.Channel:
    """As the callee's own federation file says it is reached."""
    return peer_channel(caller, load_federation(callee.federation).member(callee.city))


def ask(connection: grpc.Channel) -> str:
    """Who the listener thinks asks.

    Raises:
        NodeError: As the client side understands the failure.
    """
    try:
        return next(iter(ExchangeServiceStub(connection).Pull(PullRequest(), timeout=10))).grant
    except grpc.RpcError as error:
        raise error_from_rpc(error) from error


def refusal(connection: grpc.Channel) -> NodeError:
    try:
        answer = ask(connection)
    except NodeError as error:
        return error
    raise AssertionError(f"answered as {answer}")
