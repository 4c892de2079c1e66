"""Messages of one who may be slow: taken from a stream as long as they keep up a pace."""

import queue
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import grpc

from node.client.errors import error_from_rpc
from node.errors import NodeError, Reason, TransientError
from node.messages import _
from node.rpc.read_ahead import ReadAhead

MIN_BYTES_PER_S = 4 * 1024
# Messages read ahead of the one being worked on.
_AHEAD = 4
_Message = TypeVar("_Message")


def paced(messages: Iterator[_Message], size: Callable[[_Message], int], patience_s: float) -> Iterator[_Message]:
    """The messages, as long as the next one is never more than `patience_s` behind `MIN_BYTES_PER_S`.

    Time that this side takes does not count. A drip of ever so small messages ends as silence does.

    Raises:
        TransientError: TOO_SLOW, or CANCELLED where the stream broke off (of a call made: what its status says).
    """
    left_s = patience_s
    with ReadAhead(_whole(messages), _AHEAD, "paced") as arrived:
        while True:
            began_s = time.monotonic()
            try:
                message = arrived.take(max(left_s, 0.001))
            except queue.Empty:
                text = _("received less than {least} bytes a second; resume where it stopped", least=MIN_BYTES_PER_S)
                raise TransientError(Reason.TOO_SLOW, text) from None
            if message is None:
                return
            left_s = min(left_s - (time.monotonic() - began_s) + size(message) / MIN_BYTES_PER_S, patience_s)
            yield message


def _whole(messages: Iterator[_Message]) -> Iterator[_Message]:
    try:
        yield from messages
    except grpc.RpcError as error:
        raise _broken(error) from None


def _broken(error: grpc.RpcError) -> NodeError:
    if hasattr(error, "code"):  # of a call made; that of a call answered has no status
        return error_from_rpc(error)
    return TransientError(Reason.CANCELLED, _("the stream was interrupted; resume where it stopped"))
