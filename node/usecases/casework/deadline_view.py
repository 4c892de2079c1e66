"""A deadline of a case as officers read it."""

from datetime import datetime

from node.core.law.calendar import Calendar
from node.core.workflow.timing import Timer, timers
from node.stubs.casework.v1.casework_pb2 import Clock, Label
from node.usecases.casework.case_file import CaseFile


def deadlines_of(file: CaseFile, calendar: Calendar, now: datetime) -> list[Clock]:
    """Every deadline of a case."""
    return [
        deadline_view(file.id, file.workflow.name, timer, now) for timer in timers(file.case, calendar, file.moments)
    ]


def deadline_view(case: str, workflow: str, timer: Timer, now: datetime) -> Clock:
    """A deadline read now."""
    reading = timer.read(now)
    return Clock(
        case=case,
        workflow=workflow,
        rule=timer.rule,
        label=label_of(timer),
        law=rule.citation.zh if (rule := timer.rule_in_force) else "",
        act=timer.act_id,
        started=timer.on.isoformat(),
        state=reading.state.value if reading else "unknown",
        due=reading.due.isoformat() if reading and reading.due else "",
        days_left=(reading.days_left or 0) if reading else 0,
        days_late=reading.days_late if reading else 0,
        owed_by=timer.owed_by,
        problem=timer.problem,
    )


def label_of(timer: Timer) -> Label:
    """What the rule of a deadline is called."""
    rule = timer.rule_in_force
    return Label(zh=rule.label.zh, en=rule.label.en) if rule else Label(zh=timer.rule, en=timer.rule)
