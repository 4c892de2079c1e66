"""The rules of one field, read once from its declaration and asked of the values of many messages at once."""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message

from node.core.standards.accept_cel import NotJudgedError
from node.stubs.buf.validate import validate_pb2

Test = Callable[[Sequence[Any]], bool]
"""Whether all of some values certainly keep to a rule; there is at least one."""

# What both RE2 and Python read alike, but for `$`: characters, classes of them, groups, alternatives, repetitions.
_PLAIN_PATTERN = re.compile(r"\^(?:\\S|\[(?!\^)(?:[^][\\]|\\[][])+\]|\((?!\?)|[^\\.$^(\[\]{}]|\{\d+(?:,\d+)?\})*\$")
# A text of more characters is not tried: backtracking takes its time, RE2 does not.
_TRIED_CHARS = 200
_RULED = frozenset(
    (
        FieldDescriptor.TYPE_BYTES,
        FieldDescriptor.TYPE_ENUM,
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_STRING,
        FieldDescriptor.TYPE_UINT32,
        FieldDescriptor.TYPE_UINT64,
    )
)
_SIZED = frozenset((FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_STRING))
_OF_SIZED: dict[str, Callable[[int], Test]] = {
    "len": lambda size: lambda values: set(map(len, values)) == {size},
    "min_len": lambda least: lambda values: min(map(len, values)) >= least,
    "max_len": lambda most: lambda values: max(map(len, values)) <= most,
}
_OF_NUMBERS: dict[str, Callable[[int], Test]] = {
    "gt": lambda bound: lambda values: min(values) > bound,
    "gte": lambda bound: lambda values: min(values) >= bound,
    "lt": lambda bound: lambda values: max(values) < bound,
    "lte": lambda bound: lambda values: max(values) <= bound,
}
_OF_ALL: dict[str, Callable[[Any], Test]] = {
    "const": lambda value: frozenset((value,)).issuperset,
    "in": lambda choice: frozenset(choice).issuperset,
    "not_in": lambda choice: frozenset(choice).isdisjoint,
}
_OF_LISTS: dict[str, Callable[[Any], Test]] = {
    "min_items": _OF_SIZED["min_len"],
    "max_items": _OF_SIZED["max_len"],
    "unique": lambda wanted: lambda lists: not wanted or all(len(set(items)) == len(items) for items in lists),
}


def rules_of(field: FieldDescriptor) -> validate_pb2.FieldRules:
    """What protovalidate asks of a field."""
    return field.GetOptions().Extensions[validate_pb2.field]


def value_tests(rules: validate_pb2.FieldRules, field: FieldDescriptor) -> list[Test]:
    """The rules of the values of a field without presence, or of the items of its lists.

    Raises:
        NotJudgedError: One of them only protovalidate can judge.
    """
    tests = list(_tests(rules, field))
    if rules.ignore == validate_pb2.IGNORE_IF_ZERO_VALUE:
        tests = [stated(test) for test in tests]
    return [all, *tests] if rules.required else tests


def list_tests(rules: validate_pb2.FieldRules, field: FieldDescriptor, of_items: list[Test]) -> Iterator[Test]:
    """The rules of the lists in a repeated field, and what is asked of their items.

    Raises:
        NotJudgedError: One of them only protovalidate can judge.
    """
    for rule, value in rules.ListFields():
        if rule.name != "repeated":
            raise NotJudgedError(rule.full_name)
        for rule_of_list, wanted in value.ListFields():
            if rule_of_list.name == "items":
                of_items = [*of_items, *value_tests(wanted, field)]
            elif rule_of_list.name == "unique" and field.type not in _RULED:
                raise NotJudgedError(rule_of_list.full_name)
            else:
                yield _made(_OF_LISTS, rule_of_list, wanted)
    if of_items:
        yield _each_item(of_items)


def stated(test: Test) -> Test:
    """A test of those values that are not empty."""

    def run(values: Sequence[Any]) -> bool:
        given = list(filter(None, values))
        return not given or test(given)

    return run


def _tests(rules: validate_pb2.FieldRules, field: FieldDescriptor) -> Iterator[Test]:
    for rule, value in rules.ListFields():
        if isinstance(value, Message) and field.type in _RULED:
            yield from _tests_of_kind(value, field)
        elif rule.name != "required" and value != validate_pb2.IGNORE_IF_ZERO_VALUE:
            raise NotJudgedError(rule.full_name)


def _tests_of_kind(rules: Message, field: FieldDescriptor) -> Iterator[Test]:
    """`rules` of its kind: StringRules, EnumRules."""
    known = _OF_ALL | (_OF_SIZED if field.type in _SIZED else {} if field.enum_type else _OF_NUMBERS)
    for rule, value in rules.ListFields():
        if rule.name == "pattern" and field.type == FieldDescriptor.TYPE_STRING:
            yield _matching(value)
        elif rule.name == "defined_only" and field.enum_type:
            yield _defined(field.enum_type)
        else:
            yield _made(known, rule, value)


def _made(known: dict[str, Callable[[Any], Test]], rule: FieldDescriptor, value: Any) -> Test:
    if rule.name not in known:
        raise NotJudgedError(rule.full_name)
    return known[rule.name](value)


def _defined(enum: EnumDescriptor) -> Test:
    return frozenset(enum.values_by_number).issuperset


def _matching(pattern: str) -> Test:
    if not _PLAIN_PATTERN.fullmatch(pattern):
        raise NotJudgedError(pattern)
    # In RE2 `$` is the end alone, in Python also what stands before a last line end; \s of RE2 has no vertical tab.
    match = re.compile(pattern[1:-1], re.ASCII).fullmatch
    return lambda texts: max(map(len, texts)) <= _TRIED_CHARS and all(map(match, texts))


def _each_item(tests: list[Test]) -> Test:
    def run(lists: Sequence[Any]) -> bool:
        items = list(chain.from_iterable(lists))
        return not items or all(test(items) for test in tests)

    return run
