"""What is wrong with a message: its protovalidate rules, and the checks its fields ask for in their options.

Findings name field and reason and never hold a value, so they may be shown and logged whatever the field's level.
"""

from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from protovalidate import Validator, Violation

from node.core.standards import identifiers, party_key
from node.core.standards.rule_words import in_words
from node.stubs.standard.v1 import options_pb2


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
    options_pb2.CHECK_LINE: identifiers.check_line,
}
# By the kind of subject that a number makes; the pattern of a unified code has but one form.
_KEY_CHECKERS: dict[str, identifiers.Checker] = {
    "reg": party_key.check_registration_number,
    "licence": party_key.check_licence_key,
}

REASONS = {
    # Of protovalidate's rules; never renamed once shipped.
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
_OPENING = "立案或者单独入库的记录必须填写 · must be stated to open a case"


class Validation:
    """The rules and checks of one message type."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._checks = _Checks(descriptor)
        self._opening = [field for field in descriptor.fields if options_of(field).opening]

    def findings(self, message: Message) -> list[Finding]:
        """Errors and warnings of a message; none where it is right."""
        findings: list[Finding] = []
        self._checks.run(message, "", findings)
        if self._opening and not _is_in_case(message):
            findings += [
                Finding(field.name, "required", _OPENING) for field in self._opening if not _is_stated(message, field)
            ]
        if violations := _VALIDATOR.collect_violations(message):
            # A check says more about a field than the pattern that stands in the proto for other tools.
            checked = {finding.field for finding in findings if not finding.warning}
            findings += [finding for finding in map(_finding, violations) if finding.field not in checked]
        return findings


class _Checks:
    """The checks that the fields of one message type ask for, and those of the messages within it."""

    def __init__(self, descriptor: Descriptor) -> None:
        self._fields = [_Checked(field) for field in descriptor.fields if checkers_of(field)]
        within = [(field, _Checks(field.message_type)) for field in descriptor.fields if field.message_type]
        self._messages = [(field.name, field.is_repeated, checks) for field, checks in within if checks]

    def __bool__(self) -> bool:
        return bool(self._fields or self._messages)

    def run(self, message: Message, path: str, findings: list[Finding]) -> None:
        for field in self._fields:
            if value := getattr(message, field.name):
                field.run(value, path + field.name, findings)
        for name, is_repeated, checks in self._messages:
            if is_repeated:
                for position, item in enumerate(getattr(message, name)):
                    checks.run(item, f"{path}{name}[{position}].", findings)
            elif message.HasField(name):
                checks.run(getattr(message, name), f"{path}{name}.", findings)


class _Checked:
    """A field with checks."""

    def __init__(self, field: FieldDescriptor) -> None:
        self.name = field.name
        self._is_repeated = field.is_repeated
        self._advisory = options_of(field).advisory
        self._checkers = checkers_of(field)

    def run(self, value: Any, path: str, findings: list[Finding]) -> None:
        if self._is_repeated:
            for position, item in enumerate(value):
                self._run(item, f"{path}[{position}]", findings)
        else:
            self._run(value, path, findings)

    def _run(self, value: str, path: str, findings: list[Finding]) -> None:
        for check in self._checkers:
            if problems := check(value):
                findings += [Finding(path, code, text, self._advisory or warning) for code, text, warning in problems]
                return


def checkers_of(field: FieldDescriptor) -> list[identifiers.Checker]:
    """What looks at a field's values, in this order; the first that finds something has said it."""
    options = options_of(field)
    checkers = (_KEY_CHECKERS.get(options.subject), _CHECKERS.get(options.check))
    return [check for check in checkers if check]


def _is_in_case(message: Message) -> bool:
    """Whether a message is an act in a case that another record opened."""
    act = message.DESCRIPTOR.fields_by_name.get("act")
    return act is not None and bool(getattr(message, act.name).case)


def _is_stated(message: Message, field: FieldDescriptor) -> bool:
    return message.HasField(field.name) if field.has_presence else bool(getattr(message, field.name))


def options_of(field: FieldDescriptor) -> options_pb2.FieldOptions:
    """What a standard says of a field."""
    return field.GetOptions().Extensions[options_pb2.field]


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
    message = (in_words(rule, violation.rule_value) if proto.rule is not None else None) or proto.message
    return Finding(path, REASONS.get(rule, rule.replace(".", "_")), message)
