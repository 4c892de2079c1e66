"""Registered capital as registrars' exports write it: "5,088(万元人民币)", "67.9000(万元)", "50(万美元)", "100(万)"."""

import re
from typing import NamedTuple
from unicodedata import normalize

from node.messages import _
from node.tables.unfit import UnfitError

# What is left of a currency's name once every 元 is taken out of the words around the number.
_CURRENCIES = {
    "": "CNY",
    **dict.fromkeys(("人民币", "人民", "RMB"), "CNY"),
    **dict.fromkeys(("美", "美金", "US$"), "USD"),
    **dict.fromkeys(("港", "港币", "香港", "香港币", "HK$"), "HKD"),
    **dict.fromkeys(("欧", "欧币"), "EUR"),
    **dict.fromkeys(("日", "日币"), "JPY"),
    **dict.fromkeys(("英镑", "英"), "GBP"),
    **dict.fromkeys(("瑞士法郎", "瑞郎"), "CHF"),
    **dict.fromkeys(("澳大利亚", "澳"), "AUD"),
    **dict.fromkeys(("加拿大", "加"), "CAD"),
    **dict.fromkeys(("新加坡", "新加坡币"), "SGD"),
    **dict.fromkeys(("新西兰",), "NZD"),
    **dict.fromkeys(("韩", "韩国", "韩币"), "KRW"),
    **dict.fromkeys(("新台币", "台币"), "TWD"),
    **dict.fromkeys(("澳门", "澳门币", "葡币"), "MOP"),
    **dict.fromkeys(("瑞典克朗",), "SEK"),
    **dict.fromkeys(("丹麦克朗",), "DKK"),
    **dict.fromkeys(("挪威克朗",), "NOK"),
    **dict.fromkeys(("马来西亚林吉特", "林吉特"), "MYR"),
    **dict.fromkeys(("泰铢",), "THB"),
    **dict.fromkeys(("卢布", "俄罗斯卢布"), "RUB"),
}
CURRENCIES = _CURRENCIES | {code: code for code in _CURRENCIES.values()}

_UNITS = {
    "": 1, "百": 10**2, "千": 10**3, "万": 10**4, "百万": 10**6, "千万": 10**7, "亿": 10**8, "万亿": 10**12,
}  # fmt: skip
# Words may stand before the number too: "人民币100万元".
_CAPITAL = re.compile(r"(?P<before>[^\d.,+-]*)(?P<number>\d[\d,]*)?(?:\.(?P<decimals>\d{1,20}))?(?P<after>[^\d.,+-]*)")
_UNIT = re.compile("万亿|千万|百万|亿|万|千|百")
# What is registered is what is subscribed (认缴); what is paid in (实缴) is another sum.
_FILLING = re.compile(r"认缴(?:出资额?)?|[()\[\]元圆整:¥]")
_WHOLE = re.compile(r"\d{1,20}|\d{1,3}(?:,\d{3}){1,6}")
_UINT64_MAX = 2**64 - 1


class Amount(NamedTuple):
    """An exact sum in hundredths of the main unit of an ISO 4217 currency."""

    hundredths: int
    currency: str


class Unit(NamedTuple):
    """What words say of the amounts beside them: how many of the main unit one is, and the currency; None: not said."""

    scale: int | None = None
    currency: str | None = None


_NO_UNIT = Unit()


def parse_capital(text: str, unit: Unit = _NO_UNIT) -> Amount | None:
    """The sum a text states. No float anywhere: "67.9000(万元)" is 67900000 hundredths of CNY.

    Args:
        text: The amount, with or without a unit of its own.
        unit: What the table says around it. The text's own words go before it.

    Returns:
        None for words without a number, such as "(万元)": nothing is stated.

    Raises:
        UnfitError: `capital_unreadable`, `capital_currency`, `capital_precision` or `capital_range`;
            `capital_unit_missing` for a bare amount, `capital_unit_conflict` for another currency than the table's.
    """
    words = _CAPITAL.fullmatch("".join(normalize("NFKC", text).upper().split()))
    if words is None:
        raise UnfitError("capital_unreadable", _("not an amount such as 5,088(万元人民币)"))
    own = unit_of(words["before"] + words["after"])
    if words["number"] is None and words["decimals"] is None:
        return None
    if own.currency and unit.currency and own.currency != unit.currency:
        raise UnfitError("capital_unit_conflict", _("the amount and the table around it name two currencies"))
    scale = unit.scale if own.scale is None else own.scale
    hundredths = _hundredths(words["number"] or "", words["decimals"] or "", scale or 1)
    if scale is None and hundredths:
        raise UnfitError(
            "capital_unit_missing", _("an amount without a unit: nothing says whether it is in 元 or 万元")
        )
    # Registers keep capital in yuan; another currency is always named.
    return Amount(hundredths, own.currency or unit.currency or "CNY")


def unit_in(text: str) -> Unit:
    """The unit that an amount which can be read states itself."""
    words = _CAPITAL.fullmatch("".join(normalize("NFKC", text).upper().split()))
    return unit_of(words["before"] + words["after"]) if words else _NO_UNIT


def unit_of(words: str) -> Unit:
    """The unit in the words beside an amount, half width and upper case: "(万元人民币)" is 10,000 of CNY, "¥" is CNY.

    Raises:
        UnfitError: `capital_currency`.
    """
    plain = _FILLING.sub("", words)
    units = _UNIT.findall(plain)
    name = _UNIT.sub("", plain)
    currency = CURRENCIES.get(name)
    if len(units) > 1 or currency is None:
        raise UnfitError("capital_currency", _("the words beside the amount are not a known unit and currency"))
    is_said = bool(units) or any(each in words for each in "元圆")
    is_named = bool(name) or "¥" in words
    return Unit(_UNITS[units[0] if units else ""] if is_said else None, currency if is_named else None)


def _hundredths(whole: str, decimals: str, unit: int) -> int:
    if not _WHOLE.fullmatch(whole):
        raise UnfitError(
            "capital_unreadable", _("commas must separate groups of three digits; a decimal point may be lost")
        )
    digits, shift = int(whole.replace(",", "") + decimals), int("1" + "0" * len(decimals))
    amount, finer = divmod(digits * unit * 100, shift)
    if finer:
        raise UnfitError("capital_precision", _("finer than a hundredth of the currency's unit"))
    if amount > _UINT64_MAX:
        raise UnfitError("capital_range", _("more than a record can hold"))
    return amount
