"""What is accepted without protovalidate: nothing in which it would find anything, and nearly all that is right."""

from collections.abc import Iterator
from datetime import date
from itertools import chain

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message
from hypothesis import given

from node.core.standards.batch import acceptance
from node.core.standards.standard import Standard, standards
from tests.kit.effort import effort
from tests.kit.samples.declared import good, nearly_right, places, put, right_values, within

TODAY = date(2026, 11, 29)
every_standard = pytest.mark.parametrize("standard", standards(), ids=[each.name for each in standards()])


def is_accepted(standard: Standard, message: Message) -> bool:
    return not acceptance(standard, TODAY).doubtful([message])


@every_standard
def test_what_is_accepted_has_no_finding(standard: Standard) -> None:
    accepted = 0

    @effort(examples=200)
    @given(nearly_right(standard))
    def run(message: Message) -> None:
        nonlocal accepted
        if is_accepted(standard, message):
            accepted += 1
            assert standard.findings(message) == []
            assert standard.future_findings(message, TODAY) == []

    run()
    assert accepted > 20


@every_standard
def test_every_rule_accepts_what_keeps_to_it(standard: Standard) -> None:
    """Each field, stated, stands in a record that is accepted: none of its rules is only ever handed on."""
    accepted = {field.full_name for field in accepted_fields(standard)}
    declared = {field.full_name for kind in types_of(standard.descriptor) for field in kind.fields}
    assert declared - accepted == set()


def accepted_fields(standard: Standard) -> Iterator[FieldDescriptor]:
    for base in [*good(standard), standard.message_type()]:
        for place in range(len(places(base))):
            field = places(base)[place][1]
            for value in right_values(field):
                message = type(base)()
                message.CopyFrom(base)
                put(places(message)[place], value)
                if is_accepted(standard, message):
                    yield from (stated for part in within(message) for stated, _ in part.ListFields())


def types_of(descriptor: Descriptor) -> Iterator[Descriptor]:
    yield descriptor
    yield from chain.from_iterable(types_of(field.message_type) for field in descriptor.fields if field.message_type)
