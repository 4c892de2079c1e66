"""Mapping files: which column of a source feeds which field of a standard, declared in YAML and checked when read."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, PositiveInt

from adapters import person
from adapters.capital import Unit
from adapters.targets import FieldValue, Reader, Target, Word, amount_reader_of, read_constant, reader_of, target_of
from adapters.transforms import TRANSFORMS, Transform
from node.core.document import Document, parse_document, read_model
from node.core.standards.party_key import may_be_registration_number
from node.core.standards.standard import Standard, get
from node.errors import FileError, NodeError, Reason
from node.messages import _
from node.tables.cells import column_name
from node.tables.titles import TITLES
from node.tables.unfit import UnfitError


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Column(_Strict):
    """What a source column is for.

    `words` translate a cell as it stands (null: not stated) before any transform; for a field of codes they come beside
    the labels of the code list, and `word_list` names shipped ones (`penalty_kinds`). A word with a list of labels may
    mean any of them, with [] none of the field, and is refused. The titles of a field of node/tables/titles.py that
    `titles` names are aliases too, so that mappings and rosters know the same. A `fallback`
    column is used where the field is still empty. `others` names the fields of values that have another form:
    a regular expression, or registration_number. `also` names more fields that the column feeds, with the transforms of
    each: {fine: [fine_in_words]}.
    """

    to: str
    transform: list[str] = ["text"]
    words: dict[str, Word] = {}
    word_list: str = ""
    aliases: list[str] = []
    titles: str = ""
    optional: bool = False
    fallback: bool = False
    others: dict[str, str] = {}
    also: dict[str, list[str]] = {}


class _File(_Strict):
    standard: str
    version: PositiveInt
    source: str = Field(min_length=1)
    key: list[str] = Field(min_length=1)
    audience: list[str]
    purpose: str = Field(min_length=1)
    legal_basis: str = Field(min_length=1)
    columns: dict[str, Column] = Field(min_length=1)
    constants: dict[str, str] = {}


_SHIPPED = resources.files("adapters") / "mappings"
_CHINESE = re.compile("[\u4e00-\u9fff]")
_FORMS: dict[str, Callable[[str], object]] = {"registration_number": may_be_registration_number}


class Other(NamedTuple):
    """Another field that a column feeds: with values of this form."""

    has_form: Callable[[str], object]
    target: Target


@dataclass(frozen=True)
class Source:
    """A column of the mapping, ready to read cells. `names`, the best first, are in the spelling of `column_name`.

    `label` is the title for a person: a Chinese one where the column has one.
    `in_unit` makes the reader of a column of amounts from the unit that the table states; None for other columns.
    """

    title: str
    names: tuple[str, ...]
    target: Target
    read: Reader
    optional: bool
    fallback: bool
    others: tuple[Other, ...] = ()
    in_unit: Callable[[Unit], Reader] | None = None
    also: "tuple[tuple[Target, Reader], ...]" = ()
    label: str = ""


@dataclass(frozen=True)
class Mapping:
    """A checked mapping: every transform, field and code in it exists."""

    standard: Standard
    source: str
    key: tuple[str, ...]
    audience: tuple[str, ...]
    purpose: str
    legal_basis: str
    sources: tuple[Source, ...]
    constants: tuple[tuple[Target, FieldValue], ...]


def read_mapping(path: Path, person_key: bytes | None = None) -> Mapping:
    """Reads a mapping file; the name of a shipped one (`registry`) stands for its path, unless a file here has it too.

    Args:
        path: Of the file.
        person_key: The federation's key for ID numbers, where the mapping uses it.

    Raises:
        FileError: INVALID_MAPPING with the line: not YAML, an unknown key, transform, field or code; without one: the
            name of a file and of a shipped mapping.
    """
    if _is_shipped(path):
        return _read_shipped(str(path), person_key)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(
            Reason.INVALID_MAPPING, str(path), _("the file cannot be read: {cause}", cause=_cause(error))
        ) from None
    return parse_mapping(text, str(path), person_key)


def parse_mapping(text: str, path: str, person_key: bytes | None = None) -> Mapping:
    """Checks the text of a mapping file; see `read_mapping`."""
    document = parse_document(text, path, Reason.INVALID_MAPPING)
    return _Check(document, person_key).mapping()


def shipped_mappings() -> list[str]:
    """The names of the mappings that come with the program."""
    return sorted(file.name.removesuffix(".yaml") for file in _SHIPPED.iterdir() if file.name.endswith(".yaml"))


def _is_shipped(path: Path) -> bool:
    if path.name != str(path) or not (_SHIPPED / f"{path}.yaml").is_file():
        return False
    if path.is_file():
        both = _("this names both a file here and a shipped mapping; rename the file or give its full path")
        raise FileError(Reason.INVALID_MAPPING, str(path), both)
    return True


# Read once: a table that lacks columns is held against each of them.
@cache
def _read_shipped(name: str, person_key: bytes | None) -> Mapping:
    return parse_mapping((_SHIPPED / f"{name}.yaml").read_text("utf-8"), name, person_key)


def _cause(error: Exception) -> str:
    return (error.strerror or "") if isinstance(error, OSError) else _("not UTF-8")


class _Check:
    """Turns a document into a mapping; every complaint names its line."""

    def __init__(self, document: Document, person_key: bytes | None) -> None:
        self._document = document
        self._transforms = TRANSFORMS if person_key is None else {**TRANSFORMS, person.NAME: person.id_hmac(person_key)}
        self._file = read_model(document, _File, Reason.INVALID_MAPPING)
        self._standard = self._find_standard()

    def mapping(self) -> Mapping:
        file = self._file
        return Mapping(
            self._standard,
            file.source,
            tuple(self._key(index, name) for index, name in enumerate(file.key)),
            tuple(file.audience),
            file.purpose,
            file.legal_basis,
            tuple(self._source(name, column) for name, column in file.columns.items()),
            tuple(self._constant(path, value) for path, value in file.constants.items()),
        )

    def _find_standard(self) -> Standard:
        try:
            return get(self._file.standard, self._file.version)
        except NodeError as error:
            raise self._error(error.message, "standard") from None

    def _key(self, index: int, name: str) -> str:
        fed = {to for column in self._file.columns.values() for to in (column.to, *column.others, *column.also)}
        if not set(name.split("|")) <= fed:
            raise self._error(_("no column feeds the key {name!r}", name=name), "key", index)
        return name

    def _source(self, name: str, column: Column) -> Source:
        steps = self._steps(name, column.transform)
        words = {**self._word_list(name, column.word_list), **column.words}
        try:
            target = target_of(self._standard, column.to)
            read = reader_of(target, steps, words)
        except UnfitError as error:
            raise self._error(error.message, "columns", name) from None
        if column.titles and column.titles not in TITLES:
            text = _("unknown titles {name!r}; there are {titles}", name=column.titles, titles=list(TITLES))
            raise self._error(text, "columns", name, "titles")
        names = tuple(dict.fromkeys(map(column_name, (name, *column.aliases, *TITLES.get(column.titles, ())))))
        others = tuple(self._other(name, to, form) for to, form in column.others.items())
        in_unit = amount_reader_of(steps, words)
        also = tuple(self._also(name, to, transforms) for to, transforms in column.also.items())
        label = next((each for each in (name, *column.aliases) if _CHINESE.search(each)), name)
        return Source(name, names, target, read, column.optional, column.fallback, others, in_unit, also, label)

    def _also(self, name: str, to: str, transforms: list[str]) -> tuple[Target, Reader]:
        try:
            target = target_of(self._standard, to)
            return target, reader_of(target, self._steps(name, transforms), {})
        except UnfitError as error:
            raise self._error(error.message, "columns", name, "also", to) from None

    def _steps(self, name: str, transforms: list[str]) -> list[Transform]:
        for index, transform in enumerate(transforms):
            if transform == person.NAME and transform not in self._transforms:
                text = _(
                    "{transform} needs the federation's key for ID numbers: --person-key FILE", transform=transform
                )
                raise self._error(text, "columns", name, "transform", index)
            if transform not in self._transforms:
                known = [*TRANSFORMS, person.NAME]
                text = _("unknown transform {name!r}; there are {transforms}", name=transform, transforms=known)
                raise self._error(text, "columns", name, "transform", index)
        return [self._transforms[step] for step in transforms]

    def _word_list(self, column: str, name: str) -> dict[str, Word]:
        file = resources.files("adapters") / "word_lists" / f"{name}.yaml"
        if not name:
            return {}
        if not re.fullmatch(r"[a-z_]+", name) or not file.is_file():
            raise self._error(_("unknown word list {name!r}", name=name), "columns", column, "word_list")
        words: dict[str, Word] = parse_document(file.read_text("utf-8"), file.name, Reason.INVALID_MAPPING).data
        return words

    def _other(self, name: str, to: str, form: str) -> Other:
        try:
            return Other(_FORMS.get(form) or re.compile(form, re.ASCII).fullmatch, target_of(self._standard, to))
        except (UnfitError, re.error) as error:
            raise self._error(str(getattr(error, "message", error)), "columns", name, "others", to) from None

    def _constant(self, path: str, value: str) -> tuple[Target, FieldValue]:
        try:
            target = target_of(self._standard, path)
            return target, read_constant(target, value)
        except UnfitError as error:
            raise self._error(error.message, "constants", path) from None

    def _error(self, message: str, *location: str | int) -> FileError:
        return FileError(Reason.INVALID_MAPPING, self._document.path, message, self._document.summary_of(location))
