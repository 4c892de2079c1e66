"""ExchangeService: peers pull this city's log. Messages leave as the bytes the use case made."""

from collections.abc import Callable, Iterator
from typing import Any

import grpc

from node.rpc.principal import principal
from node.rpc.server import Service
from node.storage.sqlite.reader import Reader
from node.stubs.exchange.v1.exchange_pb2 import (
    CompareRequest,
    CompareResponse,
    HintRequest,
    HintResponse,
    PullRequest,
    ReviseRequest,
)
from node.usecases.exchange.compare import Compare
from node.usecases.exchange.enforce_policy import PolicyInForce
from node.usecases.exchange.share import revise, share

SERVICE = "node.exchange.v1.ExchangeService"


class ExchangeServicer:
    """Answers the peers of one node."""

    def __init__(
        self, reader: Reader, city: str, policy: PolicyInForce, wake: Callable[[str], None], compare: Compare
    ) -> None:
        self._reader = reader
        self._city = city
        self._policy = policy
        self._wake = wake
        self._compare = compare

    def pull(self, request: PullRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Serialised PullResponses for the calling city."""
        grant = self._policy.grant(principal(context).name, request.purpose)
        return share(self._reader, self._city, grant, request)

    def revise(self, request: ReviseRequest, context: grpc.ServicerContext) -> Iterator[bytes]:
        """Serialised ReviseResponses for the calling city."""
        peer = principal(context).name
        held = self._policy.earlier_grant(peer, request.purpose, request.held_grant)
        grant = self._policy.grant(peer, request.purpose)
        return revise(self._reader, self._city, held, grant, request)

    def hint(self, _: HintRequest, context: grpc.ServicerContext) -> HintResponse:
        """Notes that the calling city has something new; answers before anything is pulled."""
        self._wake(principal(context).name)
        return HintResponse()

    def compare(self, request: CompareRequest, context: grpc.ServicerContext) -> CompareResponse:
        """Hears the checkpoints that the calling city knows; tells those that this node knows."""
        return self._compare.answer(principal(context).name, request)


def add_exchange_service(servicer: ExchangeServicer) -> Service:
    """The service's name and how it is registered: no response serialiser, the use case's bytes go out."""
    handlers: dict[str, grpc.RpcMethodHandler[Any, Any]] = {
        "Compare": grpc.unary_unary_rpc_method_handler(
            servicer.compare, CompareRequest.FromString, CompareResponse.SerializeToString
        ),
        "Hint": grpc.unary_unary_rpc_method_handler(
            servicer.hint, HintRequest.FromString, HintResponse.SerializeToString
        ),
        "Pull": grpc.unary_stream_rpc_method_handler(servicer.pull, PullRequest.FromString, None),
        "Revise": grpc.unary_stream_rpc_method_handler(servicer.revise, ReviseRequest.FromString, None),
    }
    handler = grpc.method_handlers_generic_handler(SERVICE, handlers)
    return SERVICE, lambda server: server.add_generic_rpc_handlers((handler,))
