"""Reason codes on the wire: a gRPC status for each, the code itself in the trailing metadata.

The Chinese text of an error goes beside it as a `google.rpc.LocalizedMessage` in the details of the status
(https://cloud.google.com/apis/design/errors#error_payloads). `node.client.errors` reads what is written here.
"""

from types import MappingProxyType
from typing import NoReturn

import grpc
from google.rpc.error_details_pb2 import LocalizedMessage
from google.rpc.status_pb2 import Status

from node.client.errors import DETAILS_KEY, MAX_TEXT, REASON_KEY
from node.errors import NodeError, Reason
from node.messages import render

_LOCALE = "zh-CN"
# With both texts in the details, in base64, no more than 8 KiB.
_MAX_SENT_BYTES = 4000

_Code = grpc.StatusCode

CODES = MappingProxyType(
    {
        Reason.INVALID_ARGUMENT: _Code.INVALID_ARGUMENT,
        Reason.INVALID_FIELD: _Code.INVALID_ARGUMENT,
        Reason.UNKNOWN_STANDARD: _Code.INVALID_ARGUMENT,
        Reason.NOT_FOUND: _Code.NOT_FOUND,
        Reason.TOO_LARGE: _Code.RESOURCE_EXHAUSTED,
        Reason.UNAUTHENTICATED: _Code.UNAUTHENTICATED,
        Reason.PERMISSION_DENIED: _Code.PERMISSION_DENIED,
        Reason.POLICY_DENIED: _Code.PERMISSION_DENIED,
        Reason.PURPOSE_REQUIRED: _Code.INVALID_ARGUMENT,
        Reason.RATE_LIMITED: _Code.RESOURCE_EXHAUSTED,
        Reason.ACT_NOT_ALLOWED: _Code.FAILED_PRECONDITION,
        Reason.ACT_INCOMPLETE: _Code.INVALID_ARGUMENT,
        Reason.ACT_OUTDATED: _Code.ABORTED,
        Reason.ACT_TOO_EARLY: _Code.FAILED_PRECONDITION,
        Reason.FOUR_EYES: _Code.PERMISSION_DENIED,
        Reason.WRONG_ACTOR: _Code.PERMISSION_DENIED,
        Reason.WRONG_DIGEST: _Code.DATA_LOSS,
        Reason.WRONG_OFFSET: _Code.OUT_OF_RANGE,
        Reason.INCOMPLETE: _Code.ABORTED,
        Reason.UPLOAD_UNDER_WAY: _Code.ABORTED,
        Reason.INVALID_CONFIG: _Code.FAILED_PRECONDITION,
        Reason.INVALID_POLICY: _Code.FAILED_PRECONDITION,
        Reason.INVALID_MAPPING: _Code.FAILED_PRECONDITION,
        Reason.INVALID_FEDERATION: _Code.FAILED_PRECONDITION,
        Reason.INVALID_KEY: _Code.FAILED_PRECONDITION,
        Reason.INVALID_CALENDAR: _Code.FAILED_PRECONDITION,
        Reason.INVALID_LEGAL_RULES: _Code.FAILED_PRECONDITION,
        Reason.CALENDAR_HORIZON: _Code.FAILED_PRECONDITION,
        Reason.RULE_NOT_IN_FORCE: _Code.FAILED_PRECONDITION,
        Reason.CLOCK_REFUSED: _Code.FAILED_PRECONDITION,
        Reason.MALFORMED_BATCH: _Code.DATA_LOSS,
        Reason.OVERSIZE_BATCH: _Code.DATA_LOSS,
        Reason.UNDERSIZE_BATCH: _Code.DATA_LOSS,
        Reason.BATCH_GAP: _Code.DATA_LOSS,
        Reason.BATCH_REPLAYED: _Code.DATA_LOSS,
        Reason.WRONG_CITY: _Code.DATA_LOSS,
        Reason.WRONG_RECORD_ID: _Code.DATA_LOSS,
        Reason.BAD_COMMITMENT: _Code.DATA_LOSS,
        Reason.BAD_CHECKPOINT: _Code.DATA_LOSS,
        Reason.BAD_SIGNATURE: _Code.DATA_LOSS,
        Reason.UNKNOWN_LOG_KEY: _Code.DATA_LOSS,
        Reason.TREE_ROLLED_BACK: _Code.DATA_LOSS,
        Reason.TREE_FORKED: _Code.DATA_LOSS,
        Reason.BAD_CONSISTENCY: _Code.DATA_LOSS,
        Reason.BAD_INCLUSION: _Code.DATA_LOSS,
        Reason.ENDLESS_STREAM: _Code.DATA_LOSS,
        Reason.TRUNCATED_STREAM: _Code.DATA_LOSS,
        Reason.GRANT_CHANGED: _Code.ABORTED,
        Reason.BAD_REVISION: _Code.DATA_LOSS,
        Reason.LOG_FORKED: _Code.FAILED_PRECONDITION,
        Reason.FALSE_ACCUSATION: _Code.INVALID_ARGUMENT,
        Reason.TOO_FEW_WITNESSES: _Code.FAILED_PRECONDITION,
        Reason.UNAVAILABLE: _Code.UNAVAILABLE,
        Reason.TLS_REFUSED: _Code.UNAUTHENTICATED,
        Reason.NOT_FOLLOWED: _Code.FAILED_PRECONDITION,
        Reason.TOO_SLOW: _Code.DEADLINE_EXCEEDED,
        Reason.CANCELLED: _Code.CANCELLED,
        Reason.PEER_FROZEN: _Code.FAILED_PRECONDITION,
        Reason.BACKING_OFF: _Code.UNAVAILABLE,
        Reason.STALE: _Code.FAILED_PRECONDITION,
        Reason.STORAGE_FULL: _Code.RESOURCE_EXHAUSTED,
        Reason.STORAGE_READ_ONLY: _Code.FAILED_PRECONDITION,
        Reason.STORAGE_CORRUPT: _Code.DATA_LOSS,
        Reason.DATA_LOST: _Code.FAILED_PRECONDITION,
        Reason.UNSUPPORTED_SQLITE: _Code.FAILED_PRECONDITION,
        Reason.NEWER_DATA: _Code.FAILED_PRECONDITION,
        Reason.UNSUPPORTED_FORMAT: _Code.FAILED_PRECONDITION,
        Reason.ALREADY_RUNNING: _Code.FAILED_PRECONDITION,
        Reason.RESTORED: _Code.FAILED_PRECONDITION,
        Reason.INTERNAL: _Code.INTERNAL,
    }
)


def abort(context: grpc.ServicerContext, error: NodeError) -> NoReturn:
    """Ends a call with the status and reason code of `error`.

    Raises:
        Exception: Always; gRPC's own.
    """
    context.set_trailing_metadata(trailing_metadata(error))
    context.abort(CODES[error.reason], fit(error.message))


def fit(text: str) -> str:
    """A text cut to what a status can carry: gRPC sends each byte that is not ASCII as three."""
    size = 0
    for place, character in enumerate(text):
        size += (
            1 if character.isascii() and character.isprintable() and character != "%" else 3 * len(character.encode())
        )
        if size > _MAX_SENT_BYTES:
            return text[:place]
    return text


def trailing_metadata(error: NodeError) -> tuple[tuple[str, str | bytes], ...]:
    """The reason code, and the Chinese text where there is one.

    The Chinese text is cut to what a client shows: metadata of more than 8 KiB may replace the status (gRPC's default).
    """
    reason = (REASON_KEY, error.reason.value)
    if (zh := render(error.message, "zh")) == error.message:
        return (reason,)
    status = Status(code=CODES[error.reason].value[0], message=fit(error.message))
    status.details.add().Pack(LocalizedMessage(locale=_LOCALE, message=zh[:MAX_TEXT]))
    return (reason, (DETAILS_KEY, status.SerializeToString()))
