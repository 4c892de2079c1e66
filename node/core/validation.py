"""What is wrong with a message: its protovalidate rules, and the checks its fields ask for in their options.

Findings name field and reason and never hold a value, so they may be shown and logged whatever the field's level.
"""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from protovalidate import Validator, Violation

from node.core import identifiers
from node.standard.v1 import options_pb2


class Finding(NamedTuple):
    """Something to mend or (a warning) to look at; `field` is a path such as `licences[0].number`."""

    field: str
    reason: str
    message: str
    warning: bool = False


_CHECKERS: dict[int, identifiers.Checker] = {
    options_pb2.CHECK_USCC: identifiers.check_uscc,
    options_pb2.CHECK_LICENCE: identifiers.check_licence,
    options_pb2.CHECK_RESIDENT_ID: identifiers.check_resident_id,
    options_pb2.CHECK_GTIN: identifiers.check_gtin,
    options_pb2.CHECK_REGION: identifiers.check_region,
    options_pb2.CHECK_DATE: identifiers.check_date,
}

# Reason codes of protovalidate's rules; never renamed once shipped.
_REASONS = {
    "string.min_len": "too_short",
    "string.max_len": "too_long",
    "string.pattern": "bad_format",
    "enum.defined_only": "unknown_code",
    "enum.not_in": "unknown_code",
    "repeated.min_items": "too_few",
    "repeated.max_items": "too_many",
    "repeated.unique": "duplicate",
}

_VALIDATOR = Validator()
_Check = Callable[[Message, str], Iterator[Finding]]


class Validation:
    """The rules and checks of one message type."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._checks = _checks(descriptor)

    def findings(self, message: Message) -> list[Finding]:
        """Errors and warnings of a message; none where it is right."""
        found = [finding for check in self._checks for finding in check(message, "")]
        violations = _VALIDATOR.collect_violations(message)
        # A check says more about a field than the pattern that stands in the proto for other tools.
        checked = {finding.field for finding in found if not finding.warning}
        return found + [finding for finding in map(_finding, violations) if finding.field not in checked]


def _checks(descriptor: Descriptor) -> list[_Check]:
    """One check for each field that asks for one, or holds messages that do."""
    checks = (_nested(field) if field.message_type else _plain(field) for field in descriptor.fields)
    return [check for check in checks if check]


def _plain(field: FieldDescriptor) -> _Check | None:
    options = field.GetOptions().Extensions[options_pb2.field]
    if not options.check:
        return None
    name, advisory, checker = field.name, options.advisory, _CHECKERS[options.check]

    def check(message: Message, path: str) -> Iterator[Finding]:
        for index, value in _items(message, name, field.is_repeated):
            for problem in checker(value) if value else ():
                yield Finding(path + name + index, problem.reason, problem.message, advisory or problem.warning)

    return check


def _nested(field: FieldDescriptor) -> _Check | None:
    name, checks = field.name, _checks(field.message_type)
    if not checks:
        return None

    def check(message: Message, path: str) -> Iterator[Finding]:
        for index, value in _items(message, name, field.is_repeated):
            for inner in checks:
                yield from inner(value, f"{path}{name}{index}.")

    return check


def _items(message: Message, name: str, is_repeated: bool) -> list[tuple[str, Any]]:
    """The values of a field, each with its index in a path."""
    value = getattr(message, name)
    return [(f"[{position}]", item) for position, item in enumerate(value)] if is_repeated else [("", value)]


def _finding(violation: Violation) -> Finding:
    proto = violation.proto
    path, rule = "", proto.rule_id
    for element in proto.field.elements if proto.field else ():
        index = f"[{element.subscript.value}]" if element.subscript else ""
        path += f"{'.' if path else ''}{element.field_name}{index}"
    if proto.rule is None:
        # A rule over a whole message names the field to look at: "<field>.<reason>".
        field, _, rule = rule.rpartition(".")
        path = f"{path}.{field}" if path else field
    return Finding(path, _REASONS.get(rule, rule.replace(".", "_")), proto.message)
