"""Limits in time: what a running deadline does not take, a ban that runs, the limitation of penalties."""

from collections.abc import Iterator
from datetime import datetime, time

from node.core.law.calendar import SHANGHAI
from node.core.law.deadlines import State
from node.core.law.laws import Citation
from node.core.law.limitation import LIMITATION, last_day_to_discover
from node.core.law.listing_term import stated_day
from node.core.workflow.rules import Broken
from node.core.workflow.timing import refused_by_deadline, timers
from node.errors import Reason
from node.messages import render
from node.stubs.standard.v1.referral_pb2 import Referral
from node.usecases.casework.case_file import CaseFile
from node.usecases.casework.follow_up import overlay, said_in
from node.usecases.casework.rules.candidate import Candidate, Knowledge
from node.usecases.casework.rules.listings import subjects

_REPAIR = "credit.repair"
_BAN = "credit.repair.ban"
LIMITATION_LAW = Citation("penalty_law", "36")
_PENALISES = frozenset(("file", "penalise"))


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


def broken_by_limitation(_: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """What was discovered later than two (five) years after its end is neither filed nor penalised."""
    message, known = candidate.message, said_in(candidate.file)
    if not isinstance(message, Referral) or not isinstance(known, Referral):
        return
    overlay(known, message)
    ended_on, discovered_on = stated_day(known.violation_ended_on), stated_day(known.discovered_on)
    if ended_on is None:
        return
    last = last_day_to_discover(ended_on, harms_safety=known.harms_safety)
    if message.limitation_on not in ("", last.isoformat()):
        zh, en = (
            f"追责时效自违法行为终了之日起算，届满日为{last}",
            f"counted from the violation's end it is {last}",
        )
        yield candidate.breaks("limitation_on", LIMITATION_LAW, zh, en, Reason.INVALID_FIELD)
    if candidate.act.name in _PENALISES and discovered_on is not None and discovered_on > last:
        zh, en = f"违法行为在{last}后始被发现，不再给予行政处罚", f"discovered after {last}, it is penalised no more"
        yield candidate.breaks(LIMITATION, LIMITATION_LAW, zh, en)
