"""Fields of a standard that a column can feed, and how a cell becomes a field's value."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from google.protobuf.descriptor import EnumDescriptor, FieldDescriptor

from adapters.capital import Unit
from adapters.noted import Noted
from adapters.transforms import Step, Transform, Value, text
from adapters.words import Meaning, Unclear, word_reader
from node.core.standards.standard import Standard, codes
from node.messages import _
from node.tables.cells import clean
from node.tables.unfit import UnfitError

Word = str | list[str] | None
"""A code by its label; several that a word of codes may mean, or [] for none of the list; None is not stated."""
FieldValue = str | bytes | int | list[int] | dict[str, str | int] | Noted | None
Reader = Callable[[str], FieldValue]


@dataclass(frozen=True)
class Target:
    """A field by its path. `name` is the standard's own field, `child` the one within it ("" where there is none)."""

    path: str
    name: str
    child: str
    descriptor: FieldDescriptor


def target_of(standard: Standard, path: str) -> Target:
    """The field at a path such as `registered_address.region6`.

    Raises:
        UnfitError: No such field, or one that a column of a table cannot feed.
    """
    descriptor = {field.path: field.descriptor for field in standard.fields}.get(path)
    if descriptor is None:
        raise UnfitError(
            "no_field",
            _(
                "{standard} v{version} has no field {path!r}",
                standard=standard.name,
                version=standard.version,
                path=path,
            ),
        )
    if not _is_fed(descriptor):
        raise UnfitError("no_field", _("a column cannot feed {path!r}, a list of messages", path=path))
    name, _dot, child = path.partition(".")
    return Target(path, name, child, descriptor)


def _is_fed(field: FieldDescriptor) -> bool:
    return bool(field.enum_type) or (not field.is_repeated and field.type in _FED)


_FED = (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES, FieldDescriptor.TYPE_MESSAGE)


def reader_of(target: Target, transforms: Sequence[Transform], words: Mapping[str, Word]) -> Reader:
    """What turns a cell into the field's value: clean, then words, then transforms. It raises UnfitError as they do.

    Raises:
        UnfitError: The transforms or words do not suit the field.
    """
    if enum := target.descriptor.enum_type:
        meanings = {word: _meaning(enum, code) for word, code in words.items()}
        return word_reader(_labels(enum) | meanings, is_list=target.descriptor.is_repeated)
    _check_steps(target, transforms)
    if any(isinstance(text, list) for text in words.values()):
        raise UnfitError("no_field", _("a word for {path!r} has one meaning: the field is no code", path=target.path))
    if words and _is_bytes(target):
        raise UnfitError("no_field", _("words cannot stand for {path!r}", path=target.path))
    steps = [transform.step for transform in transforms if transform.step is not text]
    return _text_reader(_composed(steps or [text]), words) if steps or words else clean


def amount_reader_of(transforms: Sequence[Transform], words: Mapping[str, Word]) -> Callable[[Unit], Reader] | None:
    """What makes the reader of a column of amounts once the unit around them is known; None for any other column."""
    in_unit = transforms[-1].in_unit if transforms else None
    if in_unit is None:
        return None
    before = [transform.step for transform in transforms[:-1] if transform.step is not text]
    return lambda unit: _text_reader(_composed([*before, in_unit(unit)]), words)


def read_constant(target: Target, value: str) -> FieldValue:
    """The value of a field that is the same in every row.

    Raises:
        UnfitError: The field is no text and no code, or does not know the code.
    """
    if target.descriptor.message_type or target.descriptor.is_repeated or _is_bytes(target):
        raise UnfitError("no_field", _("a constant cannot fill {path!r}", path=target.path))
    enum = target.descriptor.enum_type
    return _code(enum, value) if enum else value


def _check_steps(target: Target, transforms: Sequence[Transform]) -> None:
    *before, last = transforms or [Transform(text)]
    if last.is_bytes is not _is_bytes(target):
        needs = _("{path!r} needs the transform id_hmac", path=target.path)
        refuses = _("{path!r} is a text, which id_hmac cannot fill", path=target.path)
        raise UnfitError("no_field", needs if _is_bytes(target) else refuses)
    if any(transform.fields or transform.is_bytes for transform in before):
        raise UnfitError("no_field", _("a transform that fills several fields must be the last"))
    message = target.descriptor.message_type
    if message is None and last.fields:
        fields = sorted(last.fields)
        raise UnfitError(
            "no_field", _("{path!r} is a text; the transform fills {fields}", path=target.path, fields=fields)
        )
    if message is not None and not (last.fields and last.fields <= set(message.fields_by_name)):
        needs = _("no transform fills {path!r}: {fields}", path=target.path, fields=list(message.fields_by_name))
        raise UnfitError("no_field", needs)


def _is_bytes(target: Target) -> bool:
    return target.descriptor.type == FieldDescriptor.TYPE_BYTES


def _composed(steps: Sequence[Step]) -> Step:
    """One step of several; a step that yields no text ends it."""
    if len(steps) == 1:
        return steps[0]

    def step(cell: str) -> Value | Noted:
        value: Value | Noted = cell
        for each in steps:
            if not isinstance(value, str):
                return value
            value = each(value)
        return value

    return step


def _text_reader(step: Step, words: Mapping[str, Word]) -> Reader:
    texts = {word: text for word, text in words.items() if not isinstance(text, list)}

    def read(cell: str) -> FieldValue:
        cleaned = clean(cell)
        if cleaned is None:
            return None
        return texts[cleaned] if cleaned in texts else step(cleaned)

    return read


def _labels(enum: EnumDescriptor) -> dict[str, int | None]:
    """Labels and names of a code list; what is not stated has none of them, and no number stands for a code in a cell.

    A source that writes numbers has a list of its own.
    """
    named = {value.name: value.number for value in enum.values}
    labelled = {label: number for number, *labels in codes(enum) for label in labels}
    return {word: number for word, number in (named | labelled).items() if number}


def _meaning(enum: EnumDescriptor, word: Word) -> Meaning:
    if not isinstance(word, list):
        return None if word is None else _code(enum, word)
    labels = {number: label for number, label, _ in codes(enum)}
    return Unclear(tuple(labels[_code(enum, each) or 0] for each in word))


def _code(enum: EnumDescriptor, word: str) -> int | None:
    """The code that a mapping means: by its label, name or number."""
    known = _labels(enum) | {str(value.number): value.number for value in enum.values if value.number}
    if word not in known:
        raise UnfitError(
            "unknown_word", _("{word!r} stands for no code of {code_list}", word=word, code_list=enum.name)
        )
    return known[word]
