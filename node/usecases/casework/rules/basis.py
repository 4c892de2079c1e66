"""The legal basis of a request to a platform: the statute that was broken, not the platform's own duty (order 37)."""

import re
from collections.abc import Iterator

from node.core.law.laws import Citation, laws
from node.core.workflow.rules import Broken
from node.stubs.standard.v1.measure_pb2 import MeasureRequest
from node.usecases.casework.rules.candidate import Candidate, Knowledge

# What a platform does about a violation that it finds itself.
PLATFORMS_DUTY = Citation("online_trade", "29")
_ARTICLES = re.compile(r"第\s*([0-9〇零一二三四五六七八九十百]+)\s*条")
_TWENTY_NINE = frozenset(("29", "二十九", "二九"))


def broken_by_basis(_: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """A request that cites nothing but the article on what a platform does by itself."""
    message = candidate.message
    if not isinstance(message, MeasureRequest) or not _is_platforms_duty(message.legal_basis):
        return
    zh = "该条是平台对自行发现的违法行为的义务，不是监管部门的依据；请载明当事人违反的法律条款"
    en = "this is the platform's duty on what it finds itself, not a regulator's power: cite the statute broken"
    yield candidate.breaks("legal_basis", PLATFORMS_DUTY, zh, en)


def _is_platforms_duty(basis: str) -> bool:
    articles = set(_ARTICLES.findall(basis))
    return laws()[PLATFORMS_DUTY.law].zh in basis and bool(articles) and articles <= _TWENTY_NINE
