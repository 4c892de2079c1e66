"""The one interceptor of every listener: who calls, how often, for how long, and how a refusal looks on the wire.

gRPC for Python waits for the message of a call that takes one before it runs the method, in a thread of the listener
and without a limit. So every method is registered as one that takes a stream, which looks the same on the wire: the
caller is admitted first, and its message is waited for here, under the limits of `calls`.
"""

from __future__ import annotations  # gRPC's types are generic only to the type checker

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from time import perf_counter
from typing import Any, NoReturn, TypeAlias, cast

import grpc
import structlog
from google.protobuf.descriptor_pool import Default
from google.protobuf.message import DecodeError

from node.config import Limits
from node.errors import NodeError, Reason
from node.messages import _
from node.rpc.calls import Call, OpenCalls, Parse, Shape
from node.rpc.counts import Counts
from node.rpc.limits import Limiter
from node.rpc.metrics import Meter
from node.rpc.principal import Principals, authorize, caller_of, presented_certificate
from node.rpc.request_bounds import bounded
from node.rpc.services import listener_of
from node.rpc.status import abort
from node.rpc.threads import Crew

_log = structlog.get_logger(__name__)

# Short calls that wait for nothing but the processor. They have threads of their own, so that they wait for no stream
# or search, and few: more would but pass Python's lock to each other, at twice the cost of a call.
_WATCH = "/grpc.health.v1.Health/Watch"
_SHORT = frozenset({"/node.query.v1.QueryService/Verify", "/grpc.health.v1.Health/Check"})

# Calls that are acts of administration, and the field that says what they are about.
ACTS = {
    "/node.control.v1.ControlService/ReleasePeer": "city",
    "/node.intake.v1.IntakeService/Retract": "id",
    "/node.intake.v1.IntakeService/RetractLoad": "load",
}
MAX_ABOUT = 400

Note = Callable[[str, str, str, str, str], None]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"
Behaviour = Callable[[Any, grpc.ServicerContext], Any]
Read = Callable[[Call, Iterator[bytes]], Any]


class AuthInterceptor(grpc.ServerInterceptor):
    """Wraps each call: admits it, counts it, and turns errors into statuses. One may serve several listeners."""

    def __init__(
        self, roster: Principals, limits: Limits, trail: Note | None = None, counts: Counts | None = None
    ) -> None:
        """Counts from nought, or from what other processes have counted.

        Args:
            roster: Who may call.
            limits: How often, how many calls at once, and for how long.
            trail: Told of the acts of administration: who, where from, method, about what, result.
            counts: Shared with the other processes of the listener; None where there are none.
        """
        counts = counts or Counts()
        self._trail = trail
        self._roster = roster
        self._limiter = Limiter(limits, counts)
        self._crew = Crew("crew")
        self._calls = OpenCalls(limits, roster, self._crew, counts)
        self._guarded: dict[tuple[str, Handler], Handler] = {}

    def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Handler | None],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """The guarded handler of the method; None where there is none."""
        method = handler_call_details.method
        handler = continuation(handler_call_details) or _elsewhere(method)
        if handler is None:
            return None
        # Only methods that have a handler get here, so this does not grow at a stranger's will.
        guarded = self._guarded.get((method, handler))
        if guarded is None:
            guarded = self._guarded[method, handler] = self._guard(method, handler)
        return guarded

    def _guard(self, method: str, handler: Handler) -> Handler:
        shape = Shape(handler.request_streaming or handler.response_streaming, method in _SHORT, method == _WATCH)
        service, book = method.split("/")[1], _Book(method, self._trail)

        def admit(context: grpc.ServicerContext) -> Call:
            certificate = presented_certificate(context)
            try:
                caller = self._roster.resolve(certificate)
                authorize(context, caller, service)
            except NodeError:
                self._limiter.refuse(certificate)
                raise
            self._limiter.admit(caller)
            return self._calls.open(context, caller, certificate, shape)

        if shape.is_short:
            return _Guard(admit, lambda _: nullcontext(), self._crew.turn, book, self._crew).wrap(handler)

        def hold(call: Call) -> AbstractContextManager[None]:
            return self._limiter.hold(call.caller, shape.is_stream)

        return _Guard(admit, hold, nullcontext(), book, None).wrap(handler)


class _Book:
    """What is written down of the calls of one method."""

    def __init__(self, method: str, trail: Note | None) -> None:
        self._method = method
        self._meter = Meter(method)
        self._log = _log.bind(method=method)  # once: a logger that is not bound is made anew at each call
        self._trail = trail

    def ended(self, context: grpc.ServicerContext, began_s: float) -> None:
        """Counts and logs a call that has ended."""
        code, seconds = _outcome(context), perf_counter() - began_s
        self._meter.note(code, seconds)
        self._log.debug(
            "call",
            caller=caller_of(context),
            code=(code or grpc.StatusCode.OK).name,
            ms=round(seconds * 1000, 1),
        )

    def act(self, context: grpc.ServicerContext, request: Any) -> None:
        """Adds an act of administration to the trail, done or refused."""
        field = ACTS.get(self._method)
        if field is not None and self._trail is not None:
            result = (_code(context) or grpc.StatusCode.OK).name.lower()
            about = str(getattr(request, field, ""))[:MAX_ABOUT]
            self._trail(caller_of(context), context.peer(), self._method, about, "done" if result == "ok" else result)


class _Guard:
    """What every call of one method goes through.

    Args:
        admit: Lets the caller in, or raises NodeError.
        hold: Held by a call from its admission to its end, or raises NodeError.
        turn: Held while the method works on its one message.
        book: Counts the calls, and notes acts of administration.
        pool: Where they run; None for the listener's own.
    """

    def __init__(
        self,
        admit: Callable[[grpc.ServicerContext], Call],
        hold: Callable[[Call], AbstractContextManager[None]],
        turn: AbstractContextManager[Any],
        book: _Book,
        pool: ThreadPoolExecutor | None,
    ) -> None:
        self._admit = admit
        self._hold = hold
        self._turn = turn
        self._book = book
        self._pool = pool

    def wrap(self, handler: Handler) -> Handler:
        """The guarded handler. It gets its messages as bytes: what cannot be read is refused in words."""
        take = Call.each if handler.request_streaming else Call.only
        parse = _parser(handler.request_deserializer)

        def read(call: Call, messages: Iterator[bytes]) -> Any:
            return take(call, messages, parse)

        if handler.response_streaming:
            many = cast(Behaviour, handler.stream_stream or handler.unary_stream)
            return grpc.stream_stream_rpc_method_handler(self._many(many, read), None, handler.response_serializer)
        one = cast(Behaviour, handler.stream_unary or handler.unary_unary)
        return grpc.stream_unary_rpc_method_handler(self._one(one, read), None, handler.response_serializer)

    def _one(self, behaviour: Behaviour, read: Read) -> Behaviour:
        def run(messages: Iterator[bytes], context: grpc.ServicerContext) -> Any:
            began_s, request = perf_counter(), None
            try:
                call = self._admit(context)
                with self._hold(call):
                    request = read(call, messages)
                    with self._turn:
                        answer = behaviour(bounded(request), context)
                call.answered()
                return answer
            except Exception as error:  # noqa: BLE001 - whatever it is, the caller gets a status and no text of ours
                _refuse(context, error)
            finally:
                self._book.ended(context, began_s)
                self._book.act(context, request)

        # gRPC runs a behaviour that has such an attribute there, any other in the listener's pool.
        run.experimental_thread_pool = self._pool  # type: ignore[attr-defined]
        return run

    def _many(self, behaviour: Behaviour, read: Read) -> Behaviour:
        def run(messages: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[Any]:
            began_s = perf_counter()
            try:
                call = self._admit(context)
                with self._hold(call):
                    yield from call.send(behaviour(bounded(read(call, messages)), context))
            except Exception as error:  # noqa: BLE001 - as above
                _refuse(context, error)
            finally:
                self._book.ended(context, began_s)

        return run


def _parser(deserialise: Parse | None) -> Parse:
    def parse(message: bytes) -> Any:
        try:
            return deserialise(message) if deserialise else message
        except DecodeError:
            raise NodeError(Reason.INVALID_ARGUMENT, _("the message is not of the type this method takes")) from None

    return parse


def _elsewhere(method: str) -> Handler | None:
    """Says which listener answers a method that is called where it is not served; None where no listener does."""
    service, _slash, name = method.strip("/").partition("/")
    listener = listener_of(service)
    if listener is None or name not in Default().FindServiceByName(service).methods_by_name:
        return None
    text = _(
        "{service} is answered by the {listener} listener, not by this one",
        service=service.rpartition(".")[2],
        listener=listener,
    )

    def refuse(_messages: Iterator[Any], _context: grpc.ServicerContext) -> NoReturn:
        raise NodeError(Reason.INVALID_ARGUMENT, text)

    return grpc.stream_unary_rpc_method_handler(refuse)


def _code(context: grpc.ServicerContext) -> grpc.StatusCode | None:
    """The status a call was ended with; None where it was not, so far."""
    code: grpc.StatusCode | None = cast(Any, context).code()
    return code


def _outcome(context: grpc.ServicerContext) -> grpc.StatusCode | None:
    """The status a call is counted with; None where all is well."""
    return _code(context) or (None if context.is_active() else grpc.StatusCode.CANCELLED)


def _refuse(context: grpc.ServicerContext, error: Exception) -> NoReturn:
    """Ends the call with the status of `error`; of an unexpected one the caller learns nothing but that it happened."""
    if isinstance(error, NodeError):
        abort(context, error)
    if isinstance(error, NotImplementedError):  # a method of the health service that its library leaves out
        context.abort(grpc.StatusCode.UNIMPLEMENTED, "this node does not offer the method")
    # Already ended by the service itself, or the caller disconnected.
    if _code(context) is not None or not context.is_active():
        raise error
    _log.error("call_failed", exc_info=error)
    abort(context, NodeError(Reason.INTERNAL, _("internal error: see the node's log")))
