"""Named steps from a cell to a value: None for "not stated", UnfitError for what cannot be read."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from adapters.capital import Unit, parse_capital, unit_in
from adapters.dates import iso_date, unix_milliseconds, unix_seconds
from adapters.fines import fine_in_words
from adapters.noted import Noted
from adapters.phones import phone_numbers
from adapters.places import parse_region
from adapters.units import agreed
from node.core.standards.party_key import problem_of_code
from node.messages import _
from node.tables.cells import code, half_width
from node.tables.unfit import UnfitError

# A text, the fields of a message ({"amount_hundredths": 100, ...}), or nothing.
Value = str | bytes | dict[str, str | int] | None
Step = Callable[[str], Value | Noted]

_CACHED = 8192


def text(cell: str) -> str:
    """The text as `clean` left it."""
    return cell


def amounts(unit: Unit) -> Step:
    """What reads amounts as the fields of node.standard.v1.Capital, given what the table says around them.

    The step raises UnfitError as `parse_capital` does. An amount with another unit of its own is noted.
    """

    def step(cell: str) -> Value | Noted:
        amount = parse_capital(cell, unit)
        if amount is None:
            return None
        fields: dict[str, str | int] = {
            "amount_hundredths": amount.hundredths,
            "currency": amount.currency,
            "stated": cell,
        }
        if unit.scale is not None and unit_in(cell).scale not in {None, unit.scale}:
            return Noted(
                fields, "capital_unit_differs", _("the amount has another unit than its column; its own is read")
            )
        return fields

    return lru_cache(_CACHED)(step)


def amounts_in(scale: int) -> Callable[[Unit], Step]:
    """The same where the mapping says the unit: so many yuan. 0 is not stated.

    Dollars are refused (`capital_currency`): nobody can tell whether thousands of them are meant.
    """

    def in_unit(unit: Unit) -> Step:
        try:
            read = amounts(agreed(Unit(scale), unit))
        except UnfitError as error:
            return _refuses(error)

        def step(cell: str) -> Value | Noted:
            if "$" in half_width(cell):
                raise UnfitError("capital_currency", _("dollars in a column of yuan; write currency and unit out"))
            parsed = read(cell)
            fields = parsed.value if isinstance(parsed, Noted) else parsed
            return parsed if isinstance(fields, dict) and fields["amount_hundredths"] else None

        return step

    return in_unit


def _refuses(error: UnfitError) -> Step:
    """A step that takes no cell: what stands around the column contradicts itself."""

    def step(_cell: str) -> Value | Noted:
        raise UnfitError(error.reason, error.message)

    return step


def operator_code(cell: str) -> str:
    """A unified code or a registration number of before, in its canonical form.

    Raises:
        UnfitError: It can be nobody's: see `node.core.standards.party_key.problem_of_code`.
    """
    canonical = code(cell)
    problem = problem_of_code(canonical)
    if problem is not None and not problem.warning:
        raise UnfitError(problem.reason, problem.message)
    return canonical


# What stands where a sole trader uses no name; others need one.
_NO_NAMES = frozenset(
    (
        "无字号",
        "无名称",
        "无商号",
        "无招牌",
        "未登记",
        "未登记字号",
        "未取字号",
        "未使用字号",
        "个体",
        "个体户",
        "个体工商户",
    )
)
_NO_NAME = re.compile(
    r"(?:该?(?:个体)?(?:工商)?户)?(?:暂时?|尚|均|并)?(?:无|没有?|未|不)(?:有|起|取|使用|用|登记|核准|设|命|填写?|领取)?"
    r"(?:企业|个体|店铺|市场主体)?(?:字号|名称?|店名|商号|招牌|牌匾)(?:名称)?(?:个体(?:工商)?户?)?(?:\([^()]*\)?)?"
    r"|(?:字号|名称)[:为]?(?:空|暂?无|未定)|未命名|[xX]{2,}"
)
_WORD = re.compile(r"[^\W_]")


def name(cell: str) -> str | None:
    """The name of an operator; None for marks (`*`, `***`) and words that say there is none."""
    plain = "".join(half_width(cell).split()).strip("()")
    return cell if _WORD.search(cell) and plain not in _NO_NAMES and not _NO_NAME.fullmatch(plain) else None


_IN_FORCE = frozenset(("0", "正常", "有效", "在公示"))


def in_force(cell: str) -> None:
    """Nothing, for a row that its source marks as in force (0 in the form of 2015).

    Raises:
        UnfitError: `not_in_force`, for any other mark.
    """
    if half_width(cell) not in _IN_FORCE:
        raise UnfitError("not_in_force", _("the source marks the row as withdrawn, contested or not in force"))


def document_number(cell: str) -> str:
    """A document's number without white space; its brackets stay as they are written."""
    return "".join(cell.split())


class Transform(NamedTuple):
    """A step of a mapping's `transform`.

    Attributes:
        step: What it does to a cell.
        fields: What it fills of a message, empty where it yields text or bytes.
        is_bytes: Whether it yields bytes.
        in_unit: The same step, given the unit that the table states around a column of amounts.
    """

    step: Step
    fields: frozenset[str] = frozenset()
    is_bytes: bool = False
    in_unit: Callable[[Unit], Step] | None = None


def _of_amounts(in_unit: Callable[[Unit], Step]) -> Transform:
    return Transform(in_unit(Unit()), _SUM, in_unit=in_unit)


_SUM = frozenset({"amount_hundredths", "currency", "stated"})

TRANSFORMS = {
    "text": Transform(text),
    "name": Transform(name),
    "code": Transform(code),
    "operator_code": Transform(operator_code),
    "half_width": Transform(half_width),
    "phone": Transform(phone_numbers),
    "date": Transform(lru_cache(_CACHED)(iso_date)),
    "unix_seconds": Transform(unix_seconds),
    "unix_milliseconds": Transform(unix_milliseconds),
    "region": Transform(lru_cache(_CACHED)(parse_region)),
    "capital": _of_amounts(amounts),
    "yuan": _of_amounts(amounts_in(1)),
    "thousand_yuan": _of_amounts(amounts_in(10**3)),
    "ten_thousand_yuan": _of_amounts(amounts_in(10**4)),
    "million_yuan": _of_amounts(amounts_in(10**6)),
    "hundred_million_yuan": _of_amounts(amounts_in(10**8)),
    "fine_in_words": Transform(fine_in_words, _SUM),
    "in_force": Transform(in_force),
    "document_number": Transform(document_number),
}
