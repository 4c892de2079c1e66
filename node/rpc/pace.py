"""Messages of one who may be slow: taken from a stream as long as they keep up a pace."""

import queue
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import grpc

from node.client.errors import error_from_rpc
from node.errors import NodeError, Reason, TransientError

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
    arrived: queue.Queue[Any] = queue.Queue(_AHEAD)
    ended = threading.Event()
    threading.Thread(target=_feed, args=(messages, arrived, ended), name="paced", daemon=True).start()
    left_s = patience_s
    try:
        while True:
            began_s = time.monotonic()
            try:
                message = arrived.get(timeout=max(left_s, 0.001))
            except queue.Empty:
                text = f"less than {MIN_BYTES_PER_S} bytes a second came; go on where it stopped"
                raise TransientError(Reason.TOO_SLOW, text) from None
            if message is None:
                return
            if isinstance(message, Exception):
                raise message
            left_s = min(left_s - (time.monotonic() - began_s) + size(message) / MIN_BYTES_PER_S, patience_s)
            yield message
    finally:
        ended.set()


def _feed(messages: Iterator[Any], arrived: "queue.Queue[Any]", ended: threading.Event) -> None:
    last: Exception | None = None
    try:
        for message in messages:
            if not _put(arrived, message, ended):
                return
    except grpc.RpcError as error:
        last = _broken(error)
    except Exception as error:  # noqa: BLE001 - raised where the messages are taken
        last = error
    _put(arrived, last, ended)


def _broken(error: grpc.RpcError) -> NodeError:
    if hasattr(error, "code"):  # of a call made; that of a call answered has no status
        return error_from_rpc(error)
    return TransientError(Reason.CANCELLED, "the stream broke off; go on where it stopped")


def _put(arrived: "queue.Queue[Any]", message: object, ended: threading.Event) -> bool:
    """Waits for room, but not for one who takes no more."""
    while not ended.is_set():
        try:
            arrived.put(message, timeout=1)
        except queue.Full:
            continue
        return True
    return False
