"""Rules over a whole message (CEL), read once and asked of many messages at once.

What is read here is total and has no errors: comparisons, `&&`, `||`, `!`, `has`, `size`, `int`, `in`, texts joined,
`startsWith`, `contains`, and `all`, `exists` and `exists_one` over a list. Any other part counts as false where that
can only make the whole false, and the whole as not judged anywhere else: nothing holds here that does not hold by
protovalidate.
"""

import ast
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import islice, repeat
from typing import Any, NamedTuple

from google.protobuf.descriptor import Descriptor, FieldDescriptor

Column = Callable[[Sequence[Any], tuple[Any, ...]], Iterable[Any]]
"""One value for each of some messages, or of the items of a list; the second argument is what the list stands in."""


class NotJudgedError(Exception):
    """A rule that only protovalidate can judge."""


class _Term(NamedTuple):
    """A part of a rule: `kind` is that of its values, a Python type, `list` or `object` for a message."""

    kind: type
    values: Column


class _Name(NamedTuple):
    """A name that a rule uses, and what it stands for: a message of a type, or an item of a field's list."""

    name: str
    of: Descriptor | FieldDescriptor


_Scope = tuple[_Name, ...]
"""The names that a part may use; the last is that of which there are many."""


_TOKEN = re.compile(r"""'[^'\\\n]*'|"[^"\\\n]*"|\d+u?|[A-Za-z_]\w*|\|\||&&|[!=<>]=|[][(),.<>+!-]|\s+""")
# In Python `not` binds weaker than a comparison, in CEL `!` binds stronger, as `~` does.
_IN_PYTHON = {"||": "or", "&&": "and", "!": "~"}
_COMPARISONS = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_INTEGERS = frozenset(
    (
        FieldDescriptor.TYPE_ENUM,
        FieldDescriptor.TYPE_INT32,
        FieldDescriptor.TYPE_INT64,
        FieldDescriptor.TYPE_UINT32,
        FieldDescriptor.TYPE_UINT64,
    )
)
_JOINS: dict[str, Callable[[Iterable[bool]], bool]] = {
    "all": all,
    "exists": any,
    "exists_one": lambda truths: sum(truths) == 1,
}
_NEVER = _Term(bool, lambda *_: repeat(False))


def read_rule(expression: str, descriptor: Descriptor) -> Callable[[Sequence[Any]], bool]:
    """What tells whether a rule certainly holds of all of some messages.

    Raises:
        NotJudgedError: It never tells so, of no message.
    """
    rule, scope = _parse(expression), (_Name("this", descriptor),)
    whole = _truth(rule, scope)
    if whole is _NEVER:
        raise NotJudgedError(expression)
    # Often all messages keep to a rule in the same way: `this.term_to == '' || ...`.
    ways = rule.values if isinstance(rule, ast.BoolOp) and isinstance(rule.op, ast.Or) else []
    terms = [*(_truth(way, scope) for way in ways), whole]
    return lambda messages: any(all(islice(term.values(messages, ()), len(messages))) for term in terms)


def _parse(expression: str) -> ast.expr:
    """The rule as a tree of Python's grammar, which is CEL's as far as the tokens go."""
    tokens = [match.group() for match in _TOKEN.finditer(expression)]
    if "".join(tokens) != expression:
        raise NotJudgedError(expression)
    words = (token.rstrip("u") if token[0].isdigit() else _IN_PYTHON.get(token, token) for token in tokens)
    try:
        return ast.parse(" ".join(words).strip(), mode="eval").body
    except SyntaxError:
        raise NotJudgedError(expression) from None


def _truth(node: ast.expr, scope: _Scope) -> _Term:
    """A part that, taken for false, could only make the whole false."""
    if isinstance(node, ast.BoolOp):
        return _joined(node, scope, _truth)
    try:
        return _each(node, scope, _truth) if _is_each(node) else _exact(node, scope)
    except NotJudgedError:
        return _NEVER


def _exact(node: ast.expr, scope: _Scope) -> _Term:
    """A part of which nothing is left out."""
    match node:
        case ast.BoolOp():
            term = _joined(node, scope, _exact)
        case ast.UnaryOp(op=ast.Invert(), operand=operand):
            inner = _of_kind(_exact(operand, scope), bool)
            term = _Term(bool, lambda rows, outer: map(operator.not_, inner.values(rows, outer)))
        case ast.Compare(left=left, ops=[comparison], comparators=[right]):
            term = _compared(left, comparison, right, scope)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            # Texts alone: a sum of numbers may overflow.
            one, other = (_of_kind(_exact(part, scope), str) for part in (left, right))
            term = _Term(str, lambda rows, outer: map(operator.add, one.values(rows, outer), other.values(rows, outer)))
        case ast.Constant(value=str() | int() as value):
            term = _Term(type(value), lambda *_: repeat(value))
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]):
            term = _called(name, argument, scope)
        case ast.Call(func=ast.Attribute(value=text, attr=name), args=[ast.Constant(value=str() as part)], keywords=[]):
            term = _asked(_of_kind(_exact(text, scope), str), name, part)
        case ast.Call():
            term = _each(node, scope, _exact)
        case _:
            term = _path(node, scope)
    return term


def _joined(node: ast.BoolOp, scope: _Scope, read: Callable[[ast.expr, _Scope], _Term]) -> _Term:
    parts = [_of_kind(read(part, scope), bool) for part in node.values]
    if isinstance(node.op, ast.Or):
        # A part that never holds adds nothing.
        parts, join = [part for part in parts if part is not _NEVER], any
    else:
        parts, join = [_NEVER] if _NEVER in parts else parts, all
    if len(parts) <= 1:
        return parts[0] if parts else _NEVER
    return _Term(bool, lambda rows, outer: map(join, zip(*(part.values(rows, outer) for part in parts), strict=False)))


def _compared(left: ast.expr, comparison: ast.cmpop, right: ast.expr, scope: _Scope) -> _Term:
    one = _exact(left, scope)
    if isinstance(comparison, ast.In) and isinstance(right, ast.List):
        choice = {item.value for item in right.elts if isinstance(item, ast.Constant) and type(item.value) is one.kind}
        if len(choice) != len(right.elts):
            raise NotJudgedError
        return _Term(bool, lambda rows, outer: map(choice.__contains__, one.values(rows, outer)))
    compare, other = _COMPARISONS.get(type(comparison)), _exact(right, scope)
    if compare is None or one.kind not in (str, int, bool):
        raise NotJudgedError
    _of_kind(other, one.kind)
    return _Term(bool, lambda rows, outer: map(compare, one.values(rows, outer), other.values(rows, outer)))


def _called(name: str, argument: ast.expr, scope: _Scope) -> _Term:
    term = _path(argument, scope)
    if name == "int" and term.kind is int:
        return term
    if name == "size" and term.kind in (str, bytes, list):
        return _Term(int, lambda rows, outer: map(len, term.values(rows, outer)))
    if name == "has" and term.kind is object and isinstance(argument, ast.Attribute):
        within, part = _path(argument.value, scope), argument.attr
        return _Term(bool, lambda rows, outer: (message.HasField(part) for message in within.values(rows, outer)))
    raise NotJudgedError


def _asked(text: _Term, name: str, part: str) -> _Term:
    if name == "startsWith":
        return _Term(bool, lambda rows, outer: (value.startswith(part) for value in text.values(rows, outer)))
    if name == "contains":
        return _Term(bool, lambda rows, outer: map(operator.contains, text.values(rows, outer), repeat(part)))
    raise NotJudgedError


def _is_each(node: ast.expr) -> bool:
    """Whether it is `list.all(item, ...)` or `list.exists(item, ...)`."""
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("all", "exists")


def _each(node: ast.expr, scope: _Scope, read: Callable[[ast.expr, _Scope], _Term]) -> _Term:
    match node:
        case ast.Call(func=ast.Attribute(value=values, attr=how), args=[ast.Name(id=name), body]) if how in _JOINS:
            of_list, field, join = _path(values, scope), _field_at(values, scope), _JOINS[how]
            if of_list.kind is not list or field is None:
                raise NotJudgedError
            holds = _of_kind(read(body, (*scope, _Name(name, field))), bool)
            return _Term(
                bool,
                lambda rows, outer: (
                    join(islice(holds.values(items, (*outer, row)), len(items)))
                    for row, items in zip(rows, of_list.values(rows, outer), strict=False)
                ),
            )
        case _:
            raise NotJudgedError


def _path(node: ast.expr, scope: _Scope) -> _Term:
    """The name itself, or a field at a path from it; reading through a message that is not set gives the default."""
    place, names = _names(node, scope)
    field = _field_at(node, scope)
    kind = object if field is None else list if field.is_repeated and names else _kind(field)
    if not names and place == len(scope) - 1:
        return _Term(kind, lambda rows, _: rows)
    read: Callable[[Any], Any] = operator.attrgetter(".".join(names)) if names else lambda item: item
    if place == len(scope) - 1:
        return _Term(kind, lambda rows, _: map(read, rows))
    return _Term(kind, lambda _, outer: repeat(read(outer[place])))


def _field_at(node: ast.expr, scope: _Scope) -> FieldDescriptor | None:
    """The field at a path; None for a message that is the name itself."""
    place, names = _names(node, scope)
    of = scope[place].of
    field, within = (None, of) if isinstance(of, Descriptor) else (of, of.message_type)
    for depth, name in enumerate(names):
        if within is None or name not in within.fields_by_name or (depth and field is not None and field.is_repeated):
            raise NotJudgedError
        field = within.fields_by_name[name]
        within = field.message_type
        if within is not None and not is_plain(within):
            raise NotJudgedError
    return field


def is_plain(descriptor: Descriptor) -> bool:
    """Whether a message type is none for which CEL or protovalidate has a form of its own: a map, a moment."""
    return not (descriptor.GetOptions().map_entry or descriptor.full_name.startswith("google.protobuf."))


def _names(node: ast.expr, scope: _Scope) -> tuple[int, list[str]]:
    """The place of the name that a path begins with, and the path from it."""
    if isinstance(node, ast.Attribute):
        place, names = _names(node.value, scope)
        return place, [*names, node.attr]
    places = [place for place, known in enumerate(scope) if isinstance(node, ast.Name) and known.name == node.id]
    if not places:
        raise NotJudgedError
    return places[-1], []


def _kind(field: FieldDescriptor) -> type:
    if field.type in _INTEGERS:
        return int
    kinds = {
        FieldDescriptor.TYPE_STRING: str,
        FieldDescriptor.TYPE_BYTES: bytes,
        FieldDescriptor.TYPE_BOOL: bool,
        FieldDescriptor.TYPE_MESSAGE: object,
    }
    if field.type not in kinds:
        raise NotJudgedError
    return kinds[field.type]


def _of_kind(term: _Term, kind: type) -> _Term:
    if term.kind is not kind:
        raise NotJudgedError
    return term
