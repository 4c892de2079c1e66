"""The texts of a standard that everybody may read, its names, and the personal data that must not stand in them."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import Message

from node.core.standards.party_key import may_be_registration_number
from node.core.standards.personal import Kind, find_personal, is_registration_number, mask_personal, none_personal
from node.core.standards.validation import Finding, options_of
from node.stubs.buf.validate import validate_pb2
from node.stubs.standard.v1 import options_pb2

FREE_TEXT_CHARS = 500
"""A text of that many characters is written by a person; a shorter one is a name, a number or a code."""

_REASONS = {
    Kind.ID_NUMBER: "an ID number of a person stands in a text that everybody may read",
    Kind.BANK_CARD: "the number of a bank card stands in a text that everybody may read",
    Kind.MOBILE: "a mobile telephone number stands in a text that everybody may read",
}
# Nothing but a code, a day or a division passes these.
_CLOSED = frozenset(
    (
        options_pb2.CHECK_USCC,
        options_pb2.CHECK_RESIDENT_ID,
        options_pb2.CHECK_GTIN,
        options_pb2.CHECK_REGION,
        options_pb2.CHECK_DATE,
    )
)
_IN_A_NAME = "an ID number of a person stands in a name; take it out"
_REGISTRATION_NUMBER = "reg"
_OLD_ID_CHARS = 15
_SUM = "Capital"


class PublicTexts:
    """The texts within the fields of a message; all of them, where those fields are of public facets.

    In a free text a number of a person warns and can be masked. In any other it is refused: that field is not for it.

    Args:
        fields: Of the message.
        names_only: Look for ID numbers in names of persons alone, which fewer may read: 法定代表人.
    """

    def __init__(self, fields: Iterable[FieldDescriptor], *, names_only: bool = False) -> None:
        declared = list(fields)
        of, is_looked_at = (_Text.of_name, _is_name) if names_only else (_Text.of, _is_open_text)
        self._texts = [of(field) for field in declared if is_looked_at(field)]
        within = [
            (part, PublicTexts(part.message_type.fields, names_only=names_only))
            for part in declared
            if part.message_type
        ]
        self._messages = [(part.name, part.is_repeated, texts) for part, texts in within if texts]

    def __bool__(self) -> bool:
        return bool(self._texts or self._messages)

    def mask(self, message: Message) -> None:
        """Hides the numbers of persons in the free texts of a message, in place."""
        for text in self._texts:
            if text.is_free and text.is_repeated:
                values = getattr(message, text.name)
                values[:] = map(mask_personal, values)
            elif text.is_free and (value := getattr(message, text.name)):
                setattr(message, text.name, mask_personal(value))
        for name, is_repeated, texts in self._messages:
            for _, item in _items(message, name, is_repeated):
                texts.mask(item)

    def findings(self, message: Message, path: str = "") -> Iterator[Finding]:
        """One for each kind of number in each text that holds one; `path` leads to the message."""
        for text in self._texts:
            value = getattr(message, text.name)
            if text.is_repeated:
                for position, item in enumerate(value):
                    yield from text.findings(item, f"{path}{text.name}[{position}]")
            elif value:
                yield from text.findings(value, path + text.name)
        for name, is_repeated, texts in self._messages:
            for at, item in _items(message, name, is_repeated):
                yield from texts.findings(item, f"{path}{name}{at}.")


class _Text(NamedTuple):
    """A field of texts. `kinds` are not allowed in it."""

    name: str
    is_repeated: bool
    is_free: bool
    kinds: frozenset[Kind]
    holds_registration_numbers: bool
    reasons: dict[Kind, str] = _REASONS

    @classmethod
    def of(cls, field: FieldDescriptor) -> "_Text":
        rules = field.GetOptions().Extensions[validate_pb2.field]
        most = (rules.repeated.items.string if field.is_repeated else rules.string).max_len
        is_sum = field.containing_type is not None and field.containing_type.name == _SUM
        # The words of a sum of money may well be eleven digits.
        kinds = (Kind.ID_NUMBER,) if is_sum else tuple(Kind)
        subject = options_of(field).subject
        return cls(
            field.name, field.is_repeated, most >= FREE_TEXT_CHARS, frozenset(kinds), subject == _REGISTRATION_NUMBER
        )

    @classmethod
    def of_name(cls, field: FieldDescriptor) -> "_Text":
        kind = Kind.ID_NUMBER
        return cls(field.name, field.is_repeated, False, frozenset((kind,)), False, {kind: _IN_A_NAME})

    def findings(self, value: str, path: str) -> Iterator[Finding]:
        if not self.is_free and self._is_number_of_an_operator(value):
            return
        for kind in dict.fromkeys(personal.kind for personal in find_personal(value)):
            if kind in self.kinds:
                yield Finding(path, kind, self.reasons[kind], warning=self.is_free)

    def are_right(self, values: Iterable[str]) -> bool:
        """Whether there is nothing to find in any of the values."""
        return none_personal(values) or not any(True for value in values for _ in self.findings(value, ""))

    def _is_number_of_an_operator(self, value: str) -> bool:
        """Older registration numbers, some with a suffix, and ID numbers of before 1999 both have 15 digits."""
        if self.holds_registration_numbers:
            return value[:_OLD_ID_CHARS].isdigit() and may_be_registration_number(value)
        return len(value) == _OLD_ID_CHARS and is_registration_number(value)


def public_texts(descriptor: Descriptor, facets: Iterable[int]) -> PublicTexts:
    """The texts of a standard's message in the facets of these numbers."""
    return PublicTexts(_in_facets(descriptor, facets))


def restricted_names(descriptor: Descriptor, facets: Iterable[int]) -> PublicTexts:
    """The names of persons in the facets of these numbers of a standard's message: no ID number may stand in them."""
    return PublicTexts(_in_facets(descriptor, facets), names_only=True)


def text_of(field: FieldDescriptor, level: int) -> _Text | None:
    """What must not stand in a field, in a facet of that level or in a message within one; None where all may."""
    if level == 1:
        return _Text.of(field) if _is_open_text(field) else None
    # An ID number is of level 4: no name of a person that others may read is the place for it.
    return _Text.of_name(field) if level < 4 and _is_name(field) else None


def _in_facets(descriptor: Descriptor, facets: Iterable[int]) -> list[FieldDescriptor]:
    numbers = frozenset(facets)
    return [field for field in descriptor.fields if options_of(field).facet in numbers]


def _is_name(field: FieldDescriptor) -> bool:
    return field.type == FieldDescriptor.TYPE_STRING and options_of(field).names_person


def _is_open_text(field: FieldDescriptor) -> bool:
    return field.type == FieldDescriptor.TYPE_STRING and options_of(field).check not in _CLOSED


def _items(message: Message, name: str, is_repeated: bool) -> Iterator[tuple[str, Message]]:
    if is_repeated:
        yield from ((f"[{position}]", item) for position, item in enumerate(getattr(message, name)))
    elif message.HasField(name):
        yield "", getattr(message, name)
