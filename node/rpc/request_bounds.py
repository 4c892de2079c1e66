"""Holds every request to the lengths that its declaration states, before a service looks at it."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message

from node.core.standards.bounds import bounds_of
from node.errors import NodeError, Reason
from node.messages import _


def bounded(request: Any) -> Any:
    """A request, or a stream of them, of which none holds more than it may.

    Raises:
        NodeError: INVALID_ARGUMENT, it names the field; of a stream when the message is read.
    """
    return _checked(request) if isinstance(request, Message) else _each_checked(request)


def _each_checked(requests: Iterator[Any]) -> Iterator[Any]:
    for request in requests:
        yield _checked(request)


def _checked(request: Any) -> Any:
    if path := bounds_of(request.DESCRIPTOR).broken(request):
        raise NodeError(Reason.INVALID_ARGUMENT, _("{path}: too long", path=path))
    return request
