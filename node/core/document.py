"""YAML written by an operator or handed over by another city: parsed with the line of every value, then checked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from node.errors import FileError, Reason

Location = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
# A federation of hundreds of members has fewer; the parser takes seconds for each further one.
MAX_DOCUMENT_CHARS = 1 << 20
# What PyYAML lets slip for a value that is not of its tag, such as `!!int` of nothing or a `!!timestamp` that is none.
_SLIPS = (ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError)


class _Loader(yaml.SafeLoader):
    """No aliases: none of our files needs them, and nested ones expand without bound."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark: yaml.Mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases are not allowed here", mark)
        return super().compose_node(parent, index)


@dataclass(frozen=True)
class Document:
    """Parsed YAML. `lines` maps the path of a value, e.g. ("members", 0, "city"), to its line, counted from 1."""

    path: str
    data: Any
    lines: Mapping[Location, int]

    def line_of(self, location: Location) -> int | None:
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
        FileError: Not YAML, too long, a key given twice, or an alias; with the line.
    """
    if len(text) > MAX_DOCUMENT_CHARS:
        raise FileError(reason, path, f"longer than {MAX_DOCUMENT_CHARS} characters")
    lines: dict[Location, int] = {}
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            raise FileError(reason, path, "the file is empty")
        _note_lines(node, (), lines)
        return Document(path, loader.construct_document(node), lines)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FileError(reason, path, error.problem or "not YAML", mark.line + 1 if mark else None) from None
    except (yaml.YAMLError, *_SLIPS) as error:
        raise FileError(reason, path, f"not YAML: {type(error).__name__}") from None


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
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} is given twice", key.start_mark)
            _note_lines(value, inner, lines)


def read_model(document: Document, model: type[Model], reason: Reason) -> Model:
    """Checks the document against a pydantic model.

    Raises:
        FileError: The first value that does not fit, with its line.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        message = first["msg"].removeprefix("Value error, ")
        where = ".".join(str(part) for part in first["loc"])
        text = f"{where}: {message}" if where else message
        raise FileError(reason, document.path, text, document.line_of(first["loc"])) from None


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines, such as PEM, as blocks a person can compare."""


def _represent_text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)


_Dumper.add_representer(str, _represent_text)


def format_document(data: Any) -> str:
    """YAML of plain data, keys in the order given."""
    return yaml.dump(data, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=1000)
