"""Deadlines: from the act that starts one to its last day, through suspension, extension and the act that stops it.

How days are counted (Provisions on Penalty Procedure, the chapter on periods; Administrative Penalty Law, Art 85):
- the day of the act that starts the deadline does not count, unless the rule says so;
- months and years end on the same day of the month, or on its last day where the month is shorter;
- days between suspension and resumption, the first included and the last not, do not count: of a limit in working days
  its working days, of any other every day of the calendar;
- a last day that is not worked moves to the next working day where the rule says so.

No wall clock: every date is an argument. A moment with a time zone stands for its date in Shanghai.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import NoReturn

from node.core.law.calendar import ONE_DAY, SHANGHAI, Calendar, add_months, legal_date
from node.core.law.legal_rules import Kind, LegalRule, Unit
from node.errors import NodeError, Reason
from node.messages import Message, _, both

_MONTHS = {Unit.MONTHS: 1, Unit.YEARS: 12}


class State(StrEnum):
    """How a deadline stands. A term or waiting time that has run out is `elapsed`; only a limit can be `overdue`."""

    RUNNING = "running"
    SUSPENDED = "suspended"
    MET = "met"
    OVERDUE = "overdue"
    ELAPSED = "elapsed"


STATES: Mapping[State, Message] = {
    State.RUNNING: _("running"),
    State.SUSPENDED: _("suspended"),
    State.MET: _("met"),
    State.OVERDUE: _("overdue"),
    State.ELAPSED: _("elapsed"),
}
"""How a deadline stands, in words."""


@dataclass(frozen=True)
class Suspension:
    """Days that do not count, `since` and `last` included; without `last` it lasts.

    `cause` is the one that began it; others may have joined it.
    """

    cause: str
    since: date
    last: date | None = None

    def covers(self, day: date) -> bool:
        """Whether `day` does not count."""
        return self.since <= day and (self.last is None or day <= self.last)


@dataclass(frozen=True)
class Extension:
    """An extension granted; `limit` in the rule's unit."""

    on: date
    limit: int
    approved_by: str
    told_on: date | None


@dataclass(frozen=True)
class Reading:
    """A deadline read on a day.

    `due` is None while suspended. `days_left` counts in working days where the rule does, else in days of the calendar,
    and is None once the deadline has stopped or run out; `days_late` counts days of the calendar.
    """

    state: State
    due: date | None
    days_left: int | None = None
    days_late: int = 0


@dataclass(frozen=True)
class Deadline:
    """A deadline that was started. Each act on it makes a new one.

    `causes` are those that keep it suspended: it counts again when the last of them has ended.

    Every question and act may raise NodeError: `CALENDAR_HORIZON` where the answer needs a day the calendar does not
    know, `CLOCK_REFUSED` where the rule or the deadline's state does not allow it.
    """

    rule: LegalRule
    began: date
    calendar: Calendar = field(repr=False, compare=False)
    suspensions: tuple[Suspension, ...] = ()
    extensions: tuple[Extension, ...] = ()
    stopped: date | None = None
    causes: tuple[str, ...] = ()

    @property
    def started(self) -> date:
        """The day of the act that started the deadline."""
        return legal_date(self.began)

    @property
    def is_suspended(self) -> bool:
        """Whether a suspension has not ended."""
        return bool(self.suspensions) and self.suspensions[-1].last is None

    @property
    def limit(self) -> int:
        """The limit with what extensions added, in the rule's unit."""
        return self.rule.limit + sum(extension.limit for extension in self.extensions)

    @cached_property
    def due(self) -> date | None:
        """The last day; None while suspended."""
        if self.is_suspended:
            return None
        if self.rule.unit is Unit.HOURS:
            return legal_date(self._began_at + timedelta(hours=self.limit))
        day = self._nominal
        for pause in self.suspensions:
            if pause.last is not None and pause.since <= day:
                day = self._plus(day, self._count(max(pause.since - ONE_DAY, self._base), pause.last))
        return self._rolled(day) if self.rule.rolls else day

    @property
    def due_at(self) -> datetime | None:
        """The moment the last day, or the last hour, is over; None while suspended."""
        if self.rule.unit is Unit.HOURS:
            return self._began_at + timedelta(hours=self.limit)
        return None if self.due is None else datetime.combine(self.due + ONE_DAY, time.min, SHANGHAI)

    def suspend(self, on: date, cause: str) -> "Deadline":
        """Stops the counting from `on` for a cause the rule allows; one more keeps it stopped until both have ended."""
        day = self._act_day(on, _("suspension"))
        self._refuse_if(
            cause not in self.rule.excluded,
            _("cannot be suspended for {cause}: {causes}", cause=cause, causes=self._allowed),
        )
        self._refuse_if(cause in self.causes, _("is suspended already"))
        self._refuse_if(self.is_late(on), _("ran out on {due}: too late to suspend it", due=self.due))
        joined = self if self.is_suspended else replace(self, suspensions=(*self.suspensions, Suspension(cause, day)))
        return replace(joined, causes=(*self.causes, cause))

    def resume(self, on: date, cause: str) -> "Deadline":
        """Ends a cause; with the last it counts again from `on`. Resumed on the day of suspension it lost no day."""
        day = self._act_day(on, _("resumption"))
        self._refuse_if(cause not in self.causes, _("is not suspended for {cause}", cause=cause))
        left = replace(self, causes=tuple(other for other in self.causes if other != cause))
        return left if left.causes else left._resumed_after(day - ONE_DAY)  # noqa: SLF001 - its own class

    def extend(
        self, on: date, *, approved_by: str = "", limit: int | None = None, told_on: date | None = None
    ) -> "Deadline":
        """Adds the rule's next extension, before expiry.

        Args:
            on: Day of the decision.
            approved_by: Who approved it; must be named where the rule asks for approval.
            limit: What it adds, in the rule's unit: at most what the rule allows, which is also the default.
            told_on: When the other side was told, where the rule asks for that.
        """
        day = self._act_day(on, _("extension"))
        used = len(self.extensions)
        self._refuse_if(
            used == len(self.rule.extensions), _("cannot be extended again") if used else _("cannot be extended")
        )
        right = self.rule.extensions[used]
        self._refuse_if(self.is_late(on), _("ran out on {due}: too late to extend it", due=self.due))
        if right.approval is not None:
            self._refuse_if(
                not approved_by.strip(),
                _("is extended only with approval ({by})", by=both(right.approval.en, right.approval.zh)),
            )
        is_told = told_on is not None and not self.is_late(told_on)
        self._refuse_if(
            right.needs_notice and not is_told, _("is extended only if the other side is told before expiry")
        )
        added = right.limit if limit is None else limit
        if added is None or added < 1 or (right.limit is not None and added > right.limit):
            self._refuse(
                _(
                    "state an extension of 1 to {limit} {unit}",
                    limit=right.limit or _("any number of"),
                    unit=self.rule.unit.value,
                )
            )
        return replace(self, extensions=(*self.extensions, Extension(day, added, approved_by, told_on)))

    def stop(self, on: date) -> "Deadline":
        """Ends the deadline by the act it waited for; a suspension ends with it."""
        day = self._act_day(on, _("end"))
        ended = self._resumed_after(day) if self.is_suspended else self
        return replace(ended, stopped=on)

    def at(self, on: date) -> Reading:
        """Reads the deadline on a day, or of a limit in hours at a moment, by the acts known then."""
        day = legal_date(on)
        self._refuse_if(day < self.started, _("starts on {day}", day=self.started))
        if self.stopped is not None and legal_date(self.stopped) <= day:
            return self._final(self.stopped)
        known = self._known_on(day)
        if known.is_suspended:
            return Reading(State.SUSPENDED, None, known.days_left(day))
        if not known.is_late(on):
            return Reading(State.RUNNING, known.due, known.days_left(day))
        state = State.OVERDUE if self.rule.kind is Kind.LIMIT else State.ELAPSED
        return Reading(state, known.due, days_late=known.days_late(day))

    def is_late(self, moment: date) -> bool:
        """Whether the deadline had run out by that day; of a limit in hours, by that moment."""
        if self.due is None or self.due_at is None:
            return False
        if self.rule.unit is Unit.HOURS and isinstance(moment, datetime):
            return moment > self.due_at
        return legal_date(moment) > self.due

    def days_late(self, day: date) -> int:
        """Days of the calendar past the last day."""
        return 0 if self.due is None else max(0, (day - self.due).days)

    def days_left(self, day: date) -> int:
        """Days that still count after `day`; of a suspended deadline, were it resumed on the morrow."""
        running = self._resumed_after(day) if self.is_suspended else self
        if running.due is None:
            return 0
        paused = sum(
            self._count(max(pause.since - ONE_DAY, day), pause.last)
            for pause in running.suspensions
            if pause.last is not None
        )
        return self._count(day, running.due) - paused

    def _known_on(self, day: date) -> "Deadline":
        if not self.suspensions and not self.extensions:
            return self
        suspensions = tuple(
            pause if pause.last is None or pause.last < day else replace(pause, last=None)
            for pause in self.suspensions
            if pause.since <= day
        )
        return replace(self, suspensions=suspensions, extensions=tuple(e for e in self.extensions if e.on <= day))

    def _final(self, stopped: date) -> Reading:
        if self.rule.kind is Kind.LIMIT and self.is_late(stopped):
            return Reading(State.OVERDUE, self.due, days_late=self.days_late(legal_date(stopped)))
        return Reading(State.MET, self.due)

    def _resumed_after(self, day: date) -> "Deadline":
        *before, pause = self.suspensions
        lost = () if day < pause.since else (replace(pause, last=day),)
        return replace(self, suspensions=(*before, *lost), causes=())

    @property
    def _base(self) -> date:
        return self.started - ONE_DAY if self.rule.first_day_counts else self.started

    @property
    def _nominal(self) -> date:
        """The last day if every day counted."""
        if self.rule.unit not in _MONTHS:
            return self._plus(self._base, self.limit)
        return add_months(self.started, self.limit * _MONTHS[self.rule.unit]) - (self.started - self._base)

    def _plus(self, day: date, count: int) -> date:
        if self.rule.unit is Unit.WORKING_DAYS:
            return self.calendar.add_working_days(day, count)
        return date.max if count > (date.max - day).days else day + timedelta(days=count)

    def _count(self, after: date, until: date) -> int:
        """Days that count by their kind in (after, until]."""
        if self.rule.unit is Unit.WORKING_DAYS:
            return self.calendar.count_working_days(after, until)
        return max(0, (until - after).days)

    def _rolled(self, day: date) -> date:
        while not self.calendar.is_working_day(day) or any(pause.covers(day) for pause in self.suspensions):
            day += ONE_DAY
        return day

    @property
    def _began_at(self) -> datetime:
        if isinstance(self.began, datetime):
            return self.began
        raise NodeError(
            Reason.INVALID_ARGUMENT,
            _("{rule} counts hours: give the time it starts, not only the date", rule=self.rule.id),
        )

    @property
    def _allowed(self) -> Message:
        causes = list(self.rule.excluded)
        return _("only for {causes}", causes=causes) if causes else _("nothing suspends it")

    def _act_day(self, on: date, act: Message) -> date:
        day = legal_date(on)
        pauses = (pause.since if pause.last is None else pause.last + ONE_DAY for pause in self.suspensions)
        known = (self.started, *pauses, *(extension.on for extension in self.extensions))
        self._refuse_if(self.stopped is not None, _("stopped on {day}: no {act} after that", day=self.stopped, act=act))
        self._refuse_if(
            day < max(known), _("no {act} on {day}: its last act is of {last}", act=act, day=day, last=max(known))
        )
        return day

    def _refuse_if(self, wrong: bool, why: Message) -> None:
        if wrong:
            self._refuse(why)

    def _refuse(self, why: Message) -> NoReturn:
        raise NodeError(Reason.CLOCK_REFUSED, _("deadline {rule}: {why}", rule=self.rule.id, why=why))


def start(rule: LegalRule, on: date, calendar: Calendar) -> Deadline:
    """Starts a deadline by the act of a day; a limit in hours by the act of a moment.

    Raises:
        NodeError: `RULE_NOT_IN_FORCE`: this version does not bind an act of that day. `INVALID_ARGUMENT`: a date where
            a moment is needed, or a moment without a time zone.
    """
    if not rule.is_in_force(legal_date(on)):
        raise NodeError(
            Reason.RULE_NOT_IN_FORCE,
            _(
                "{rule} v{version} does not apply to an act of {day}",
                rule=rule.id,
                version=rule.version,
                day=legal_date(on),
            ),
        )
    if rule.unit is Unit.HOURS and not isinstance(on, datetime):
        raise NodeError(
            Reason.INVALID_ARGUMENT, _("{rule} counts hours: give the time it starts, not only the date", rule=rule.id)
        )
    return Deadline(rule, on, calendar)
