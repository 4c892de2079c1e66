"""The fine in the words of a decision, for forms that have no column for it: 罚款5000元, 处以人民币伍仟元罚款."""

import re
from unicodedata import normalize

from adapters.capital import parse_capital
from node.tables.unfit import UnfitError

_NUMERALS = "零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖两十拾百佰千仟万亿"
_NUMBER = rf"(?:\d[\d,]*(?:\.\d+)?[百千万亿]?|[{_NUMERALS}]+)"
_FINE = re.compile(
    rf"罚款(?:金额)?(?:为|计|共计)?(?:人民币|¥)?[:为]?(?P<after>{_NUMBER})[元圆](?!/)"
    rf"|(?:处|处以|并处)(?:人民币|¥)?(?P<before>{_NUMBER})[元圆]整?的?罚款"
)
# One sum for each of several, or more than one reading.
_SEVERAL = re.compile(r"各罚款|分别|每人|每[家次日]|加处|倍|余元|以[上下]")
_ROWS = ("零一二三四五六七八九", "〇壹贰叁肆伍陆柒捌玖")
_DIGITS = {each: value for row in _ROWS for value, each in enumerate(row)} | {"两": 2}
_TENS = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_MOST_CHARS = 100
_GROUPS = {"万": 10**4, "亿": 10**8}


def fine_in_words(cell: str) -> dict[str, str | int] | None:
    """The fields of node.standard.v1.Capital of the one fine that a text names; None where it names none or several."""
    text = "".join(normalize("NFKC", cell).split())
    named = [match["after"] or match["before"] for match in _FINE.finditer(text)]
    if len(named) != 1 or text.count("罚款") != 1 or _SEVERAL.search(text):
        return None
    number = named[0] if named[0][0].isascii() else str(_value(named[0]))
    try:
        amount = parse_capital(f"{number}元")
    except UnfitError:
        return None
    if amount is None or not amount.hundredths:
        return None
    return {"amount_hundredths": amount.hundredths, "currency": "CNY", "stated": f"{named[0]}元"[:_MOST_CHARS]}


def _value(words: str) -> int:
    """The number in Chinese numerals: 伍仟 is 5000, 一万二千 is 12000."""
    total = group = digit = 0
    for each in words:
        if each in _DIGITS:
            digit = _DIGITS[each]
        elif each in _TENS:
            group += (digit or 1) * _TENS[each]
            digit = 0
        else:
            total = (total + group + digit) * _GROUPS[each]
            group = digit = 0
    return total + group + digit
