"""The clocks of cases as officers read them: deadlines, and how each city keeps its limits."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from statistics import median

from node.casework.v1.casework_pb2 import Clock, Label, Score
from node.core.calendar import Calendar, legal_date
from node.core.clocks import Reading, State
from node.core.legal_rules import Kind, vendored_rules
from node.core.workflow.timing import Timer, timers
from node.usecases.casework.case_file import CaseFile

_RUNNING = ("running", "suspended", "overdue", "unknown")


def clocks(file: CaseFile, calendar: Calendar, now: datetime) -> list[Clock]:
    """Every clock of a case."""
    return [_clock(file, timer, now) for timer in timers(file.case, calendar, file.moments)]


def running(file: CaseFile, calendar: Calendar, now: datetime) -> list[Clock]:
    """The clocks of a case that nothing has stopped, the nearest first."""
    found = (_clock(file, timer, now) for timer in timers(file.case, calendar, file.moments) if _is_open(timer))
    return sorted((clock for clock in found if clock.state in _RUNNING), key=_urgency)


def deadlines(files: Iterable[CaseFile], calendar: Calendar, now: datetime, owed_by: str = "") -> list[Clock]:
    """The running clocks of cases, the nearest first; with `owed_by` those that this city or platform owes."""
    found = (clock for file in files for clock in running(file, calendar, now))
    return sorted((clock for clock in found if not owed_by or owed_by in clock.owed_by), key=_urgency)


def scorecard(files: Iterable[CaseFile], calendar: Calendar, now: datetime) -> list[Score]:
    """For each city (or platform) and limit how it is kept, over these cases. What ends by itself is not scored."""
    found: defaultdict[tuple[str, str], list[Timer]] = defaultdict(list)
    for file in files:
        for timer in timers(file.case, calendar, file.moments):
            rule = timer.rule_in_force
            if rule is not None and rule.kind is Kind.LIMIT:
                for debtor in timer.owed_by:
                    found[debtor, timer.rule].append(timer)
    return [_score(city, rule, each, now) for (city, rule), each in sorted(found.items())]


def _score(city: str, rule: str, found: Sequence[Timer], now: datetime) -> Score:
    readings = [reading for timer in found if (reading := timer.read(now)) is not None]
    stopped = [timer for timer in found if timer.deadline and timer.deadline.stopped]
    met = sum(reading.state is State.MET for reading in readings)
    overdue = sum(_is_open(timer) and _is_overdue(timer.read(now)) for timer in found)
    days = [
        (legal_date(each.deadline.stopped) - each.on).days
        for each in stopped
        if each.deadline and each.deadline.stopped
    ]
    return Score(
        city=city,
        rule=rule,
        label=_label(found[0]),
        in_time=met,
        late=len(stopped) - met,
        running=len(found) - len(stopped) - overdue,
        overdue=overdue,
        median_days=median(days) if days else 0,
    )


def _clock(file: CaseFile, timer: Timer, now: datetime) -> Clock:
    reading = timer.read(now)
    return Clock(
        case=file.id,
        workflow=file.workflow.name,
        rule=timer.rule,
        label=_label(timer),
        law=_law(timer),
        act=timer.act_id,
        started=timer.on.isoformat(),
        state=reading.state.value if reading else "unknown",
        due=reading.due.isoformat() if reading and reading.due else "",
        days_left=(reading.days_left or 0) if reading else 0,
        days_late=reading.days_late if reading else 0,
        owed_by=timer.owed_by,
        problem=timer.problem,
    )


def _label(timer: Timer) -> Label:
    rule = timer.rule_in_force
    return Label(zh=rule.label.zh, en=rule.label.en) if rule else Label(zh=timer.rule, en=timer.rule)


def _law(timer: Timer) -> str:
    rule = timer.rule_in_force
    if rule is None:
        return ""
    return vendored_rules().laws[rule.law].zh + (f" 第{rule.article}条" if rule.article else "")


def _is_open(timer: Timer) -> bool:
    return timer.deadline is None or timer.deadline.stopped is None


def _is_overdue(reading: Reading | None) -> bool:
    return reading is not None and reading.state is State.OVERDUE


def _urgency(clock: Clock) -> tuple[bool, str, str]:
    return not clock.due, clock.due, clock.case
