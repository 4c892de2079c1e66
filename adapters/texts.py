"""What is wrong with a row, in words of either language; never with the value."""

import re

from adapters.rows import Problem
from node.core.reason_texts import texts

# Rules of a standard say both: "<Chinese> · <English>".
_BOTH = re.compile(r"(?P<zh>[^·]*[\u4e00-\u9fff][^·]*) · (?P<en>.+)", re.DOTALL)


def in_english(problem: Problem) -> str:
    """The message of a problem."""
    both = _BOTH.fullmatch(problem.message)
    return both["en"] if both else problem.message


def in_chinese(problem: Problem) -> str:
    """What happened and what to do; a reason without a text keeps its message."""
    both = _BOTH.fullmatch(problem.message)
    if both:
        return both["zh"]
    table = texts()
    text = table.rows.get(problem.reason) or table.keys.get(problem.reason) or table.reasons.get(problem.reason)
    if text is None:
        return problem.message
    detail = f"（{problem.detail}）" if problem.detail else ""
    return f"{text.zh.removesuffix('。')}{detail}。{text.zh_do}"
