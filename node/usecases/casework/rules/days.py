"""Days: an act is dated the day it is made, and what it states as a fact has happened."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from node.core.law.calendar import legal_date
from node.core.law.laws import accord
from node.core.standards import standard as standards
from node.core.workflow.rules import Broken
from node.errors import Reason
from node.usecases.casework.case_file import CaseFile
from node.usecases.casework.rules.candidate import Candidate, Knowledge

_NOT_BACK = "本环节以办理当日为准，不得倒填", "this act is dated the day it is made, and not back"
# An act of the last moment of a day may be recorded on the next.
_MIDNIGHT = timedelta(days=1)


def broken_by_day(_: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """An act that records a fact may be dated the fact's day; any other is dated today."""
    message: Any = candidate.message
    day, today, acts = date.fromisoformat(message.act.date), candidate.today, candidate.file.acts
    # What another city dated later than today keeps nobody here from acting.
    followed = (acts[act].fact.on for act in message.act.follows if act in acts)
    before = [on for on in followed if on <= today]
    if day > today:
        zh, en = "办理日期不得晚于今日", "an act is not dated in the future"
        yield candidate.breaks("date", accord(), zh, en, Reason.ACT_TOO_EARLY)
    elif day < today and not candidate.act.may_be_dated:
        yield candidate.breaks("date", accord(), *_NOT_BACK)
    elif before and day < max(before):
        zh, en = "办理日期不得早于所承接的环节", "an act is not dated before those it follows"
        yield candidate.breaks("date", accord(), zh, en)


def broken_by_day_of_fact(_: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """Days that the standard marks as past are not after today."""
    for field in standards.get(candidate.file.workflow.name).days_to_come(candidate.message, candidate.today):
        zh, en = f"{field.label_zh}不得晚于今日", f"{field.label_en.lower()} is after today"
        yield candidate.breaks(field.path, accord(), zh, en, Reason.INVALID_FIELD)


def broken_by_dating_back(file: CaseFile) -> list[Broken]:
    """Acts in force that state a day before the one they were recorded on: their own node should have refused them."""
    name, declared = file.workflow.name, file.workflow.act
    return [
        Broken(f"{name}.{fact.act}.date", Reason.ACT_NOT_ALLOWED, accord(), *_NOT_BACK)
        for fact in file.case.in_force()
        if not declared[fact.act].may_be_dated and fact.on < legal_date(file.acts[fact.id].moment) - _MIDNIGHT
    ]
