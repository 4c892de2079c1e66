"""The chapters of the story, in order."""

from collections.abc import Callable
from typing import NamedTuple

from node.demo.story.chapters import alert, complaint, listing, platform, referral, repair
from node.demo.story.stage import Stage


class Chapter(NamedTuple):
    """A part of the story; `play` has the cities act."""

    title: str
    play: Callable[[Stage], None]


CHAPTERS = (
    Chapter("1 投诉：先行和解、受理、核验 A complaint: settlement first, acceptance, verification", complaint.play),
    Chapter("2 案件移送 The case goes to Hefei, with its evidence", referral.play),
    Chapter("3 严重违法失信名单 The serious list: decided in Hefei, published in Nanchang", listing.play),
    Chapter("4 名单筛查与平台处置 Wuhan finds the seller on a platform, which restricts it", platform.play),
    Chapter("5 一年后：信用修复 One year later: credit repair takes the listing off everywhere", repair.play),
    Chapter("6 风险预警及撤回 A warning, and its withdrawal", alert.play),
)
