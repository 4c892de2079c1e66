"""YAML written by an operator or handed over by another city: parsed with the line of every value, then checked."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from node.errors import FileError, Reason
from node.messages import Message, _, both

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Location = tuple[str | int, ...]
# In the place of what speaks of patterns and classes.
_ENGLISH = {
    "string_pattern_mismatch": "not of the right form",
    "model_type": "must hold names with values",
    "dict_type": "must hold names with values",
}
# What pydantic says most often, by its type of error.
_CHINESE = {
    "missing": "缺少必填项",
    "bool_parsing": "应为 true 或 false",
    "enum": "不是规定的取值",
    "finite_number": "应为有限的数",
    "float_parsing": "应为数字",
    "float_type": "应为数字",
    "greater_than": "数值过小",
    "greater_than_equal": "数值过小",
    "int_parsing": "应为整数",
    "int_type": "应为整数",
    "int_from_float": "应为整数",
    "less_than_equal": "数值过大",
    "list_type": "应为列表",
    "tuple_type": "应为列表",
    "literal_error": "不是规定的取值",
    "model_type": "应为若干“名称: 值”",
    "dict_type": "应为若干“名称: 值”",
    "path_type": "应为路径",
    "string_pattern_mismatch": "格式不对",
    "string_too_long": "过长",
    "string_too_short": "过短",
    "string_type": "应为文字",
    "too_long": "过多",
    "too_short": "过少",
}
Model = TypeVar("Model", bound=BaseModel)
# A federation of hundreds of members has fewer; the parser takes seconds for each further one.
MAX_DOCUMENT_CHARS = 1 << 20
# The deepest of our files, legal_rules.yaml, has 6 levels.
MAX_DEPTH = 32
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})")
_FRACTION = re.compile(r"-?(?:0|[1-9][0-9]{0,18})(?:\.[0-9]{1,30})?(?:[eE][-+]?[0-9]{1,2})?|-?\.inf|\.nan")
# What PyYAML lets slip for a value that is not of its tag, such as `!!int` of nothing or a `!!timestamp` that is none.
_SLIPS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)


class _Loader(yaml.SafeLoader):
    """No aliases: none of our files needs them, and nested ones expand without bound. No depth without bound either."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark: yaml.Mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, _("aliases are not allowed here"), mark)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, _("nested too deeply"), mark)
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def _construct_day(_loader: yaml.SafeLoader, node: yaml.Node) -> date:
    return date.fromisoformat(str(node.value))


def _construct_number(_loader: yaml.SafeLoader, node: yaml.Node) -> int | float:
    text = str(node.value)
    if isinstance(node, yaml.ScalarNode) and _INTEGER.fullmatch(text):
        return int(text)
    if isinstance(node, yaml.ScalarNode) and _FRACTION.fullmatch(text):
        return float(text.replace(".", "", 1) if text.endswith((".inf", ".nan")) else text)
    raise yaml.constructor.ConstructorError(None, None, _("not a decimal number"), node.start_mark)


# What YAML 1.2's core schema reads, and days: 1:59:59 is no number (computing it takes seconds for a megabyte), 0644 no
# octal, 2026-01-01 10:00 no moment of some zone, NO no truth value.
_Loader.yaml_implicit_resolvers = {}
for _tag, _form, _first in (
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("bool", r"true|True|TRUE|false|False|FALSE", list("tTfF")),
    ("int", _INTEGER.pattern, list("-0123456789")),
    ("timestamp", r"[0-9]{4}-[0-9]{2}-[0-9]{2}", list("0123456789")),
    ("float", _FRACTION.pattern, list("-.0123456789")),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(rf"(?:{_form})\Z"), _first)
_Loader.yaml_constructors = {**_Loader.yaml_constructors}
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _construct_day)
for _tag in ("int", "float"):
    _Loader.add_constructor(f"tag:yaml.org,2002:{_tag}", _construct_number)


@dataclass(frozen=True)
class Document:
    """Parsed YAML. `lines` maps the path of a value, e.g. ("members", 0, "city"), to its line, counted from 1."""

    path: str
    data: Any
    lines: Mapping[Location, int]

    def summary_of(self, location: Location) -> int | None:
        """Line of the value at `location`, or of the nearest value around it."""
        for end in range(len(location), -1, -1):
            if (line := self.lines.get(location[:end])) is not None:
                return line
        return None


def parse_document(text: str, path: str, reason: Reason) -> Document:
    """Parses one YAML document.

    Args:
        text: YAML.
        path: Name of the file in error texts.
        reason: Reason code of the errors raised.

    Raises:
        FileError: Not YAML, too long, too deep, a key given twice, or an alias; with the line.
    """
    if len(text) > MAX_DOCUMENT_CHARS:
        raise FileError(
            reason, path, _("longer than {MAX_DOCUMENT_CHARS} characters", MAX_DOCUMENT_CHARS=MAX_DOCUMENT_CHARS)
        )
    lines: dict[Location, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise FileError(reason, path, _("the file is empty"))
        _note_lines(node, (), lines)
        return Document(path, loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FileError(reason, path, error.problem or "not YAML", mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, *_SLIPS) as error:
        raise FileError(reason, path, _("not YAML: {error}", error=type(error).__name__)) from None


def _note_lines(node: yaml.Node, location: Location, lines: dict[Location, int]) -> None:
    lines[location] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            _note_lines(item, (*location, index), lines)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            inner = (*location, str(key.value))
            # PyYAML silently keeps the last of two equal keys; in a file of trust that must not pass.
            if inner in lines:
                raise yaml.constructor.ConstructorError(
                    None, None, _("{value} is given twice", value=key.value), key.start_mark
                )
            _note_lines(value, inner, lines)


def read_model(document: Document, model: type[Model], reason: Reason) -> Model:
    """Checks the document against a pydantic model.

    Raises:
        FileError: The first value that does not fit, with its line.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise next(_errors_of(document, model, reason, error)) from None


def model_errors(document: Document, model: type[BaseModel], reason: Reason) -> list[FileError]:
    """Every value of the document that does not fit the model, with its line."""
    try:
        model.model_validate(document.data)
    except ValidationError as error:
        return list(_errors_of(document, model, reason, error))
    return []


def _errors_of(
    document: Document, model: type[BaseModel], reason: Reason, error: ValidationError
) -> Iterator[FileError]:
    for detail in error.errors(include_url=False, include_input=False):
        yield FileError(reason, document.path, _words(detail, model), document.summary_of(detail["loc"]))


def _words(error: "ErrorDetails", model: type[BaseModel]) -> Message:
    where = ".".join(str(part) for part in error["loc"])
    message, kind = error["msg"].removeprefix("Value error, "), error["type"]
    if kind == "extra_forbidden":
        near = get_close_matches(str(error["loc"][-1]), _names(model, error["loc"][:-1]), 1)
        message = "there is no such entry" + (f"; did you mean {near[0]}?" if near else "")
        chinese = "没有这一项" + (f"，是否应为 {near[0]}" if near else "")
    else:
        chinese = _CHINESE.get(kind, "")
    message = _ENGLISH.get(kind, message)
    text = both(message, chinese or message)
    return _("{where}: {message}", where=where, message=text) if where else text


def _names(model: type[BaseModel], location: Location) -> list[str]:
    """The names that stand in the part of a document at `location`; none where that cannot be said."""
    at: Any = model
    for part in location:
        if isinstance(part, str):
            fields = at.model_fields if isinstance(at, type) and issubclass(at, BaseModel) else {}
            at = _model_in(fields[part].annotation) if part in fields else None
    return list(at.model_fields) if at is not None else []


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model that a field holds, alone, in a list, or optionally."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((model for argument in get_args(annotation) if (model := _model_in(argument))), None)


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines, such as PEM, as blocks a person can compare."""


# PyYAML would write them as they are, and a reader takes each for the end of a line.
_OTHER_LINE_ENDS = re.compile("[\r\x85\u2028\u2029]")


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = '"' if _OTHER_LINE_ENDS.search(text) else "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent_text)
# A text that `_Loader` takes for a number is quoted: PyYAML by itself quotes 1.0e+3 alone, and not 1e3.
_Dumper.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(rf"(?:{_FRACTION.pattern})\Z"), list("-.0123456789")
)


def format_document(data: Any) -> str:
    """YAML of plain data, keys in the order given."""
    return yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000)
