"""The one interceptor of every listener: who calls, how often, for how long, and how a refusal looks on the wire."""

from __future__ import annotations  # gRPC's types are generic only to the type checker

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter
from typing import Any, cast

import grpc
import structlog

from node.errors import NodeError, Reason
from node.rpc.limits import Limiter
from node.rpc.metrics import Meter
from node.rpc.principal import Principal, Roster, authenticate, caller_of
from node.rpc.request_bounds import bounded
from node.rpc.status import abort

_log = structlog.get_logger(__name__)

# Short calls that wait for nothing but the processor: more threads would but pass Python's lock to each other, at twice
# the cost of a call, and with some of their own these calls wait for no stream or search.
_QUICK = frozenset({"/node.query.v1.QueryService/Verify"})
QUICK_WORKERS = 4

# Calls that are acts of administration, and the field that says what they are about.
ACTS = {
    "/node.control.v1.ControlService/ReleasePeer": "city",
    "/node.intake.v1.IntakeService/Retract": "id",
    "/node.intake.v1.IntakeService/RetractLoad": "load",
}
MAX_ABOUT = 400

Note = Callable[[str, str, str, str, str], None]
Admit = Callable[[grpc.ServicerContext], Principal]
Behaviour = Callable[[Any, grpc.ServicerContext], Any]


class Gate(grpc.ServerInterceptor):
    """Wraps each call: authenticates, counts, and turns errors into statuses. One may serve several listeners."""

    def __init__(self, roster: Roster, limiter: Limiter, trail: Note | None = None) -> None:
        """Counts from nought.

        Args:
            roster: Who may call.
            limiter: How often.
            trail: Told of the acts of administration: who, where from, method, about what, result.
        """
        self._trail = trail
        self._roster = roster
        self._limiter = limiter
        self._guards: dict[str, _Guard] = {}
        self._quick = ThreadPoolExecutor(QUICK_WORKERS, "quick")  # begins threads when there is a call

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], grpc.RpcMethodHandler[Any, Any] | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler[Any, Any] | None:
        """The guarded handler of the method; None where there is none."""
        handler = continuation(handler_call_details)
        return handler and self._guard(handler_call_details.method).wrap(handler)

    def _guard(self, method: str) -> _Guard:
        # Only methods that have a handler get here, so this does not grow at a stranger's will.
        guard = self._guards.get(method)
        if guard is None:
            pool = self._quick if method in _QUICK else None
            made = _Guard(method, self._admission(method), self._limiter, Meter(method), pool, self._trail)
            guard = self._guards.setdefault(method, made)
        return guard

    def _admission(self, method: str) -> Admit:
        service = method.split("/")[1]

        def admit(context: grpc.ServicerContext) -> Principal:
            caller = authenticate(context, self._roster, service)
            self._limiter.admit(caller)
            return caller

        return admit


class _Guard:
    """What every call of one method goes through."""

    def __init__(
        self,
        method: str,
        admit: Admit,
        limiter: Limiter,
        meter: Meter,
        pool: ThreadPoolExecutor | None,
        trail: Note | None,
    ) -> None:
        self._method = method
        self._trail = trail
        self._admit = admit
        self._limiter = limiter
        self._meter = meter
        self._pool = pool

    def wrap(self, handler: grpc.RpcMethodHandler[Any, Any]) -> grpc.RpcMethodHandler[Any, Any]:
        """The guarded handler."""
        serialization = (handler.request_deserializer, handler.response_serializer)
        if handler.unary_unary:
            return grpc.unary_unary_rpc_method_handler(self._one(handler.unary_unary), *serialization)
        if handler.unary_stream:
            return grpc.unary_stream_rpc_method_handler(self._many(handler.unary_stream), *serialization)
        if handler.stream_unary:
            return grpc.stream_unary_rpc_method_handler(self._one(handler.stream_unary), *serialization)
        behaviour = cast(Behaviour, handler.stream_stream)
        return grpc.stream_stream_rpc_method_handler(self._many(behaviour), *serialization)

    def _one(self, behaviour: Behaviour) -> Behaviour:
        def call(request: Any, context: grpc.ServicerContext) -> Any:
            began_s = perf_counter()
            try:
                self._admit(context)
                return behaviour(bounded(request), context)
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a status and no text of ours
                _refuse(context, error)
            finally:
                self._end(context, _code(context), began_s)
                self._note(request, context)

        # gRPC runs a behaviour that has such an attribute there, any other in the listener's pool.
        call.experimental_thread_pool = self._pool  # type: ignore[attr-defined]
        return call

    def _many(self, behaviour: Behaviour) -> Behaviour:
        def call(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            began_s = perf_counter()
            try:
                with self._limiter.stream(self._admit(context)):
                    yield from behaviour(bounded(request), context)
            except Exception as error:  # noqa: BLE001 - as above
                _refuse(context, error)
            finally:
                gone = _code(context) is None and not context.is_active()
                self._end(context, grpc.StatusCode.CANCELLED if gone else _code(context), began_s)

        return call

    def _end(self, context: grpc.ServicerContext, code: grpc.StatusCode | None, began_s: float) -> None:
        seconds = perf_counter() - began_s
        self._meter.note(code, seconds)
        _log.debug(
            "call",
            method=self._method,
            caller=caller_of(context),
            code=(code or grpc.StatusCode.OK).name,
            ms=round(seconds * 1000, 1),
        )

    def _note(self, request: Any, context: grpc.ServicerContext) -> None:
        """Adds an act of administration to the trail, done or refused."""
        field = ACTS.get(self._method)
        if field is not None and self._trail is not None:
            result = (_code(context) or grpc.StatusCode.OK).name.lower()
            about = str(getattr(request, field, ""))[:MAX_ABOUT]
            self._trail(caller_of(context), context.peer(), self._method, about, "done" if result == "ok" else result)


def _code(context: grpc.ServicerContext) -> grpc.StatusCode | None:
    """The status a call was ended with; None where it was not, so far."""
    code: grpc.StatusCode | None = cast(Any, context).code()
    return code


def _refuse(context: grpc.ServicerContext, error: Exception) -> None:
    """Ends the call with the status of `error`; of an unexpected one the caller learns nothing but that it happened."""
    if isinstance(error, NodeError):
        abort(context, error)
    # Already ended by the service itself, or the caller is gone.
    if _code(context) is not None or not context.is_active():
        raise error
    _log.error("call_failed", exc_info=error)
    abort(context, NodeError(Reason.INTERNAL, "an internal error; it is in the node's log"))
