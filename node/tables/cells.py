"""What stands in a cell: nothing, a text or a code; and how the name of a column is compared."""

import re
from unicodedata import normalize

from node.core.standards.identifiers import normalise, without_label
from node.messages import _
from node.tables.damage import find_damage
from node.tables.unfit import UnfitError

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
    """Trims, and takes away what keeps a text a text in a spreadsheet: '2015-04-01, ="2015-04-01".

    Returns:
        None for an empty cell and for a mark that stands for nothing, such as N/A, -, 空 or 无.

    Raises:
        UnfitError: `control_character`, `bad_encoding` for a text that was destroyed, or `formula_error`.
    """
    if _CONTROL.search(cell):
        raise UnfitError("control_character", _("the cell has a control character, which no text has"))
    if damage := find_damage(cell):
        raise UnfitError("bad_encoding", damage)
    if _FOLDED.search(cell):
        cell = _BLANKS.sub(" ", cell.translate(_FOLDING))
    cell = cell.strip()
    while cell[:1] in _KEEPING and (kept := _KEPT.fullmatch(cell)):
        cell = (kept[1] or kept[2] or "").strip()
    if cell.startswith("#") and cell in _FORMULA_ERRORS:
        raise UnfitError("formula_error", _("the formula has no value; replace it with the value itself"))
    return cell if cell and cell not in NULLS else None


_KEEPING = ("'", "=")
# A spreadsheet keeps a number, a day, a sum, a code or a formula so, nothing else: '90后奶茶店 is the name of a shop.
_NUMBER_OR_FORMULA = r"[\d+-][\d\s.,:：/\\()%年月日号时分秒元千万亿+-]*|(?=.*\d{4})[0-9A-Za-z]{8,}|[=@][^']*"
_KEPT = re.compile(rf"'(\s*(?:{_NUMBER_OR_FORMULA}|{'|'.join(map(re.escape, NULLS))}|))|=\"([^\"]*)\"", re.ASCII)
# Put around a code to keep a spreadsheet from taking it for a number: '9143…, ="9143…".
_KEEPERS = "'`\"=‘’“”"
_SCIENTIFIC = re.compile(r"\d(\.\d+)?E\+?\d+")


def code(cell: str) -> str:
    """A code in its canonical form: half width, upper case, no white space, quotes or label (注册号：) around it.

    Raises:
        UnfitError: `number_mangled` where a spreadsheet took a long code for a number and dropped its digits.
    """
    canonical = without_label(normalise(cell).strip(_KEEPERS))
    if _SCIENTIFIC.fullmatch(canonical):
        raise UnfitError(
            "number_mangled",
            _("a spreadsheet turned this code into a number and lost its digits; format the column as text"),
        )
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
