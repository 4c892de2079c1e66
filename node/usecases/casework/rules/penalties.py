"""Penalties: which are published, and which may be taken off the page before their time."""

from collections.abc import Iterator
from datetime import date

from node.core.law.laws import Citation
from node.core.law.listing_term import stated_day
from node.core.law.penalty_repair import repairable_from, stays_to_the_end, wait_of
from node.core.workflow.rules import Broken
from node.errors import Reason
from node.stubs.standard.v1.penalty_pb2 import PENALTY_KIND_WARNING, Penalty
from node.stubs.standard.v1.referral_pb2 import PENALTY_PUBLICATION_NONE, Referral
from node.usecases.casework.publication import published_on
from node.usecases.casework.rules.candidate import Candidate, Knowledge

WHAT_IS_PUBLISHED = Citation("penalty_publicity", "2")


def broken_by_publication(_: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """A warning alone is not published; every other penalty is."""
    message = candidate.message
    if candidate.act.name != "penalise" or not isinstance(message, Referral):
        return
    is_warning = list(message.sanction.kinds) == [PENALTY_KIND_WARNING]
    if is_warning != (message.sanction.publication == PENALTY_PUBLICATION_NONE):
        zh, en = "仅受警告的不予公示，其他处罚应当公示", "a warning alone is not published, every other penalty is"
        yield candidate.breaks("sanction.publication", WHAT_IS_PUBLISHED, zh, en)


def broken_by_repairing(known: Knowledge, candidate: Candidate, penalty: Penalty) -> Iterator[Broken]:
    """A closure or a bar from the occupation is published to its end, another but a minor penalty for a least term."""
    law = candidate.act.law
    if stays_to_the_end(penalty.kinds):
        zh, en = (
            "责令关闭、限制从业的处罚不得提前停止公示",
            "a closure or a bar from the occupation is published to its end",
        )
        yield candidate.breaks("penalty.kinds", law, zh, en)
    elif (rule := wait_of(penalty.kinds)) and (public_on := _public_on(known, penalty)) is not None:
        first = repairable_from(rule, public_on, candidate.today)
        if candidate.today < first:
            zh, en = (
                f"最短公示期未满，{first}起方可申请",
                f"it is published for a least term first, until {first}",
            )
            yield candidate.breaks(rule, law, zh, en, Reason.ACT_TOO_EARLY)


def _public_on(known: Knowledge, penalty: Penalty) -> date | None:
    """The day it was published, as its case says; without such a day that of the decision."""
    return stated_day(published_on(known.cases, penalty.origins) or penalty.decided_on)
