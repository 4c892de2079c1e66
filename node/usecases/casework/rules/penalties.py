"""Penalties: which are published."""

from collections.abc import Iterator

from node.core.law.laws import Citation
from node.core.workflow.rules import Broken
from node.stubs.standard.v1.penalty_pb2 import PENALTY_KIND_WARNING
from node.stubs.standard.v1.referral_pb2 import PENALTY_PUBLICATION_NONE, Referral
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
