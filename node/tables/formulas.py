"""Cells that a spreadsheet would run: made text where we write them, and given back where we read them again."""

import re

# A spreadsheet takes such a cell for a formula, and a formula can send the sheet elsewhere (OWASP, CSV injection). One
# apostrophe before it makes it text; a cell that already has apostrophes there gets one more, so that `unguard` always
# gives the source's cell back.
_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r＝＋－＠]")


def guard(cell: str) -> str:
    """The cell as a text that no spreadsheet runs."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguard(cell: str) -> str:
    """The cell that was guarded."""
    return cell[1:] if _GUARDED.match(cell) else cell
