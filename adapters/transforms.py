"""Named steps from a cell to a value: None for "not stated", UnfitError for what cannot be read."""

import re
from collections.abc import Callable
from datetime import date, timedelta
from functools import lru_cache
from typing import NamedTuple
from unicodedata import normalize

from adapters.capital import parse_capital
from adapters.places import parse_region
from adapters.unfit import UnfitError
from node.core.identifiers import normalise

# A text, the fields of a message ({"amount_hundredths": 100, ...}), or nothing.
Value = str | bytes | dict[str, str | int] | None
Step = Callable[[str], Value]

NULLS = frozenset(
    """
    N/A n/a NA na #N/A N.A. NULL Null null None none nan NaN - -- --- — —— － ── / 空 无 暂无 未填 未填写 (空) （空）
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
# No text has them: a cell that does was damaged, and what it once said nobody knows.
_CONTROL = re.compile("[\\x00-\\x08\\x0e-\\x1f\\x7f-\\x9f]")


def clean(cell: str) -> str | None:
    """Trims; None for an empty cell and for a mark that stands for nothing, such as N/A, -, 空 or 无.

    Raises:
        UnfitError: `control_character`.
    """
    if _CONTROL.search(cell):
        raise UnfitError("control_character", "a control character stands in it: no text, and not to be shown")
    if _FOLDED.search(cell):
        cell = _BLANKS.sub(" ", cell.translate(_FOLDING))
    cell = cell.strip()
    return cell if cell and cell not in NULLS else None


def text(cell: str) -> str:
    """The text as `clean` left it."""
    return cell


_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+")


def code(cell: str) -> str:
    """A code in its canonical form: half width, upper case, no white space.

    Raises:
        UnfitError: `number_mangled` where a spreadsheet took a long code for a number and dropped its digits.
    """
    canonical = normalise(cell)
    if _SCIENTIFIC.fullmatch(canonical):
        raise UnfitError("number_mangled", "a spreadsheet turned this code into a number; keep such columns as text")
    return canonical


_DATE = re.compile(r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})日?|(\d{2})(\d{2}))")
_TIME = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
# Day 0 of a spreadsheet; right from 1900-03-01 on, the serials below five digits are refused anyway.
_SERIAL_EPOCH = date(1899, 12, 30)


def iso_date(cell: str) -> str:
    """YYYY-MM-DD of 1978-10-27, 1978/10/27, 1978.10.27, 1978年10月27日, 19781027, a moment or a spreadsheet's serial.

    Raises:
        UnfitError: `date_unreadable`, or `date_invalid` for a day that no calendar has.
    """
    plain = _TIME.sub("", half_width(cell)).replace(" ", "")
    if serial := _SERIAL.fullmatch(plain):
        return (_SERIAL_EPOCH + timedelta(days=int(serial[1]))).isoformat()
    parts = _DATE.fullmatch(plain)
    if parts is None:
        raise UnfitError("date_unreadable", "not a date such as 1978-10-27")
    year, month, day = (int(part) for part in parts.groups() if part and part.isdecimal())
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        raise UnfitError("date_invalid", "no such day in the calendar") from None


def half_width(cell: str) -> str:
    """Half width throughout, punctuation too, inner blanks kept."""
    return " ".join(normalize("NFKC", cell).split())


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
