"""Telephone numbers as they come: with an extension in words, several in a cell, a person's name behind them."""

import re
from unicodedata import normalize

from adapters.noted import Noted
from node.core.standards.party_key import is_person
from node.messages import _

_MAX_CHARS = 60
# What the standards take; see the field `phone`.
_TAKEN = re.compile(r"[0-9+(][0-9 ()+/,;-]{4,59}")
_EXTENSION = re.compile(r" *(?:转接?|分机号?|ext\.?|x(?=\d)|#)[ :.]*(?=\d)", re.IGNORECASE)
# A name, a label or a mark stands between two numbers, or a blank before what begins like one.
_BETWEEN = re.compile(
    r"[、,;/|\\:]|[\u4e00-\u9fff·]+|\b(?:tel|phone|mobile|or)\b|(?<=\d)(?<!\+86) +(?=1\d{10}|0\d{2,3}-?\d{7,8}(?!\d))",
    re.IGNORECASE,
)
_IN_BRACKETS = re.compile(r"[(\[【][^()\[\]【】\d]*[)\]】]")
_MASKED = re.compile(r"[*＊×xX]{2,}")
_DIGITS = re.compile(r"\d")
_LEAST_DIGITS, _MOST_DIGITS = 5, 17
_LEFT_OUT = (
    "phone_unreadable",
    _("not a telephone number such as 0731-88888888 or 0731-88888888-8001; it is left out"),
)
_MASKED_OUT = ("phone_masked", _("digits of the telephone number are hidden; it is left out"))


def phone_numbers(cell: str) -> str | Noted:
    """The numbers of a cell, half width, parted by `;`: "0731-88888888转8001" is 0731-88888888-8001.

    What cannot be read is left out, and that is noted.
    """
    text = " ".join(normalize("NFKC", cell).replace("—", "-").replace("–", "-").split())
    plain = _EXTENSION.sub("-", _IN_BRACKETS.sub(";", text))
    parts = [part for part in (_bare(each) for each in _BETWEEN.split(plain)) if part]
    good = [part for part in parts if _is_number(part)]
    joined = ";".join(dict.fromkeys(good))
    if not joined or len(joined) > _MAX_CHARS:
        return Noted(None, *(_MASKED_OUT if _MASKED.search(text) else _LEFT_OUT))
    return joined if len(good) == len(parts) else Noted(joined, *_LEFT_OUT)


def _bare(part: str) -> str:
    """Without what other words left at its ends; (0731) keeps its brackets."""
    part = part.strip(" .-").rstrip("([【")
    return part if "(" in part else part.rstrip(")]】")


def _is_number(part: str) -> bool:
    """Not the ID number of a person either, which the field would publish as a telephone's."""
    if is_person(part):
        return False
    return bool(_TAKEN.fullmatch(part)) and _LEAST_DIGITS <= len(_DIGITS.findall(part)) <= _MOST_DIGITS
