"""Rows of a source, what is wrong with them, and the bodies of a standard that a mapping makes of them."""

import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from adapters.amounts import Amounts
from adapters.columns import Bound, bind
from adapters.mapping import Mapping, Other
from adapters.noted import Noted
from adapters.targets import FieldValue, Reader
from node.core.reason_texts import explained
from node.messages import Message, _
from node.tables.cells import NULLS, clean
from node.tables.damage import find_doubt
from node.tables.raw_row import Span
from node.tables.unfit import UnfitError

# What a node takes in one row.
MAX_BODY_BYTES = 256 * 1024

_OF_1904 = _(
    "the workbook counts days from 1904, so a number without a date format may be four years off; "
    "format the column as dates"
)
_ANOTHER_SUM = _("the text names another sum than the column of amounts, which is taken; check the unit of the column")
# Fields that say who a row is about: by a code, and by a name.
_CODES = frozenset({"uscc", "legacy_number"})
_NAMES = frozenset({"name"})
_INDEX = re.compile(r"\[\d+\]")


class Problem(NamedTuple):
    """Why a row is rejected, or what is to be looked at in it.

    `value` is the source's own cell: for the operator's report, never for a log.
    """

    column: str
    value: str
    reason: str
    message: str

    @property
    def text(self) -> Message:
        """The message in both languages."""
        return explained(self.reason, self.message)


class Row(NamedTuple):
    """A row as its source holds it; `line` is where it begins in `file`, counted from 1.

    `shared` says where its cells are merged with those of other rows.
    """

    file: str
    line: int
    cells: list[str]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()
    shared: Sequence[Span] = ()


class Body(NamedTuple):
    """A row as a record: its idempotency key, the standard's message, serialised, and what is to be looked at."""

    key: str
    body: bytes
    notes: tuple[Problem, ...] = ()


class Mapper:
    """A mapping bound to the columns of one file."""

    def __init__(
        self,
        mapping: Mapping,
        columns: Sequence[str],
        path: str,
        *,
        notes: Sequence[str] = (),
        mask_personal: bool = False,
        counts_from_1904: bool = False,
    ) -> None:
        """Binds.

        Args:
            mapping: What each column is for.
            columns: Names of the file's columns, in order.
            path: The file's name in error texts.
            notes: Lines around the table, such as 单位：万元.
            mask_personal: Hide the numbers of persons in free texts that everybody may read.
            counts_from_1904: Whether the workbook counts its days so: a bare number in it is no day.

        Raises:
            FileError: INVALID_ARGUMENT, a column that the mapping needs is missing or there twice.
        """
        self._mapping = mapping
        self.columns = columns
        bound = bind(mapping.sources, columns, path, notes)
        signs = {place for each in bound.values() for place in each.signs}
        self.unused = [name for index, name in enumerate(columns) if index not in bound and index not in signs]
        # Fallbacks last: they look at what the others found.
        steps = [step for index, each in bound.items() for step in _steps(index, each, columns)]
        self._steps = sorted(steps, key=lambda step: step.fallback)
        self._by_path = [
            (target.path, index)
            for index, (source, *_) in bound.items()
            for target in (
                source.target,
                *(other.target for other in source.others),
                *(also for also, _ in source.also),
            )
        ]
        self._key_places = [
            [index for stated in part.split("|") for path, index in self._by_path if path == stated]
            for part in mapping.key
        ]
        self._sums = {index for index, each in bound.items() if each.source.in_unit}
        self._codes, self._names = (
            {index for path, index in self._by_path if path.rpartition(".")[2] in fields} for fields in (_CODES, _NAMES)
        )
        self._mask = mapping.standard.mask_personal if mask_personal else None
        self._counts_from_1904 = counts_from_1904
        self._constants = [(target.name, target.child, value) for target, value in mapping.constants]
        self._message = mapping.standard.message_type

    def map(self, cells: Sequence[str], shared: Sequence[Span] = ()) -> Body | tuple[Problem, ...]:
        """The record of a row, or everything that is wrong with the row.

        Args:
            cells: As many as there are columns.
            shared: Where they are merged with those of other rows.
        """
        if shared and (merged := self._merged(cells, shared)):
            return merged
        fields: dict[str, Any] = {}
        problems: list[Problem] = []
        notes: list[Problem] = []
        for index, read, name, child, fallback, is_also, others, amounts in self._steps:
            if fallback and _has(fields, name, child):
                notes += self._another_sum(index, cells[index], read, fields[name]) if is_also else ()
                continue
            try:
                value = read(cells[index]) if amounts is None else amounts.read(cells[index], cells)
            except UnfitError as unfit:
                problems.append(Problem(self.columns[index], cells[index], unfit.reason, unfit.message))
                continue
            if isinstance(value, Noted):
                value, *remark = value
                if self._counts_from_1904 and remark[0] == "date_serial":
                    problems.append(Problem(self.columns[index], cells[index], "date_ambiguous", _OF_1904))
                    continue
                notes.append(Problem(self.columns[index], cells[index], *remark))
            if not value:
                continue
            if doubt := find_doubt(cells[index]):
                notes.append(Problem(self.columns[index], cells[index], "text_doubtful", doubt))
            field, part = _place(value, name, child, others) if others else (name, child)
            if field in fields and _contradicts(fields, field, part, value):
                problems.append(self._contradiction(index, cells[index]))
            _put(fields, field, part, value)
        return tuple(problems) or self._body(self._with_constants(fields), cells, tuple(notes))

    def _merged(self, cells: Sequence[str], shared: Sequence[Span]) -> tuple[Problem, ...]:
        """What nobody can tell of cells that several rows share: which of them an amount is of, and who is meant.

        A name, a status or a number of a decision may hold for several rows; a whole key, which would make versions of
        one record of them, or a code without the name beside it, may not.
        """
        of = {place: span for span in shared for place in range(span.first, span.last + 1) if _says(cells, place)}
        key = {next((place for place in places if _says(cells, place)), -1) for places in self._key_places}
        doubtful = of.keys() & self._sums
        if key <= of.keys():
            doubtful |= key
        if not of.keys() & self._names:
            doubtful |= of.keys() & self._codes
        return tuple(
            Problem(self.columns[place], cells[place], "merged_cells", _spanning(of[place]))
            for place in sorted(doubtful)
        )

    def _another_sum(self, index: int, cell: str, read: Reader, stated: Any) -> tuple[Problem, ...]:
        """What is to be told where a text names another sum than the column for it: 罚款五千元 beside 5000 in 万元."""
        try:
            value = read(cell)
        except UnfitError:
            return ()
        if not isinstance(value, dict) or not isinstance(stated, dict):
            return ()
        is_same = value.get("amount_hundredths") == stated.get("amount_hundredths")
        return () if is_same else (Problem(self.columns[index], cell, "amount_differs", _ANOTHER_SUM),)

    def problem(self, cells: Sequence[str], path: str, reason: str, message: str) -> Problem:
        """A finding about a field, told of the column that feeds it."""
        index = self._column_of(_INDEX.sub("", path), cells)
        if index is None:
            return Problem(path, "", reason, message)
        return Problem(self.columns[index], cells[index], reason, message)

    def _contradiction(self, index: int, cell: str) -> Problem:
        return Problem(self.columns[index], cell, "contradiction", _("another column says otherwise"))

    def _with_constants(self, fields: dict[str, Any]) -> dict[str, Any]:
        """What no column says."""
        for name, child, value in self._constants:
            if not _has(fields, name, child):
                _put(fields, name, child, value)
        return fields

    def _body(
        self, fields: dict[str, Any], cells: Sequence[str], notes: tuple[Problem, ...]
    ) -> Body | tuple[Problem, ...]:
        key = [_value(fields, path) for path in self._mapping.key]
        for path, value in zip(self._mapping.key, key, strict=True):
            if value is None:
                first = path.split("|")[0]
                return (self.problem(cells, first, "key_missing", _("without it the row cannot be told from others")),)
        message = self._message(**fields)
        if self._mask:
            self._mask(message)
        body = message.SerializeToString()
        if len(body) > MAX_BODY_BYTES:
            return (Problem("", "", "too_large", _("the row is larger than {limit:,} bytes", limit=MAX_BODY_BYTES)),)
        return Body("|".join(map(str, key)), body, notes)

    def _column_of(self, path: str, cells: Sequence[str]) -> int | None:
        """The column that feeds a field, a part of it or the message around it; of several, one that says something."""
        fed = [
            index
            for target, index in self._by_path
            if path and (target == path or path.startswith(f"{target}.") or target.startswith(f"{path}."))
        ]
        return next((index for index in fed if cells[index].strip() not in NULLS | {""}), fed[0] if fed else None)


class _Step(NamedTuple):
    place: int
    read: Reader
    name: str
    child: str
    fallback: bool
    is_also: bool
    others: Sequence[Other]
    amounts: Amounts | None


def _steps(index: int, bound: Bound, columns: Sequence[str]) -> Iterator[_Step]:
    source = bound.source
    amounts = Amounts(bound, columns, source.in_unit) if source.in_unit else None
    yield _Step(
        index, source.read, source.target.name, source.target.child, source.fallback, False, source.others, amounts
    )
    for target, read in source.also:
        yield _Step(index, read, target.name, target.child, True, True, (), None)


def _place(value: FieldValue, name: str, child: str, others: Sequence[Other]) -> tuple[str, str]:
    """The field that a value goes to: that of the first form it has, else the column's own."""
    for other in others:
        if isinstance(value, str) and other.has_form(value):
            return other.target.name, other.target.child
    return name, child


def _contradicts(fields: dict[str, Any], name: str, child: str, value: FieldValue) -> bool:
    """Whether a text is another than that of an earlier column. Of two sums one may say more: the later one stands."""
    stated = fields.get(name, {}).get(child) if child else fields.get(name)
    return isinstance(stated, str) and stated != value


def _put(fields: dict[str, Any], name: str, child: str, value: FieldValue) -> None:
    """Of two columns with codes of one list, such as 处罚类别1 and 处罚类别2, all count."""
    target, part = (fields.setdefault(name, {}), child) if child else (fields, name)
    target[part] = list(dict.fromkeys([*target.get(part, ()), *value])) if isinstance(value, list) else value


def _value(fields: dict[str, Any], paths: str) -> Any:
    """The value of a field; of `a|b` of the first that is stated."""
    for path in paths.split("|"):
        name, _, child = path.partition(".")
        value = fields.get(name)
        if stated := value.get(child) if child and value else value:
            return stated
    return None


def _spanning(span: Span) -> Message:
    return _(
        "{range} is merged over several rows, and its value may belong to only one of them; unmerge the cells",
        range=span.name,
    )


def _says(cells: Sequence[str], place: int) -> bool:
    return place < len(cells) and clean(cells[place]) is not None


def _has(fields: dict[str, Any], name: str, child: str) -> bool:
    return bool(child in fields.get(name, ()) if child else name in fields)
