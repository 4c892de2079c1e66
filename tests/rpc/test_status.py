"""The table of reason codes, and what a failed call is taken for."""

from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import quote

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc.error_details_pb2 import LocalizedMessage
from google.rpc.status_pb2 import Status

from node.client.errors import DETAILS_KEY, REASON_KEY, error_from_rpc
from node.errors import NodeError, Reason, TransientError, TrustError
from node.messages import both, render
from node.rpc.status import CODES, abort, fit, trailing_metadata


class Failed(grpc.RpcError):
    """A call that ended as a counterparty wished."""

    def __init__(
        self, code: grpc.StatusCode, details: str | None, reason: str | None = None, status: bytes | None = None
    ) -> None:
        metadata: list[tuple[str, str | bytes]] = [(REASON_KEY, reason)] if reason is not None else []
        self._end = (code, details, (*metadata, *([(DETAILS_KEY, status)] if status is not None else [])))

    def code(self) -> grpc.StatusCode:
        return self._end[0]

    def details(self) -> str | None:
        return self._end[1]

    def trailing_metadata(self) -> tuple[tuple[str, str | bytes], ...]:  # type: ignore[override]
        return self._end[2]


def test_every_reason_has_a_status_and_none_is_ok() -> None:
    assert set(CODES) == set(Reason)
    assert grpc.StatusCode.OK not in CODES.values()


@pytest.mark.parametrize("reason", list(Reason))
def test_a_reason_survives_the_wire_but_never_as_evidence(reason: Reason) -> None:
    error = error_from_rpc(Failed(CODES[reason], "why", reason.value))
    assert (error.reason, error.message) == (reason, "why")
    assert not isinstance(error, TrustError)


@pytest.mark.parametrize(
    ("code", "details", "reason", "kind"),
    [
        (grpc.StatusCode.UNAVAILABLE, "Connection refused", Reason.UNAVAILABLE, TransientError),
        (grpc.StatusCode.UNAVAILABLE, "Socket closed", Reason.UNAVAILABLE, TransientError),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded", Reason.TOO_SLOW, TransientError),
        (grpc.StatusCode.CANCELLED, None, Reason.CANCELLED, TransientError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, "message larger than max", Reason.TOO_LARGE, NodeError),
        (grpc.StatusCode.UNIMPLEMENTED, "Method not found!", Reason.INVALID_ARGUMENT, NodeError),
        (grpc.StatusCode.UNKNOWN, "", Reason.INTERNAL, TransientError),
    ],
)
def test_a_status_without_a_reason(
    code: grpc.StatusCode, details: str | None, reason: Reason, kind: type[NodeError]
) -> None:
    error = error_from_rpc(Failed(code, details))
    assert (error.reason, type(error)) == (reason, kind)
    assert error.message


@pytest.mark.parametrize("reason", ["", "no such reason", "BAD_PROOF"])
def test_an_unknown_reason_is_not_believed(reason: str) -> None:
    assert error_from_rpc(Failed(grpc.StatusCode.NOT_FOUND, "x", reason)).reason is Reason.NOT_FOUND


def test_a_hostile_text_is_cut_and_made_printable() -> None:
    error = error_from_rpc(Failed(grpc.StatusCode.INTERNAL, "\x1b[2J" + "拒绝" + "x" * 10_000))
    assert error.message.startswith(" [2J拒绝")
    assert len(error.message) <= 400


def test_a_node_that_is_not_there_is_told_plainly() -> None:
    grpcs = "failed to connect to all addresses; last error: UNKNOWN: ipv4:127.0.0.1:7102: Failed to connect to remote"
    error = error_from_rpc(Failed(grpc.StatusCode.UNAVAILABLE, f"{grpcs} host: Connection refused"))
    assert error.reason is Reason.UNAVAILABLE
    assert error.message == "nothing listens at 127.0.0.1:7102: is the node running, and is that its address?"


def sent(error: NodeError) -> bytes:
    """The details of the status with which a node refuses."""
    return dict(trailing_metadata(error))[DETAILS_KEY]  # type: ignore[return-value]


def test_a_refusal_is_told_in_both_languages() -> None:
    refusal = NodeError(Reason.NOT_FOUND, both("no such case", "没有该案件"))
    error = error_from_rpc(Failed(grpc.StatusCode.NOT_FOUND, refusal.message, "not_found", sent(refusal)))
    assert (error.reason, error.message) == (Reason.NOT_FOUND, "no such case")
    assert render(error.message, "zh") == "没有该案件"


def test_details_are_those_of_google_rpc() -> None:
    status = Status.FromString(sent(NodeError(Reason.NOT_FOUND, both("no such case", "没有该案件"))))
    assert (status.code, status.message) == (grpc.StatusCode.NOT_FOUND.value[0], "no such case")
    localized = LocalizedMessage()
    assert status.details[0].Unpack(localized)
    assert (localized.locale, localized.message) == ("zh-CN", "没有该案件")


def test_a_refusal_without_chinese_has_no_details() -> None:
    assert trailing_metadata(NodeError(Reason.NOT_FOUND, "x")) == ((REASON_KEY, "not_found"),)


def test_the_longest_refusal_is_within_what_grpc_carries() -> None:
    longest = NodeError(Reason.NOT_FOUND, both("名" * 10_000, "无" * 10_000))
    assert len(b64encode(sent(longest))) + len(quote(fit(longest.message))) < 8000


@pytest.mark.parametrize(
    "status",
    [
        b"",
        b"\xff\xff",
        b"\x1a\x02\x0a\x00",
        Status(details=[any_pb2.Any(type_url="type.googleapis.com/google.rpc.LocalizedMessage", value=b"\xff")])
        .SerializeToString(),
    ],
)  # fmt: skip
def test_details_that_cannot_be_read_leave_the_english(status: bytes) -> None:
    error = error_from_rpc(Failed(grpc.StatusCode.NOT_FOUND, "no such case", "not_found", status))
    assert render(error.message, "zh") == "no such case"


def test_a_hostile_chinese_text_is_cut_and_made_printable() -> None:
    status = Status()
    status.details.add().Pack(LocalizedMessage(locale="zh-CN", message="\x1b[2J" + "无" * 10_000))
    error = error_from_rpc(Failed(grpc.StatusCode.NOT_FOUND, "x", "not_found", status.SerializeToString()))
    assert render(error.message, "zh").startswith(" [2J无")
    assert len(render(error.message, "zh")) <= 400


class _Refusing(grpc.GenericRpcHandler):
    """A server whose one method refuses with an error."""

    def __init__(self, error: NodeError) -> None:
        self._error = error

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "grpc.RpcMethodHandler[bytes, bytes]":
        return grpc.unary_unary_rpc_method_handler(lambda _request, context: abort(context, self._error))


@pytest.mark.parametrize("en", ["no such case", "\u540d" * 10_000], ids=["short", "longest"])
def test_a_refusal_crosses_the_wire_in_both_languages(en: str) -> None:
    server = grpc.server(ThreadPoolExecutor(1), [_Refusing(NodeError(Reason.NOT_FOUND, both(en, "没有该案件" * 2000)))])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel, pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary("/test.Service/Call", bytes, bytes)(b"", timeout=10)
    finally:
        server.stop(None).wait()
    error = error_from_rpc(refused.value)
    assert error.reason is Reason.NOT_FOUND
    assert error.message.startswith(en[:10])
    assert render(error.message, "zh").startswith("没有该案件")
