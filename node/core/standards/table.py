"""A standard as tables for people and programs: fields, facets, codes and rules, in Chinese and English."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from node.core.standards.standard import Field, Standard, codes
from node.messages import Lang
from node.stubs.buf.validate import validate_pb2
from node.stubs.standard.v1 import options_pb2


class FieldRow(NamedTuple):
    """One field; `rule` is written in the language asked for."""

    field: str
    type: str
    label_zh: str
    label_en: str
    level: str
    facet: str
    rule: str


class CodeRow(NamedTuple):
    """One code of a code list; `advice` is written in the language asked for."""

    list: str
    code: int
    label_zh: str
    label_en: str
    article: str
    advice: str


class RuleRow(NamedTuple):
    """One rule over several fields; `message` is written in the language asked for."""

    id: str
    message: str
    expression: str


_SCALARS = {
    FieldDescriptor.TYPE_STRING: "string",
    FieldDescriptor.TYPE_BYTES: "bytes",
    FieldDescriptor.TYPE_BOOL: "bool",
    FieldDescriptor.TYPE_UINT32: "uint32",
    FieldDescriptor.TYPE_UINT64: "uint64",
    FieldDescriptor.TYPE_INT32: "int32",
    FieldDescriptor.TYPE_INT64: "int64",
    FieldDescriptor.TYPE_DOUBLE: "double",
}
_WORDS = {
    "zh": {"required": "必填", "characters": "字", "items": "项", "advisory": "仅提示", "subject": "主体标识"}
    | {"opening": "立案记录必填", "bytes": "字节"},
    "en": {word: word for word in ("required", "characters", "items", "advisory", "subject", "bytes")}
    | {"opening": "required to open a case"},
}


def field_rows(standard: Standard, lang: Lang) -> list[FieldRow]:
    """Every field of a standard, with those of the messages within it."""
    facets = {facet.number: facet.name for facet in standard.facets}
    return [_field_row(field, facets[field.facet], lang) for field in standard.fields]


def code_rows(standard: Standard, lang: Lang) -> list[CodeRow]:
    """The codes of every code list that the standard uses, each list once."""
    enums = dict.fromkeys(field.descriptor.enum_type for field in standard.fields if field.descriptor.enum_type)
    return [row for enum in enums for row in _code_rows(enum, lang)]


def rule_rows(standard: Standard, lang: Lang) -> list[RuleRow]:
    """The rules over more than one field, of the standard and of the messages within it."""
    within = (field.descriptor.message_type for field in standard.fields if field.descriptor.message_type)
    messages = dict.fromkeys([standard.message_type.DESCRIPTOR, *within])
    rules = (rule for message in messages for rule in message.GetOptions().Extensions[validate_pb2.message].cel)
    return [RuleRow(rule.id, _in(lang, rule.message), rule.expression) for rule in rules]


def _in(lang: Lang, message: str) -> str:
    """The half of "<Chinese> · <English>" that is asked for."""
    zh, _, en = message.partition(" · ")
    return zh if lang == "zh" else en


def _code_rows(enum: EnumDescriptor, lang: Lang) -> Iterator[CodeRow]:
    for value, labels in zip(enum.values, codes(enum), strict=True):
        code = value.GetOptions().Extensions[options_pb2.code]
        yield CodeRow(enum.name, *labels, code.article, code.advice_zh if lang == "zh" else code.advice_en)


def _field_row(field: Field, facet: str, lang: Lang) -> FieldRow:
    rule = "; ".join(_rules(field, lang))
    return FieldRow(field.path, _type(field.descriptor), field.label_zh, field.label_en, f"L{field.level}", facet, rule)


def _type(field: FieldDescriptor) -> str:
    named = field.message_type or field.enum_type
    name = named.name if named else _SCALARS[field.type]
    return f"{name}[]" if field.is_repeated else name


def _rules(field: Field, lang: Lang) -> Iterator[str]:
    rules = field.descriptor.GetOptions().Extensions[validate_pb2.field]
    words, options = _WORDS[lang], field.options
    if options.subject:
        yield f"{words['subject']} {options.subject}"
    if rules.required:
        yield words["required"]
    if options.opening:
        yield words["opening"]
    if options.check:
        yield _label(options_pb2.Check.DESCRIPTOR, options.check, lang) + (
            f" ({words['advisory']})" if options.advisory else ""
        )
    else:
        yield from _text_rules(rules.string, words)
    if rules.bytes.len:
        yield f"{rules.bytes.len} {words['bytes']}"
    if rules.repeated.min_items:
        yield f"≥ {rules.repeated.min_items} {words['items']}"
    if rules.repeated.max_items:
        yield f"≤ {rules.repeated.max_items} {words['items']}"
    if options.code_list:
        yield options.code_list


def _text_rules(rules: validate_pb2.StringRules, words: dict[str, str]) -> Iterable[str]:
    if rules.max_len:
        yield f"≤ {rules.max_len} {words['characters']}"
    if rules.pattern:
        yield rules.pattern


def _label(enum: EnumDescriptor, number: int, lang: Lang) -> str:
    return next(zh if lang == "zh" else en for code, zh, en in codes(enum) if code == number)
