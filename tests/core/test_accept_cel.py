"""A rule over a whole message holds here only where it holds by protovalidate, whatever the rule is."""

from collections.abc import Iterator
from itertools import product

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from protovalidate import Validator

from node.core.standards.accept_cel import NotJudgedError, read_rule
from node.stubs.buf.validate import validate_pb2

JUDGED = [
    "this.a == '' || this.b == ''",
    "this.a == '' && this.b == ''",
    "this.a == '' || this.b == '' && this.n > 0",
    "(this.a == '' || this.b == '') && this.n > 0",
    "!(this.a == '') || this.n == 1",
    "!has(this.within) || this.within.a != ''",
    "!has(this.within) == (this.n == 0)",
    "this.a + this.b != 'xy'",
    "this.a <= this.b",
    "this.n in [0, 1]",
    "!(this.n in [0, 1])",
    "size(this.a) == this.n",
    "size(this.texts) < 2 && size(this.raw) >= 0",
    "this.a.startsWith('x') || this.b.contains('\u4e2a')",
    "this.texts.all(t, t != '' && size(t) < 2)",
    "this.texts.exists(t, t == this.a)",
    "!this.texts.exists(t, t == this.a)",
    "this.texts.exists_one(t, t == 'x')",
    "this.texts.all(t, this.texts.exists_one(u, u == t))",
    "this.withins.all(w, w.a != '' && this.withins.exists_one(v, v.a == w.a))",
    "this.withins.exists(w, this.texts.exists(t, t == w.a))",
    "this.within.a == 'x'",
    "this.n < 1 || this.a.matches('^x$')",
    "this.n - 1 < 0 || this.a == ''",
    'this.a == "x"',
    "this.n > 0u",
]
NOT_JUDGED = ["this.a.matches('^x$')", "!this.a.matches('^x$')", "this.n - 1 == 0", "this.a == 'x' ? true : false"]


def _message_type(number: int, rule: str) -> type[Message]:
    """A message type with the rule."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(
        name=f"tests/cel{number}.proto", package=f"tests.cel{number}", syntax="proto3"
    )
    file.dependency.append("buf/validate/validate.proto")
    message, part = file.message_type.add(name="Whole"), file.message_type.add(name="Part")
    message.options.Extensions[validate_pb2.message].cel.add(id="rule", message="broken", expression=rule)
    part.field.add(name="a", number=1, type=field.TYPE_STRING, label=field.LABEL_OPTIONAL)
    for place, (name, kind, label) in enumerate(
        [
            ("a", field.TYPE_STRING, field.LABEL_OPTIONAL),
            ("b", field.TYPE_STRING, field.LABEL_OPTIONAL),
            ("n", field.TYPE_INT32, field.LABEL_OPTIONAL),
            ("raw", field.TYPE_BYTES, field.LABEL_OPTIONAL),
            ("texts", field.TYPE_STRING, field.LABEL_REPEATED),
            ("within", field.TYPE_MESSAGE, field.LABEL_OPTIONAL),
            ("withins", field.TYPE_MESSAGE, field.LABEL_REPEATED),
        ],
        1,
    ):
        added = message.field.add(name=name, number=place, type=kind, label=label)
        if kind == field.TYPE_MESSAGE:
            added.type_name = f".{file.package}.Part"
    pool = descriptor_pool.Default()
    pool.AddSerializedFile(file.SerializeToString())
    return GetMessageClass(pool.FindMessageTypeByName(f"{file.package}.Whole"))


def _messages(kind: type[Message]) -> Iterator[Message]:
    texts: list[list[str]] = [[], ["x"], ["x", "x"], ["x", "y", ""]]
    for a, b, n, items, within in product(
        ("", "x", "xy"), ("", "y", "个体"), (-1, 0, 1, 2), texts, (None, {}, {"a": "x"})
    ):
        yield kind(a=a, b=b, n=n, texts=items, within=within, withins=[{"a": item} for item in items])


@pytest.mark.parametrize(("number", "rule"), list(enumerate(JUDGED)), ids=JUDGED)
def test_what_holds_here_holds_by_protovalidate(number: int, rule: str) -> None:
    kind, validator = _message_type(number, rule), Validator()
    holds = read_rule(rule, kind.DESCRIPTOR)  # type: ignore[arg-type]
    messages = list(_messages(kind))
    here = [holds([message]) for message in messages]
    there = [not validator.collect_violations(message) for message in messages]
    assert any(here)
    if ".matches(" in rule or " - " in rule:
        assert not [message for message, one, other in zip(messages, here, there, strict=True) if one and not other]
    else:
        assert here == there
    assert holds([message for message, one in zip(messages, here, strict=True) if one])
    assert holds(messages) is all(here)


@pytest.mark.parametrize("rule", NOT_JUDGED)
def test_what_cannot_be_read_is_not_judged(rule: str) -> None:
    kind = _message_type(100 + NOT_JUDGED.index(rule), rule)
    with pytest.raises(NotJudgedError):
        read_rule(rule, kind.DESCRIPTOR)  # type: ignore[arg-type]
