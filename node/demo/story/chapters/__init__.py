"""The chapters of the story, in order."""

from collections.abc import Callable
from typing import NamedTuple

from node.demo.story.chapters import alert, complaint, listing, platform, referral, repair
from node.demo.story.stage import Stage
from node.messages import Message, both


class Chapter(NamedTuple):
    """A part of the story; `play` has the cities act."""

    title: Message
    play: Callable[[Stage], None]


CHAPTERS = (
    Chapter(
        both("1 A complaint: settlement first, acceptance, verification", "1 投诉：先行和解、受理、核验"),
        complaint.play,
    ),
    Chapter(both("2 The case goes to Hefei, with its evidence", "2 案件移送"), referral.play),
    Chapter(both("3 The serious list: decided in Hefei, published in Nanchang", "3 严重违法失信名单"), listing.play),
    Chapter(both("4 Wuhan finds the seller on a platform, which restricts it", "4 名单筛查与平台处置"), platform.play),
    Chapter(
        both("5 One year later: credit repair takes the listing off everywhere", "5 一年后：信用修复"), repair.play
    ),
    Chapter(both("6 A warning, and its retraction", "6 风险预警及撤回"), alert.play),
)
