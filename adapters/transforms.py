"""Named steps from a cell to a value: None for "not stated", UnfitError for what cannot be read."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from adapters.capital import parse_capital
from adapters.dates import iso_date
from adapters.places import parse_region
from adapters.unfit import UnfitError
from node.core.identifiers import normalise

# A text, the fields of a message ({"amount_hundredths": 100, ...}), or nothing.
Value = str | bytes | dict[str, str | int] | None
Step = Callable[[str], Value]

NULLS = frozenset(
    """
    N/A n/a NA na #N/A N.A. N／A NULL Null null None none nan NaN - -- --- — —— － －－ ── / ／
    空 无 暂无 不详 未填 未填写 (空) （空） (无) （无）
    """.split()  # noqa: SIM905 - legible
)

# Letters, digits and the space of full width become half width and line ends go; other punctuation stays as it stands:
# the official name of an operator is written with （ and ）, and NFKC would turn ℃ into °C and Ⅱ into II.
_FOLDING: dict[int, int | None] = {
    wide: wide - 0xFEE0 for wide in (*range(0xFF10, 0xFF1A), *range(0xFF21, 0xFF3B), *range(0xFF41, 0xFF5B))
}
_FOLDING |= dict.fromkeys((*range(0x09, 0x0E), 0xA0, 0x3000), 0x20)
_FOLDING |= dict.fromkeys((*range(0x200B, 0x2010), 0x2060, 0xFEFF))
_FOLDED = re.compile("[{}]".format(re.escape("".join(map(chr, _FOLDING)))))
_BLANKS = re.compile("  +")
# What a spreadsheet writes where a formula has no value: once there was one.
_FORMULA_ERRORS = frozenset("#REF! #VALUE! #NAME? #DIV/0! #NUM! #NULL! #SPILL! #CALC! #GETTING_DATA".split())  # noqa: SIM905
# No text has them: a cell that does was damaged, and what it once said nobody knows.
_CONTROL = re.compile("[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x9f]")


def clean(cell: str) -> str | None:
    """Trims; None for an empty cell and for a mark that stands for nothing, such as N/A, -, 空 or 无.

    Raises:
        UnfitError: `control_character` or `formula_error`.
    """
    if _CONTROL.search(cell):
        raise UnfitError("control_character", "a control character stands in it: no text, and not to be shown")
    if _FOLDED.search(cell):
        cell = _BLANKS.sub(" ", cell.translate(_FOLDING))
    cell = cell.strip()
    if cell.startswith("#") and cell in _FORMULA_ERRORS:
        raise UnfitError("formula_error", "a formula of the spreadsheet came to nothing; put the value in its place")
    return cell if cell and cell not in NULLS else None


def text(cell: str) -> str:
    """The text as `clean` left it."""
    return cell


# Put around a code to keep a spreadsheet from taking it for a number: '9143…, ="9143…".
_KEEPERS = "'`\"=‘’“”"
_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+")


def code(cell: str) -> str:
    """A code in its canonical form: half width, upper case, no white space, no quotes around it.

    Raises:
        UnfitError: `number_mangled` where a spreadsheet took a long code for a number and dropped its digits.
    """
    canonical = normalise(cell).strip(_KEEPERS)
    if _SCIENTIFIC.fullmatch(canonical):
        raise UnfitError("number_mangled", "a spreadsheet turned this code into a number; keep such columns as text")
    return canonical


def half_width(cell: str) -> str:
    """Half width throughout, punctuation too, inner blanks kept."""
    return " ".join(normalize("NFKC", cell).split())


# What a form adds to the name of a column, and what is not seen: blanks, control characters, a byte order mark.
_MARKS = re.compile(
    "\\((?:非?必填|必录|选填|可选|可空)项?\\)|[\\s_*:\\x00-\\x1f\\x7f-\\x9f\\u200b-\\u200f\\u2060\\ufeff]"
)


def column_name(name: str) -> str:
    """The name of a column as it is compared: half width, lower case, without blanks, underscores and marks."""
    return _MARKS.sub("", normalize("NFKC", name)).casefold()


def capital(cell: str) -> Value:
    """The fields of node.standard.v1.Capital; None where no amount is stated.

    Raises:
        UnfitError: see `parse_capital`.
    """
    amount = parse_capital(cell)
    if amount is None:
        return None
    return {"amount_hundredths": amount.hundredths, "currency": amount.currency, "stated": cell}


_BARE = re.compile(r"[\d.,]+")


def ten_thousand_yuan(cell: str) -> Value:
    """The fields of node.standard.v1.Capital of a sum in 万元, "0.5" is 5,000 yuan; None for no sum at all and for 0.

    Raises:
        UnfitError: see `parse_capital`.
    """
    plain = half_width(cell)
    fields = capital(f"{plain}万元" if _BARE.fullmatch(plain) else plain)
    return {**fields, "stated": cell} if isinstance(fields, dict) and fields["amount_hundredths"] else None


def document_number(cell: str) -> str:
    """A document's number without white space; its brackets stay as they are written."""
    return "".join(cell.split())


class Transform(NamedTuple):
    """A step of a mapping's `transform`. `fields`: what it fills of a message, empty where it yields text or bytes."""

    step: Step
    fields: frozenset[str] = frozenset()
    is_bytes: bool = False


_CACHED = 8192
_SUM = frozenset({"amount_hundredths", "currency", "stated"})

TRANSFORMS = {
    "text": Transform(text),
    "code": Transform(code),
    "half_width": Transform(half_width),
    "date": Transform(lru_cache(_CACHED)(iso_date)),
    "region": Transform(lru_cache(_CACHED)(parse_region)),
    "capital": Transform(lru_cache(_CACHED)(capital), _SUM),
    "ten_thousand_yuan": Transform(lru_cache(_CACHED)(ten_thousand_yuan), _SUM),
    "document_number": Transform(document_number),
}
