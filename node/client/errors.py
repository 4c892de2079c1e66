"""What a failed call to a node means: its reason code, its text in two languages, the rules that an act breaks."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import grpc
from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import LocalizedMessage
from google.rpc.status_pb2 import Status

from node.core.members.pinning import tls_refusal
from node.errors import NodeError, Reason, TransientError
from node.messages import _, both
from node.stubs.casework.v1.casework_pb2 import BrokenRule, BrokenRules

REASON_KEY = "gongzhi-reason"
DETAILS_KEY = "grpc-status-details-bin"
MAX_TEXT = 400
BROKEN_KEY = "gongzhi-broken-bin"

_Code = grpc.StatusCode

# What a status means that carries no reason code: made by gRPC itself, or by a stranger.
_REASONS = {
    _Code.CANCELLED: Reason.CANCELLED,
    _Code.DEADLINE_EXCEEDED: Reason.TOO_SLOW,
    _Code.INVALID_ARGUMENT: Reason.INVALID_ARGUMENT,
    _Code.UNIMPLEMENTED: Reason.INVALID_ARGUMENT,
    _Code.NOT_FOUND: Reason.NOT_FOUND,
    _Code.PERMISSION_DENIED: Reason.PERMISSION_DENIED,
    _Code.UNAUTHENTICATED: Reason.UNAUTHENTICATED,
    _Code.RESOURCE_EXHAUSTED: Reason.TOO_LARGE,
    _Code.UNAVAILABLE: Reason.UNAVAILABLE,
}

_TRANSIENT = frozenset(
    {
        Reason.RATE_LIMITED,
        Reason.INCOMPLETE,
        Reason.UPLOAD_UNDER_WAY,
        Reason.GRANT_CHANGED,
        Reason.UNAVAILABLE,
        Reason.TLS_REFUSED,
        Reason.TOO_SLOW,
        Reason.CANCELLED,
        Reason.BACKING_OFF,
        Reason.STORAGE_FULL,
        Reason.INTERNAL,
    }
)

_UNPRINTABLE = re.compile(r"[^\x20-\x7e\u00a1-\uffff]+")


_CONNECTION_REFUSED = re.compile(r"ipv[46]:(\S+): .*Connection refused")
"""As gRPC's core words it, behind a list of what else it tried."""


class RefusedAct(NodeError):  # noqa: N818 - what a law refuses is no error of the program
    """An act in a case that was refused. `rules`: every rule that it breaks, with its law."""

    def __init__(self, reason: Reason, message: str, rules: Sequence[BrokenRule]) -> None:
        super().__init__(reason, message)
        self.rules = tuple(rules)


@contextmanager
def node_errors() -> Iterator[None]:
    """What fails in a call within comes out as a NodeError.

    Raises:
        NodeError: As `error_from_rpc`.
    """
    try:
        yield
    except grpc.RpcError as error:
        raise error_from_rpc(error) from None


def error_from_rpc(error: grpc.RpcError) -> NodeError:
    """What a failed call means to the caller: a `RefusedAct`, a `TransientError`, else a `NodeError`.

    Never a `TrustError`: a reason code is only what the other side says, evidence is what this side checked.
    """
    if not hasattr(error, "code"):
        return TransientError(Reason.UNAVAILABLE, _("the call failed without a status"))
    call = cast(grpc.Call, error)
    reason, text = _stated_reason(call), _printable(call.details() or "")
    if reason is None:
        reason, text = _reason_of_status(call.code(), text)
    elif text and (zh := _stated_chinese(call)):
        text = both(text, zh)
    if rules := _broken_rules(call):
        return RefusedAct(reason, text, rules)
    return (TransientError if reason in _TRANSIENT else NodeError)(reason, text or reason.value)


def _stated_reason(call: grpc.Call) -> Reason | None:
    stated = dict(call.trailing_metadata() or ()).get(REASON_KEY)
    try:
        return Reason(stated) if isinstance(stated, str) else None
    except ValueError:
        return None


def _stated_chinese(call: grpc.Call) -> str:
    """The Chinese text that the other side sent, made printable; empty where it sent none that can be read."""
    sent = dict(call.trailing_metadata() or ()).get(DETAILS_KEY)
    localized = LocalizedMessage()
    try:
        details = Status.FromString(sent).details if isinstance(sent, bytes) else ()
        return next((_printable(localized.message) for detail in details if detail.Unpack(localized)), "")
    except DecodeError:
        return ""


def _printable(text: str) -> str:
    return _UNPRINTABLE.sub(" ", text)[:MAX_TEXT]


def _reason_of_status(code: grpc.StatusCode, text: str) -> tuple[Reason, str]:
    if code is _Code.UNAVAILABLE and (refusal := tls_refusal(text)):
        return Reason.TLS_REFUSED, refusal
    if refused := _CONNECTION_REFUSED.search(text):
        return Reason.UNAVAILABLE, _(
            "nothing listens at {address}: is the node running, and is that its address?", address=refused[1]
        )
    return _REASONS.get(code, Reason.INTERNAL), text


def _broken_rules(call: grpc.Call) -> Sequence[BrokenRule]:
    sent = dict(call.trailing_metadata() or ()).get(BROKEN_KEY)
    try:
        return BrokenRules.FromString(sent).rules if isinstance(sent, bytes) else ()
    except DecodeError:
        return ()
