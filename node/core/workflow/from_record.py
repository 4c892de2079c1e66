"""A record with an `Act` in it as a fact the engine works on."""

from collections.abc import Iterator
from datetime import date
from functools import cache, lru_cache
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from node.core.workflow.codes import code_name
from node.core.workflow.facts import ActFact, Person
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.standard.v1 import act_pb2

_ACT = "act"
# What a fact holds beside its fields.
_ATTRIBUTES = frozenset(("case", "act", "follows", "city", "platform", "maker", "approver", "officers", "documents"))


def act_fact(record_id: str, body: Message) -> ActFact:
    """The act of a record.

    Args:
        record_id: empty for a record yet to be made.
        body: a standard's message whose field `act` is set. Every party to the case must see the same facets of it, or
            they will not agree on what it carries.

    Raises:
        NodeError: INVALID_FIELD, no act, or no day of it.
    """
    act: act_pb2.Act = getattr(body, _ACT)
    try:
        day = date.fromisoformat(act.date)
    except ValueError:
        raise NodeError(Reason.INVALID_FIELD, _("act.date: the date of the act is missing or invalid")) from None
    return ActFact(
        id=record_id,
        case=act.case or record_id,
        act=act.act,
        follows=tuple(act.follows),
        city=act.city,
        on=day,
        platform=act.platform,
        maker=_officer(act.maker) if act.HasField("maker") else None,
        approver=_officer(act.approver) if act.HasField("approver") else None,
        officers=tuple(map(_officer, act.officers)),
        documents={document.title: document.sha256 or document.number for document in act.documents},
        fields=dict(_texts(act, "", _ATTRIBUTES)) | dict(_texts(body, "")),
    )


def _officer(officer: act_pb2.Officer) -> Person:
    return _person(officer.name, officer.certificate_number, officer.account)


# The same few officers make most of the acts.
_person = lru_cache(maxsize=1000)(Person)


class _Shape(NamedTuple):
    """What a field is, asked of its descriptor once."""

    name: str
    is_repeated: bool
    message: Descriptor | None
    codes: dict[int, str] | None
    is_bytes: bool


@cache
def _shape(field: FieldDescriptor) -> _Shape:
    codes = {value.number: code_name(value) for value in field.enum_type.values} if field.enum_type else None
    return _Shape(field.name, field.is_repeated, field.message_type, codes, field.type == FieldDescriptor.TYPE_BYTES)


def _texts(message: Message, prefix: str, apart: frozenset[str] = frozenset({_ACT})) -> Iterator[tuple[str, str]]:
    """Every field that is set, by its path: codes by name, several values with commas between; without those apart."""
    for field, value in message.ListFields():
        shape = _shape(field)
        path = prefix + shape.name
        if path in apart:
            continue
        yield path, ",".join([_text(shape, part) for part in value]) if shape.is_repeated else _text(shape, value)
        if shape.message and not shape.is_repeated:
            yield from _texts(value, f"{path}.")


def _text(shape: _Shape, value: Any) -> str:
    if shape.codes is not None:
        return shape.codes.get(value) or str(value)
    return "set" if shape.message is not None or shape.is_bytes else str(value)
