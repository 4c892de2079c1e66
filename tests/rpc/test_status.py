"""The table of reason codes, and what a failed call is taken for."""

import grpc
import pytest

from node.errors import NodeError, Reason, TransientError, TrustError
from node.rpc.status import CODES, REASON_KEY, error_from_rpc


class Failed(grpc.RpcError):
    """A call that ended as a counterparty wished."""

    def __init__(self, code: grpc.StatusCode, details: str | None, reason: str | None = None) -> None:
        self._end = (code, details, ((REASON_KEY, reason),) if reason is not None else ())

    def code(self) -> grpc.StatusCode:
        return self._end[0]

    def details(self) -> str | None:
        return self._end[1]

    def trailing_metadata(self) -> tuple[tuple[str, str], ...]:  # type: ignore[override]
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
