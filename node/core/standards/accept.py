"""Which messages certainly have nothing wrong with them: the usual case, told of many at once and cheaply.

All that is known here comes from the declaration that `Standard.findings` reads. What is not accepted is not wrong for
that: `findings` says what is, and nothing where this knew too little. Never the other way: what is accepted here has no
finding there (tests/fuzz).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from operator import attrgetter, methodcaller

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from node.core.standards.accept_cel import NotJudgedError, is_plain, read_rule
from node.core.standards.accept_values import Test, list_tests, rules_of, stated, value_tests
from node.core.standards.days import none_later
from node.core.standards.identifiers import (
    Checker,
    are_dates,
    are_lines,
    are_usccs,
    check_date,
    check_line,
    check_uscc,
)
from node.core.standards.public_texts import text_of
from node.core.standards.validation import checkers_of, options_of
from node.stubs.buf.validate import validate_pb2

_AT_ONCE: dict[Checker, Test] = {check_date: are_dates, check_line: are_lines, check_uscc: are_usccs}


class Acceptance:
    """What is asked of the messages of one type on one day.

    Args:
        descriptor: The type.
        level_of: The level of the facet that a field is disclosed with.
        today: In Shanghai; nothing has happened after it.
    """

    def __init__(self, descriptor: Descriptor, level_of: Callable[[FieldDescriptor], int], today: date) -> None:
        try:
            self._tests = [*_of_message(descriptor), *_of_fields(descriptor, level_of, today)]
        except NotJudgedError:
            self._tests = [lambda _: False]

    def doubtful(self, messages: Sequence[Message]) -> set[int]:
        """The places of those that are not accepted."""
        return {place for test in self._tests for place in _failing(test, messages, 0)}

    def accepts(self, messages: Sequence[Message]) -> bool:
        """Whether all are accepted; there is at least one."""
        return all(test(messages) for test in self._tests)


def _failing(test: Test, messages: Sequence[Message], first: int) -> Iterator[int]:
    """The places of the messages that fail a test, counted from `first`: few do, so halves are asked for."""
    if not messages or test(messages):
        return
    if len(messages) == 1:
        yield first
        return
    half = len(messages) // 2
    yield from _failing(test, messages[:half], first)
    yield from _failing(test, messages[half:], first + half)


def _of_message(descriptor: Descriptor) -> Iterator[Test]:
    """The rules over a whole message."""
    if descriptor.oneofs or not is_plain(descriptor):
        raise NotJudgedError(descriptor.full_name)
    for rule, value in descriptor.GetOptions().Extensions[validate_pb2.message].ListFields():
        if rule.name != "cel":
            raise NotJudgedError(rule.full_name)
        for each in value:
            yield read_rule(each.expression, descriptor)
    if opening := [field for field in descriptor.fields if options_of(field).opening]:
        yield _opened(descriptor, opening)


def _opened(descriptor: Descriptor, fields: list[FieldDescriptor]) -> Test:
    """Whether each message states what opens a case, or is an act in one."""
    is_stated = [
        methodcaller("HasField", field.name) if field.has_presence else attrgetter(field.name) for field in fields
    ]
    case_of = attrgetter("act.case") if "act" in descriptor.fields_by_name else lambda _: ""

    def run(messages: Sequence[Message]) -> bool:
        opening = [message for message in messages if not case_of(message)]
        return all(all(map(ask, opening)) for ask in is_stated)

    return run


def _of_fields(descriptor: Descriptor, level_of: Callable[[FieldDescriptor], int], today: date) -> Iterator[Test]:
    for field in descriptor.fields:
        of_values = list(_of_values(field, level_of(field), today))
        if field.is_repeated:
            of_values = list(list_tests(rules_of(field), field, of_values))
        elif field.message_type:
            yield _of_part(field, *of_values)
            continue
        else:
            of_values += value_tests(rules_of(field), field)
        if of_values:
            yield _of_column(field, of_values)


def _of_values(field: FieldDescriptor, level: int, today: date) -> Iterator[Test]:
    """What is asked of the values of a field beyond protovalidate's rules, or of the messages in it."""
    options = options_of(field)
    if field.message_type:
        yield Acceptance(field.message_type, lambda _: level, today).accepts
    for check in checkers_of(field):
        yield stated(_AT_ONCE.get(check) or _none_wrong(check))
    if options.happened:
        yield lambda values: none_later(values, today)
    if text := text_of(field, level):
        yield text.are_right


def _none_wrong(check: Checker) -> Test:
    return lambda texts: not any(map(check, set(texts)))


def _of_column(field: FieldDescriptor, tests: list[Test]) -> Test:
    value_of = attrgetter(field.name)
    # Most fields are stated in none.
    may_be_empty = all(test([[] if field.is_repeated else field.default_value]) for test in tests)

    def run(messages: Sequence[Message]) -> bool:
        values = list(map(value_of, messages))
        return all(test(values) for test in tests) if any(values) else may_be_empty

    return run


def _of_part(field: FieldDescriptor, accepts: Test) -> Test:
    """A message within, which may be left out where it is not required."""
    is_there, part_of, is_required = methodcaller("HasField", field.name), attrgetter(field.name), False
    for rule, value in rules_of(field).ListFields():
        if rule.name != "required":
            raise NotJudgedError(rule.full_name)
        is_required = value

    def run(messages: Sequence[Message]) -> bool:
        parts = list(map(part_of, filter(is_there, messages)))
        return (len(parts) == len(messages) or not is_required) and (not parts or accepts(parts))

    return run
