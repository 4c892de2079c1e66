"""The one interceptor of every listener: who calls, how often, and how a refusal looks on the wire."""

from __future__ import annotations  # gRPC's types are generic only to the type checker

from collections.abc import Callable, Iterator
from typing import Any, cast

import grpc
import structlog

from node.core.clients import Kind
from node.errors import NodeError, Reason
from node.rpc.limits import Limiter
from node.rpc.principal import SERVICE_KINDS, Principal, Roster, authenticate
from node.rpc.status import abort

_log = structlog.get_logger(__name__)
_NOBODY: frozenset[Kind] = frozenset()

Admit = Callable[[grpc.ServicerContext], Principal]
Behaviour = Callable[[Any, grpc.ServicerContext], Any]


class Gate(grpc.ServerInterceptor):
    """Wraps each call: authenticates, counts, and turns errors into statuses. One may serve several listeners."""

    def __init__(self, roster: Roster, limiter: Limiter) -> None:
        self._roster = roster
        self._limiter = limiter

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The guarded handler of the method; None where there is none."""
        handler = continuation(handler_call_details)
        return handler and _guard(handler, self._admission(handler_call_details.method), self._limiter)

    def _admission(self, method: str) -> Admit:
        kinds = SERVICE_KINDS.get(method.split("/")[1], _NOBODY)

        def admit(context: grpc.ServicerContext) -> Principal:
            caller = authenticate(context, self._roster, kinds)
            self._limiter.admit(caller)
            return caller

        return admit


def _guard(handler: grpc.RpcMethodHandler[Any, Any], admit: Admit, limiter: Limiter) -> grpc.RpcMethodHandler[Any, Any]:
    serialization = (handler.request_deserializer, handler.response_serializer)
    if handler.unary_unary:
        return grpc.unary_unary_rpc_method_handler(_one(handler.unary_unary, admit), *serialization)
    if handler.unary_stream:
        return grpc.unary_stream_rpc_method_handler(_many(handler.unary_stream, admit, limiter), *serialization)
    if handler.stream_unary:
        return grpc.stream_unary_rpc_method_handler(_one(handler.stream_unary, admit), *serialization)
    return grpc.stream_stream_rpc_method_handler(
        _many(cast(Behaviour, handler.stream_stream), admit, limiter), *serialization
    )


def _one(behaviour: Behaviour, admit: Admit) -> Behaviour:
    def call(request: Any, context: grpc.ServicerContext) -> Any:
        try:
            admit(context)
            return behaviour(request, context)
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a status and no text of ours
            _refuse(context, error)

    return call


def _many(behaviour: Behaviour, admit: Admit, limiter: Limiter) -> Behaviour:
    def call(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        try:
            with limiter.stream(admit(context)):
                yield from behaviour(request, context)
        except Exception as error:  # noqa: BLE001 - as above
            _refuse(context, error)

    return call


def _refuse(context: grpc.ServicerContext, error: Exception) -> None:
    """Ends the call with the status of `error`; of an unexpected one the caller learns nothing but that it happened."""
    if isinstance(error, NodeError):
        abort(context, error)
    # Already ended by the service itself, or the caller is gone.
    if cast(Any, context).code() is not None or not context.is_active():
        raise error
    _log.error("call_failed", exc_info=error)
    abort(context, NodeError(Reason.INTERNAL, "an internal error; it is in the node's log"))
