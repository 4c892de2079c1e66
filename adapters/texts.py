"""What is wrong with a row, in words of either language; never with the value."""

import re

from adapters.rows import Problem
from node.core.reason_texts import texts
from node.messages import Message, both

# Rules of a standard say both: "<Chinese> · <English>".
_BOTH = re.compile(r"(?P<zh>[^·]*[\u4e00-\u9fff][^·]*) · (?P<en>.+)", re.DOTALL)


def explained(problem: Problem) -> Message:
    """The message of a problem in both languages.

    A node and the checks of a standard say it in English: the Chinese is then that of the code (`reason_texts.yaml`),
    with what to do. A code without a text keeps its message.
    """
    if isinstance(problem.message, Message):
        return problem.message
    if pair := _BOTH.fullmatch(problem.message):
        return both(pair["en"], pair["zh"])
    table = texts()
    text = table.rows.get(problem.reason) or table.keys.get(problem.reason) or table.reasons.get(problem.reason)
    return both(problem.message, text.zh + text.zh_do if text else problem.message)
