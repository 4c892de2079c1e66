"""The deadlines of many cases: what runs and for whom, and how each city keeps its limits."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from statistics import median
from typing import NamedTuple

from node.core.law.calendar import legal_date
from node.core.law.deadlines import Reading, State
from node.core.law.legal_rules import Kind
from node.core.workflow.timing import Timer
from node.stubs.casework.v1.casework_pb2 import Clock, Score
from node.usecases.casework.case_summary import CaseSummary
from node.usecases.casework.deadline_view import deadline_view, label_of

_RUNNING = (State.RUNNING, State.SUSPENDED, State.OVERDUE)


class Running(NamedTuple):
    """A deadline that nothing has stopped. Running ones sort by their last day, those without one last."""

    has_no_day: bool
    due: str
    case: str
    started: int
    summary: CaseSummary
    timer: Timer

    def message(self, now: datetime) -> Clock:
        """As officers read it."""
        deadline = deadline_view(self.summary.id, self.summary.workflow.name, self.timer, now)
        deadline.title = self.summary.title
        return deadline


def running(summary: CaseSummary, now: datetime) -> Iterator[Running]:
    """The deadlines of a case that nothing has stopped."""
    for number, timer in enumerate(summary.timers):
        if timer.deadline is None or timer.deadline.stopped is None:
            reading = timer.read(now)
            if reading is None or reading.state in _RUNNING:
                due = reading.due.isoformat() if reading and reading.due else ""
                yield Running(not due, due, summary.id, number, summary, timer)


def deadlines(summaries: Iterable[CaseSummary], now: datetime, owed_by: str = "") -> list[Running]:
    """The running deadlines of cases, the nearest first; with `owed_by` those that this city or platform owes."""
    open_ones = (deadline for summary in summaries for deadline in running(summary, now))
    return sorted(deadline for deadline in open_ones if not owed_by or owed_by in deadline.timer.owed_by)


def scorecard(summaries: Iterable[CaseSummary], now: datetime) -> list[Score]:
    """For each city (or platform) and limit how it is kept, over these cases. What ends by itself is not scored."""
    timers: defaultdict[tuple[str, str], list[Timer]] = defaultdict(list)
    for summary in summaries:
        for timer in summary.timers:
            rule = timer.rule_in_force
            if rule is not None and rule.kind is Kind.LIMIT:
                for debtor in timer.owed_by:
                    timers[debtor, timer.rule].append(timer)
    return [_score(city, rule, owed, now) for (city, rule), owed in sorted(timers.items())]


def _score(city: str, rule: str, timers: Sequence[Timer], now: datetime) -> Score:
    readings = [reading for timer in timers if (reading := timer.read(now)) is not None]
    stopped = [timer for timer in timers if timer.deadline and timer.deadline.stopped]
    met = sum(reading.state is State.MET for reading in readings)
    overdue = sum(_is_open(timer) and _is_overdue(timer.read(now)) for timer in timers)
    days = [
        (legal_date(ended.deadline.stopped) - ended.on).days
        for ended in stopped
        if ended.deadline and ended.deadline.stopped
    ]
    return Score(
        city=city,
        rule=rule,
        label=label_of(timers[0]),
        in_time=met,
        late=len(stopped) - met,
        running=len(timers) - len(stopped) - overdue,
        overdue=overdue,
        median_days=median(days) if days else 0,
    )


def _is_open(timer: Timer) -> bool:
    return timer.deadline is None or timer.deadline.stopped is None


def _is_overdue(reading: Reading | None) -> bool:
    return reading is not None and reading.state is State.OVERDUE
