"""Data standards: read from the protos by reflection, never written out twice.

A standard is a message of `node.standard.v1` with the `standard` option. Its fields are divided into facets, which are
disclosed or withheld whole. The body of a facet is the same message with only that facet's fields, so that the bodies
a peer may see, put one after the other, parse as the record it may see.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import import_module
from operator import attrgetter
from pkgutil import walk_packages
from typing import Any

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message

import node.stubs.standard
from node.core.standards.bounds import bounds_of
from node.core.standards.days import is_later
from node.core.standards.public_texts import public_texts, restricted_names
from node.core.standards.rows import Rows, facet_type
from node.core.standards.validation import Finding, Validation
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.standard.v1 import options_pb2

_FUTURE = "what has happened is not dated after today · 已发生事项的日期不得晚于今日"
# Nothing in a body of this size is long enough to cost a reader anything; most registrations are smaller.
_HARMLESS_BYTES = 1024


@dataclass(frozen=True)
class Field:
    """A field of a standard or (`licences[].number`) of a message within it.

    `level` is 1..4 (L1..L4), `facet` the number of the facet it is disclosed with.
    """

    path: str
    level: int
    facet: int
    label_zh: str
    label_en: str
    options: options_pb2.FieldOptions
    descriptor: FieldDescriptor


@dataclass(frozen=True)
class Facet:
    """A set of fields disclosed together; `level` is the highest of its fields."""

    number: int
    name: str
    label_zh: str
    label_en: str
    level: int
    message_type: type[Message]


class Standard:
    """An agreed record type in one version."""

    def __init__(self, descriptor: Descriptor) -> None:
        options = descriptor.GetOptions().Extensions[options_pb2.standard]
        self.name: str = options.name
        self.version: int = options.version
        self.label_zh: str = options.label_zh
        self.label_en: str = options.label_en
        self.descriptor = descriptor
        self.message_type: type[Message] = message_factory.GetMessageClass(descriptor)
        self.fields = tuple(_fields(descriptor))
        self.facets = tuple(_facets(descriptor, self.fields, options.facets))
        self._facet_types = tuple(facet.message_type for facet in self.facets)
        keys = [field for field in self.fields if field.options.subject]
        # Apart, because millions of registrations have flat keys alone.
        self._flat = [(field.options.subject, field.path) for field in keys if _is_flat(field)]
        self._deep = [(field.options.subject, _reader(field.path)) for field in keys if not _is_flat(field)]
        self._happened = [(field, _reader(field.path)) for field in self.fields if field.options.happened]
        self.own_numbers = tuple(field for field in self.fields if field.options.own_number)
        self._validation = Validation(descriptor)
        self._public_texts = public_texts(descriptor, (facet.number for facet in self.facets if facet.level == 1))
        # An ID number is of level 4: no name of a person that others may read is the place for it.
        self._names = restricted_names(descriptor, (facet.number for facet in self.facets if 1 < facet.level < 4))
        self._bounds = bounds_of(descriptor)
        self.rows = Rows(self.message_type, self._facet_types)

    def parse(self, body: bytes) -> Message:
        """The message in `body`.

        Raises:
            NodeError: INVALID_FIELD, not this standard's message, or with fields the standard does not have.
        """
        message = self._decode(self.message_type, body)
        self._check_known(message)
        return message

    def findings(self, message: Message) -> list[Finding]:
        """Errors and warnings of a message; a record with an error is not taken in."""
        return [
            *self._validation.findings(message),
            *self._public_texts.findings(message),
            *self._names.findings(message),
        ]

    def mask_personal(self, message: Message) -> None:
        """Hides the numbers of persons in the free texts that everybody may read, in place."""
        self._public_texts.mask(message)

    def days_to_come(self, message: Message, today: date) -> list[Field]:
        """The fields that state a later day than `today`, in Shanghai, of what they say has happened."""
        return [
            field for field, read in self._happened if any(value and is_later(value, today) for value in read(message))
        ]

    def future_findings(self, message: Message, today: date) -> list[Finding]:
        """An error for each day to come; `today` is the day in Shanghai on which a row is handed in."""
        return [Finding(field.path, "future_day", _FUTURE) for field in self.days_to_come(message, today)]

    def subjects(self, message: Message) -> list[str]:
        """Keys of what the record is about, `<kind>:<value>`, e.g. `uscc:914300007121944054`; bytes in hexadecimal."""
        keys = [f"{kind}:{value}" for kind, name in self._flat if (value := getattr(message, name))]
        if self._deep:
            keys += [f"{kind}:{value}" for kind, read in self._deep for value in read(message) if value]
        return keys

    def split(self, body: bytes) -> tuple[bytes, ...]:
        """The canonical body of each facet, in order; empty where it has no field. Unknown fields fall away.

        Raises:
            NodeError: INVALID_FIELD, not this standard's message.
        """
        return tuple(self._only(facet_type, body) for facet_type in self._facet_types)

    def merge(self, facet_bodies: Iterable[bytes]) -> Message:
        """The message of the facets that are disclosed, in any order: the one place where a record's body is read.

        Whoever wrote it, what comes back is of this standard, and no value in it is longer than the standard says.

        Raises:
            NodeError: INVALID_FIELD, not this standard's message, with fields that the standard does not have, or
                with a value that is too long; it names the field and holds no value.
        """
        body = b"".join(facet_bodies)
        message = self._decode(self.message_type, body)
        self._check_known(message)
        if len(body) > _HARMLESS_BYTES and (path := self._bounds.broken(message)):
            raise NodeError(
                Reason.INVALID_FIELD, _("{path} is beyond what {title} allows", path=path, title=_title(self))
            )
        return message

    def _check_known(self, message: Message) -> None:
        size = message.ByteSize()
        message.DiscardUnknownFields()
        if message.ByteSize() != size:
            raise NodeError(
                Reason.INVALID_FIELD, _("the body has fields that {title} does not have", title=_title(self))
            )

    def _only(self, facet_type: type[Message], body: bytes) -> bytes:
        message = self._decode(facet_type, body)
        message.DiscardUnknownFields()
        return message.SerializeToString(deterministic=True)

    def _decode(self, message_type: type[Message], body: bytes) -> Message:
        try:
            return message_type.FromString(body)
        except DecodeError:
            raise NodeError(Reason.INVALID_FIELD, _("the body is not a {title}", title=_title(self))) from None


@cache
def standards() -> tuple[Standard, ...]:
    """Every standard there is, by name and version."""
    names = [info.name for info in walk_packages(node.stubs.standard.__path__, f"{node.stubs.standard.__name__}.")]
    files = [import_module(name).DESCRIPTOR for name in names if name.endswith("_pb2")]
    messages = [message for file in files for message in file.message_types_by_name.values()]
    known = [Standard(message) for message in messages if message.GetOptions().HasExtension(options_pb2.standard)]
    return tuple(sorted(known, key=lambda standard: (standard.name, standard.version)))


def get(name: str, version: int | None = None) -> Standard:
    """A standard by name and version; the newest where no version is asked for.

    Raises:
        NodeError: UNKNOWN_STANDARD.
    """
    standard = _by_key().get((name, version))
    if standard is None:
        asked = f"{name[:80]!r}" + (f" v{version}" if version is not None else "")
        known = ", ".join(map(_title, standards()))
        raise NodeError(Reason.UNKNOWN_STANDARD, _("no standard {asked}; there are {known}", asked=asked, known=known))
    return standard


@cache
def _by_key() -> dict[tuple[str, int | None], Standard]:
    newest: dict[tuple[str, int | None], Standard] = {(standard.name, None): standard for standard in standards()}
    return newest | {(standard.name, standard.version): standard for standard in standards()}


def _title(standard: Standard) -> str:
    return f"{standard.name} v{standard.version}"


def codes(enum: EnumDescriptor) -> list[tuple[int, str, str]]:
    """The codes of a code list: number, Chinese and English label."""
    labels = ((value, value.GetOptions().Extensions[options_pb2.code]) for value in enum.values)
    prefix = len(enum.values[0].name.removesuffix("UNSPECIFIED"))
    return [(value.number, label.label_zh, label.label_en or _words(value.name[prefix:])) for value, label in labels]


def _words(name: str) -> str:
    """An English label from a name: `legal_representative` is `Legal representative`."""
    return name.replace("_", " ").capitalize()


def _is_flat(field: Field) -> bool:
    return "." not in field.path and field.descriptor.type == FieldDescriptor.TYPE_STRING


def _reader(path: str) -> Callable[[Message], Iterable[Any]]:
    """What reads the values of the field at a path such as `name`, `party.uscc` or `parties[].uscc`."""
    name, _, rest = path.partition(".")
    if name.endswith("[]"):
        items, read_item = attrgetter(name[:-2]), _reader(rest)
        return lambda message: (value for item in items(message) for value in read_item(item))
    if rest:
        # Reading through a message that is not set gives the field's default.
        within, read = attrgetter(name), _reader(rest)
        return lambda message: read(within(message))
    value = attrgetter(name)
    return lambda message: (_text(value(message)),)


def _text(value: Any) -> Any:
    return value.hex() if isinstance(value, bytes) else value


def _fields(descriptor: Descriptor, prefix: str = "", level: int = 0, facet: int = 0) -> Iterator[Field]:
    """The fields of a message and of those within it, which have at least its level and go with its facet."""
    for declared in descriptor.fields:
        options = declared.GetOptions().Extensions[options_pb2.field]
        label_en = options.label_en or _words(declared.name)
        field = Field(
            path=prefix + declared.name,
            level=max(level, options.level),
            facet=facet or options.facet,
            label_zh=options.label_zh,
            label_en=label_en,
            options=options,
            descriptor=declared,
        )
        yield field
        if declared.message_type:
            within = f"{field.path}[]." if declared.is_repeated else f"{field.path}."
            yield from _fields(declared.message_type, within, field.level, field.facet)


def _facets(
    descriptor: Descriptor, fields: tuple[Field, ...], options: Iterable[options_pb2.FacetOptions]
) -> Iterator[Facet]:
    for facet in options:
        level = max(field.level for field in fields if field.facet == facet.number)
        message_type = facet_type(descriptor, facet.number)
        yield Facet(facet.number, facet.name, facet.label_zh, facet.label_en, level, message_type)
