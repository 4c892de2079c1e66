"""Named steps from a cell to a value: None for "not stated", UnfitError for what cannot be read."""

import re
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from adapters.capital import parse_capital
from adapters.dates import iso_date
from adapters.places import parse_region
from node.tables.cells import code, half_width
from node.tables.unfit import UnfitError

# A text, the fields of a message ({"amount_hundredths": 100, ...}), or nothing.
Value = str | bytes | dict[str, str | int] | None
Step = Callable[[str], Value]


def text(cell: str) -> str:
    """The text as `clean` left it."""
    return cell


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
# A sign says the currency, and nothing of the unit.
_SIGNS = str.maketrans("", "", " ¥")


def ten_thousand_yuan(cell: str) -> Value:
    """The fields of node.standard.v1.Capital of a sum in 万元, "0.5" is 5,000 yuan; None for no sum at all and for 0.

    Raises:
        UnfitError: see `parse_capital`; `capital_currency` for dollars, of which nobody can tell whether 万 are meant.
    """
    plain = half_width(cell).translate(_SIGNS)
    if "$" in plain:
        raise UnfitError("capital_currency", "a sum in dollars among sums in 万元: write its currency and unit out")
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
