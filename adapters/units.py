"""Units that stand beside a column of amounts: in its title, in a column of its own, in a note above the table."""

import re
from collections.abc import Sequence
from unicodedata import normalize

from adapters.capital import Unit, unit_of
from node.messages import _
from node.tables.unfit import UnfitError

_SCALE = "万亿|千万|百万|亿|万|千|百"
_NAMES = "人民币|人民|rmb|cny|美|美金|usd|港|港币|hkd|欧|eur|日|日币|jpy|英镑|gbp|新台币|台币|twd|澳门|mop|韩|krw"
_WORDS = rf"(?:{_NAMES})?(?:{_SCALE})?(?:{_NAMES})?[元圆]?(?:\(?(?:{_NAMES})[元圆]?\)?)?"
# As `column_name` spells it: 注册资本(万元), 注册资金万元, 注册资本(单位万元), 注册资本/万元.
_TITLE = re.compile(rf"(?P<base>.+?)[(\[【/,，-]?(?:(?:计量|货币|金额)?单位)?(?P<unit>{_WORDS})[)\]】]?")
_NOTE = re.compile(rf"单位[:为是 ]*(?P<unit>{_WORDS})(?!\w)|[(\[【](?P<within>{_WORDS})[)\]】]", re.IGNORECASE)
# Columns that say the currency, and those that say the unit, of the amounts of their row.
CURRENCY_TITLES = frozenset(
    """
    币种 币种名称 币种代码 货币种类 货币名称 货币代码 注册资本(币种) 注册资金(币种) 注册资本币种代码
    资本币种 资金币种 注册资本币种 注册资金币种 注册资本(金)币种 注册币种 金额币种 罚款币种
    币别 货币 regcapcur regcapcurcn currency
    """.split()  # noqa: SIM905
)
UNIT_TITLES = frozenset(
    """
    货币单位 币种单位 计量单位 金额单位 资本单位 资金单位
    注册资本单位 注册资金单位 注册资本(金)单位 注册资本计量单位 罚款单位 罚款金额单位
    单位(万元/元) capitalunit
    """.split()  # noqa: SIM905
)
# GB/T 12406, ISO 4217: exports often hold the number.
_NUMBERS = {
    "156": "CNY", "840": "USD", "344": "HKD", "978": "EUR", "392": "JPY", "826": "GBP", "756": "CHF", "036": "AUD",
    "124": "CAD", "702": "SGD", "554": "NZD", "410": "KRW", "901": "TWD", "446": "MOP",
}  # fmt: skip
# The longest title that is looked at for a unit in it.
_MAX_TITLE_CHARS = 200
_CONFLICT = ("capital_unit_conflict", _("the table names two units or currencies for this amount"))


def split_title(title: str) -> tuple[str, Unit] | None:
    """The name of a column of amounts without the unit in it, and that unit; None where no unit stands in it.

    `title` is spelled as by `column_name`.
    """
    match = _TITLE.fullmatch(title) if len(title) <= _MAX_TITLE_CHARS else None
    unit = _unit(match["unit"]) if match and match["unit"] else Unit()
    return (match["base"], unit) if match and unit != Unit() else None


def unit_of_notes(notes: Sequence[str]) -> Unit:
    """What the lines around a table say of all its amounts: 单位：万元.

    Raises:
        UnfitError: `capital_unit_conflict`, two lines name two units.
    """
    unit = Unit()
    for note in notes:
        for match in _NOTE.finditer(normalize("NFKC", note)):
            unit = agreed(unit, _unit(match["unit"] or match["within"] or ""))
    return unit


def unit_of_cell(cell: str, *, is_currency: bool) -> Unit:
    """What a cell of a column of currencies (人民币元 says nothing of the unit) or of units (元) says.

    Raises:
        UnfitError: `capital_currency`.
    """
    words = "".join(normalize("NFKC", cell).upper().split())
    if words in _NUMBERS:
        return Unit(None, _NUMBERS[words])
    unit = unit_of(words)
    if not is_currency:
        return unit
    # In the list of currencies 人民币元 is the name of one, and 万元 is none.
    scale = None if unit.scale == 1 else unit.scale
    return Unit(scale, unit.currency or ("CNY" if words in {"元", "圆"} else None))


def agreed(first: Unit, second: Unit) -> Unit:
    """What two places say together.

    Raises:
        UnfitError: `capital_unit_conflict`.
    """
    if _differ(first.scale, second.scale) or _differ(first.currency, second.currency):
        raise UnfitError(*_CONFLICT)
    return Unit(second.scale if first.scale is None else first.scale, first.currency or second.currency)


def _differ(first: object, second: object) -> bool:
    return first is not None and second is not None and first != second


def _unit(words: str) -> Unit:
    try:
        return unit_of(words.upper())
    except UnfitError:
        return Unit()
