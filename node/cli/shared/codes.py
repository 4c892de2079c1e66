"""Fields, codes and moments as a person types them: `case`, `REFERRAL_KIND_CASE` and 案件移送 are one code."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NoReturn, cast

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from node.core.law.calendar import SHANGHAI
from node.core.standards import standard as standards
from node.core.workflow.codes import code_name
from node.errors import NodeError, Reason
from node.messages import _

# Of 2^63 - 1; Python refuses to read thousands.
_MOST_DIGITS = 19


def spell_out(plain: Mapping[str, Any], message: Message) -> dict[str, Any]:
    """What was typed, in protobuf's JSON form with every code by its full name, every moment in milliseconds.

    Args:
        plain: As it was typed.
        message: Of the kind that it is to become.

    Raises:
        NodeError: INVALID_FIELD, no such field or code; says which there are. No such moment.
    """
    return _fields(plain, cast(Descriptor, message.DESCRIPTOR), "")


def _fields(plain: Mapping[str, Any], descriptor: Descriptor, at: str) -> dict[str, Any]:
    return {name: _value(value, _field(name, descriptor, at), at + name) for name, value in plain.items()}


def _field(name: str, descriptor: Descriptor, at: str) -> FieldDescriptor:
    field = None
    if name.isascii():  # as every field's name is; protobuf fails on half of a surrogate pair
        field = descriptor.fields_by_name.get(name) or descriptor.fields_by_camelcase_name.get(name)
    if field is None:
        _refuse(at + name, _("no such field; known fields: {fields}", fields=[each.name for each in descriptor.fields]))
    return field


def _value(value: Any, field: FieldDescriptor, path: str) -> Any:
    if field.is_repeated:
        items = value if isinstance(value, list) else value.split(",") if isinstance(value, str) else [value]
        return [_single(each, field, path) for each in items]
    return _single(value, field, path)


def _single(value: Any, field: FieldDescriptor, path: str) -> Any:
    if field.enum_type is not None and isinstance(value, str):
        return _code(value.strip(), field.enum_type, path)
    if field.name.endswith("_at_ms") and isinstance(value, str):
        return _moment_ms(value, path)
    if field.message_type is not None and isinstance(value, Mapping):
        return _fields(value, field.message_type, f"{path}.")
    return value


def _moment_ms(text: str, path: str) -> int:
    """Of a moment such as 2026-05-18T08:30, in Shanghai where it names no offset."""
    if text.isdecimal() and len(text) <= _MOST_DIGITS:
        return int(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        _refuse(path, _("{text!r} is not a time such as 2026-05-18T08:30", text=text[:40]))
    return int((moment if moment.tzinfo else moment.replace(tzinfo=SHANGHAI)).timestamp() * 1000)


def _code(text: str, enum: EnumDescriptor, path: str) -> str:
    code = next((full for full, *others in _names(enum) if text.lower() in (full.lower(), *others)), None)
    if code is None:
        known = [f"{short} {zh}" for _full, short, zh in _names(enum)]
        _refuse(path, _("no code {text!r}; known codes: {known}", text=text[:40], known=known))
    return code


def _names(enum: EnumDescriptor) -> Iterator[tuple[str, str, str]]:
    """Full name, short name and Chinese label of each code; what is not stated is none."""
    for number, zh, _en in standards.codes(enum):
        if number:
            value = enum.values_by_number[number]
            yield value.name, code_name(value), zh


def _refuse(path: str, why: str) -> NoReturn:
    raise NodeError(Reason.INVALID_FIELD, f"{path}: {why}")
