"""What a case breaks that its acts do not tell: by what it came from or what came of it, and by acts dated back.

The state of a case follows from its own acts alone, so that all its parties compute the same. What other cases say
against it depends on which of them are here, not on the order they came in: it is shown beside the state, and this
city takes on no matter that should not have been sent.
"""

from node.core.workflow.rules import Broken
from node.errors import Reason
from node.usecases.casework.case_file import CaseFile, CaseRepository
from node.usecases.casework.rules.candidate import Candidate, Knowledge
from node.usecases.casework.rules.days import broken_by_dating_back
from node.usecases.casework.rules.handing_over import broken_by_handling
from node.usecases.casework.rules.retransfer import broken_by_retransfer

_JUDGES = {"referral": broken_by_retransfer, "complaint": broken_by_handling}
# What takes a matter on; who may not do so objects to it, or gives it back.
_TAKES_ON = frozenset((("referral", "accept"), ("complaint", "take_in"), ("complaint", "accept")))


def out_of_rule(repository: CaseRepository, file: CaseFile) -> list[Broken]:
    """Every rule that a case is known here to break; of reason NOT_FOUND where it can't be told."""
    return [*_sent_out_of_rule(repository, file), *broken_by_dating_back(file)]


def broken_by_taking_on(known: Knowledge, candidate: Candidate) -> list[Broken]:
    """What an act to come breaks that takes on a matter out of rule."""
    if (candidate.file.workflow.name, candidate.act.name) not in _TAKES_ON:
        return []
    broken = _sent_out_of_rule(known.cases, candidate.file)
    return [demand for demand in broken if demand.reason is not Reason.NOT_FOUND]


def _sent_out_of_rule(repository: CaseRepository, file: CaseFile) -> list[Broken]:
    judge = _JUDGES.get(file.workflow.name)
    return judge(repository, file) if judge else []
