"""Limits in time: what a running deadline does not take, and a ban that runs."""

from collections.abc import Iterator
from datetime import datetime, time

from node.core.law.calendar import SHANGHAI
from node.core.law.deadlines import State
from node.core.workflow.rules import Broken
from node.core.workflow.timing import refused_by_deadline, timers
from node.errors import Reason
from node.messages import render
from node.usecases.casework.case_file import CaseFile
from node.usecases.casework.rules.candidate import Candidate, Knowledge
from node.usecases.casework.rules.listings import subjects

_REPAIR = "credit.repair"
_BAN = "credit.repair.ban"


def broken_by_limit(known: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """A limit is extended before it runs out, as its rule allows; only what runs is suspended."""
    file = candidate.file
    for legal_rule, why in refused_by_deadline(file.case, candidate.fact, known.calendar, file.moments):
        yield candidate.breaks(legal_rule, candidate.act.law, render(why, "zh"), render(why, "en"))


def broken_by_ban(known: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """Who had a repair annulled for fraud applies for none until the ban is over."""
    if not candidate.act.opens:
        return
    moment = datetime.combine(candidate.today, time(12), SHANGHAI)
    for file in known.cases.about(subjects(_REPAIR, candidate.message), _REPAIR):
        if _is_banned(known, file, moment):
            zh, en = "因弄虚作假被撤销修复，三年内不得再次申请", f"a repair was annulled for fraud in {file.id}"
            yield candidate.breaks("ban", candidate.act.law, zh, en, Reason.ACT_TOO_EARLY)


def _is_banned(known: Knowledge, file: CaseFile, moment: datetime) -> bool:
    bans = (timer for timer in timers(file.case, known.calendar, file.moments) if timer.rule == _BAN)
    readings = (ban.read(moment) for ban in bans)
    return any(reading is not None and reading.state is State.RUNNING for reading in readings)
