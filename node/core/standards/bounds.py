"""How much a message may hold: the lengths that its declaration states, checked before any value is looked at.

Of a request the interceptor asks it, so that no text is normalised, searched for or logged before its length is known.
Of a record in another city's log a reader does: `Validation`, which says all that is wrong with a row that a city takes
in, was not asked of it here.
"""

from functools import cache
from typing import NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from node.stubs.buf.validate import validate_pb2

# Of what declares no bound: characters of a text; bytes, which are hashed and parsed in proportion.
_MAX_CHARS = 1000
_MAX_BYTES = 1 << 20
# Of a list that declares no bound.
_MAX_ITEMS = 10_000
_TEXTS = frozenset((FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES))


class _Field(NamedTuple):
    """What bounds a field: characters or bytes of a text, items of a list, what is within a message."""

    is_repeated: bool
    longest: int
    most: int
    within: "Bounds | None"


class Bounds:
    """The bounds of one message type and of the messages within it."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._fields = {field.number: _field(field) for field in descriptor.fields}

    def broken(self, message: Message) -> str:
        """The path of the first field that holds more than it may; empty where all is right."""
        for field, value in message.ListFields():
            bound = self._fields[field.number]
            if bound.is_repeated:
                if len(value) > bound.most or (bound.longest and max(map(len, value)) > bound.longest):
                    return field.name
            elif bound.longest and len(value) > bound.longest:
                return field.name
            if bound.within is not None:
                for part in value if bound.is_repeated else (value,):
                    if inner := bound.within.broken(part):
                        return f"{field.name}.{inner}"
        return ""


@cache
def bounds_of(descriptor: Descriptor) -> Bounds:
    """The bounds of a message type."""
    return Bounds(descriptor)


def _field(field: FieldDescriptor) -> _Field:
    return _Field(
        is_repeated=field.is_repeated,
        longest=_longest(field) if field.type in _TEXTS else 0,
        most=int(_rules(field).repeated.max_items or _MAX_ITEMS),
        within=bounds_of(field.message_type) if field.message_type else None,
    )


def _rules(field: FieldDescriptor) -> validate_pb2.FieldRules:
    return field.GetOptions().Extensions[validate_pb2.field]


def _longest(field: FieldDescriptor) -> int:
    rules = _rules(field)
    item = rules.repeated.items if field.is_repeated else rules
    if field.type == FieldDescriptor.TYPE_STRING:
        return int(item.string.max_len or item.string.len or _MAX_CHARS)
    return int(item.bytes.max_len or item.bytes.len or _MAX_BYTES)
