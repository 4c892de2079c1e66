"""A record with an `Act` in it as a fact the engine works on."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from node.core.workflow.codes import code_name
from node.core.workflow.facts import ActFact, Person
from node.errors import NodeError, Reason
from node.standard.v1 import act_pb2

_ACT = "act"


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
        raise NodeError(Reason.INVALID_FIELD, "act.date: the day of the act is missing or not a day") from None
    return ActFact(
        id=record_id,
        case=act.case or record_id,
        act=act.act,
        follows=tuple(act.follows),
        city=act.city,
        on=day,
        platform=act.platform,
        maker=_person(act.maker) if act.HasField("maker") else None,
        approver=_person(act.approver) if act.HasField("approver") else None,
        officers=tuple(map(_person, act.officers)),
        documents={each.title: each.sha256 or each.number for each in act.documents},
        fields=dict(_texts(act, "")) | dict(_texts(body, "")),
    )


def _person(officer: act_pb2.Officer) -> Person:
    return Person(officer.name, officer.certificate_number, officer.account)


def _texts(message: Message, prefix: str) -> Iterator[tuple[str, str]]:
    """Every field that is set, by its path: codes by name, several values with commas between."""
    for field, value in message.ListFields():
        path = prefix + field.name
        if path == _ACT and field.message_type is act_pb2.Act.DESCRIPTOR:
            continue
        values = list(value) if field.is_repeated else [value]
        yield path, ",".join(_text(field, each) for each in values)
        if field.message_type and not field.is_repeated:
            yield from _texts(value, f"{path}.")


def _text(field: FieldDescriptor, value: Any) -> str:
    if field.enum_type is not None:
        known = field.enum_type.values_by_number.get(value)
        return code_name(known) if known is not None else str(value)
    return "set" if field.message_type is not None or isinstance(value, bytes) else str(value)
