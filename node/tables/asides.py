"""What stands around the rows of a table and is none: totals, notes, who filled it in."""

import re
from collections.abc import Sequence
from unicodedata import normalize

from node.messages import _
from node.tables.raw_row import RawRow

ASIDES = ("total_row", "note_row")
"""The reasons of rows that are no rows of the table."""
_TOTALS = frozenset(
    ["合计", "总计", "小计", "共计", "累计", "本页合计", "本页小计", "合计数", "total", "subtotal", "sum"]
)
_NOTE = re.compile(
    r"[（(【\[*※]*(?:注|备注|附注|说明|填表说明|填报说明|注意事项|[^\s:：]{0,8}"
    r"(?:人|单位|日期|时间|来源|部门|机关|电话|负责人|币种))[\d一二三四五]{0,2}[:：]"
)
_NOTE_CELLS = 4
# A code, however mistyped, or a number with letters: who calls a shop 合计 is not left out for it. In a column of codes
# something may stand around it; where no column is known for one, such a number may as well be a sum of money.
_MAY_BE_KEY = re.compile(r"[0-9A-Z]{13,}|(?=.*\d)(?=.*[A-Z])[0-9A-Z()]{6,}", re.IGNORECASE | re.ASCII)
_OF_CODES = re.compile(r"代码|编码|[号码证]|\bcode|number|\bno\b|\bid\b|uscc", re.IGNORECASE)
_BLANKS = re.compile(r"[\s\u3000:：]")


def filled(cells: Sequence[str]) -> list[str]:
    """The cells that say something, trimmed."""
    return [text for cell in cells if (text := cell.strip())]


def without_asides(row: RawRow, titles: Sequence[str]) -> RawRow:
    """The row, with `total_row` or `note_row` as its fault where it is no row of the table.

    Args:
        row: As it was read.
        titles: Of the table's columns.
    """
    texts = filled(row.cells)
    if not texts or row.error or not _is_aside(texts, len(titles)) or _may_have_key(row.cells, titles):
        return row
    if _is_total(texts):
        return row._replace(error=_("a row of totals, not a record"), reason="total_row")
    return row._replace(error=_("a note to the table, not a record"), reason="note_row")


def _is_aside(texts: Sequence[str], width: int) -> bool:
    return _is_total(texts) or is_note(texts, width)


def _is_total(texts: Sequence[str]) -> bool:
    return _BLANKS.sub("", texts[0]).casefold() in _TOTALS


def _may_have_key(cells: Sequence[str], titles: Sequence[str]) -> bool:
    """Whether somebody's code may stand in a cell after the first that says something."""
    of_codes = {place for place, title in enumerate(titles) if _OF_CODES.search(title)}
    looks = _MAY_BE_KEY.search if of_codes else _MAY_BE_KEY.fullmatch
    filled = [(place, cell) for place, cell in enumerate(cells) if cell.strip()]
    return any(
        looks(_BLANKS.sub("", normalize("NFKC", cell)))
        for place, cell in filled[1:]
        if place in of_codes or not of_codes or place >= len(titles)
    )


def is_note(texts: Sequence[str], width: int) -> bool:
    """Whether a row of these texts is a note such as 填表人：…  审核人：… and not a record of `width` columns."""
    return 0 < len(texts) <= _NOTE_CELLS and len(texts) * 2 <= width and bool(_NOTE.match(texts[0]))
