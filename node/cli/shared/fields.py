"""A record field by field, for people: Chinese names, codes by their label, moments as they are read."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from node.cli.shared.dates import time_text
from node.core.standards import standard as standards
from node.core.standards.standard import Standard


class FieldLine(NamedTuple):
    """A field that is set: its path, its Chinese name, what it says."""

    path: str
    name: str
    text: str


def lines(standard: Standard, message: Message) -> Iterator[FieldLine]:
    """Every field that a standard's message says something in; of a repeated one a line for each value."""
    names = {field.path: field.label_zh for field in standard.fields}
    for path, text in _leaves(message, ""):
        yield FieldLine(path, names.get(path) or names.get(path.removesuffix("[]"), ""), text)


def _leaves(message: Message, prefix: str) -> Iterator[tuple[str, str]]:
    for field, value in message.ListFields():
        path = f"{prefix}{field.name}[]" if field.is_repeated else prefix + field.name
        for each in value if field.is_repeated else [value]:
            if field.message_type is None:
                yield path, _text(field, each)
            else:
                yield from _leaves(each, f"{path}.")


def _text(field: FieldDescriptor, value: Any) -> str:
    if field.enum_type is not None:
        labels = {number: f"{zh} {en}" for number, zh, en in standards.codes(field.enum_type)}
        return labels.get(value, str(value))
    if isinstance(value, bytes):
        return value.hex()
    return time_text(value) if field.name.endswith("_at_ms") else str(value)
