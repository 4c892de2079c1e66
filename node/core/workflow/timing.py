"""The deadlines of a case: what its acts did to them, counted by the legal rules."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from types import MappingProxyType

from node.core.law.calendar import Calendar, legal_date
from node.core.law.deadlines import Deadline, Reading, start
from node.core.law.legal_rules import LegalRule, Unit, find_rule
from node.core.workflow.case import Case, DeadlineEvent
from node.core.workflow.facts import ActFact, Person, city_of
from node.core.workflow.model import Effect
from node.errors import NodeError
from node.messages import _

SUPERIOR = "superior"
POLICE = "police"
HOME_ORGAN = "home_organ"
OUTSIDE = frozenset((SUPERIOR, POLICE, HOME_ORGAN))
"""Who owes something in a case and has no node."""
# Stands for the approver of a draft, who is not known yet.
_SOMEBODY = Person("审批人")
_CITY, _TO, _HANDLER = ("origin",), ("addressee",), ("handler",)

OWED_BY = MappingProxyType(
    {
        "assistance.answer": _TO,
        "clue.filing_decision": _HANDLER,
        "jurisdiction.negotiation": ("origin", "addressee"),
        "jurisdiction.designation": (SUPERIOR,),
        "case.decision": _HANDLER,
        "evidence.preservation": _HANDLER,
        "measure.seizure": _HANDLER,
        "penalty.publication": _HANDLER,
        "penalty.push": _HANDLER,
        "penalty.publication_by_home": (HOME_ORGAN,),
        "penalty.withdrawal": _HANDLER,
        "crime.transfer_decision": _HANDLER,
        "crime.transfer": _HANDLER,
        "crime.police_decision": (POLICE,),
        "complaint.settlement": _CITY,
        "complaint.acceptance": _HANDLER,
        "complaint.mediation": _HANDLER,
        "complaint.end_told": _HANDLER,
        "listing.serious.push": _CITY,
        "listing.serious.term": _CITY,
        "listing.serious.early_removal": _CITY,
        "listing.serious.publication": ("home",),
        "listing.serious.own_publication": ("home",),
        "listing.serious.annulment": ("home",),
        "listing.serious.removal": ("home",),
        "platform.sanction_publication": ("platform",),
        "credit.repair.acceptance": _CITY,
        "credit.repair.decision": _CITY,
        "credit.repair.execution": _CITY,
        "credit.repair.push": _CITY,
        "credit.repair.ban": _CITY,
    }
)
"""Rule -> the parties that the law holds to it, in whatever workflow starts its deadline."""


@dataclass(frozen=True)
class Timer:
    """A deadline that an act of a case started.

    Attributes:
        act_id: record id of the act that started it.
        on: day of that act.
        owed_by: cities, platforms or who of `OUTSIDE`.
        deadline: None where it could not be started; `problem` says why, or what act it did not take.
    """

    rule: str
    act_id: str
    on: date
    owed_by: tuple[str, ...]
    deadline: Deadline | None
    problem: str = ""

    def read(self, moment: datetime) -> Reading | None:
        """The deadline at a moment; None where it cannot be read (past the calendar, for one)."""
        if self.deadline is None or self._has_no_end:
            return None
        try:
            return self.deadline.at(max(moment, self.deadline.began) if self._counts_hours else _day(moment, self))
        except NodeError:
            return None

    @property
    def runs(self) -> bool:
        """It was started, and nothing has stopped it."""
        return self.deadline is not None and self.deadline.stopped is None

    @property
    def rule_in_force(self) -> LegalRule | None:
        """The version of the rule that binds this deadline."""
        return self.deadline.rule if self.deadline else None

    @cached_property
    def _has_no_end(self) -> bool:
        """Its last day is past the calendar, whichever day it is read on."""
        deadline = self.deadline
        return deadline is not None and not (deadline.suspensions or deadline.extensions) and bool(_horizon(deadline))

    @property
    def _counts_hours(self) -> bool:
        return self.deadline is not None and self.deadline.rule.unit is Unit.HOURS


@dataclass(frozen=True)
class Moments:
    """What the acts of a case do not say themselves.

    Attributes:
        recorded: record id -> when it was recorded; what a limit in hours counts from.
        received: (record id, city) -> when that city had received it.
    """

    recorded: Mapping[str, datetime]
    received: Mapping[tuple[str, str], datetime]


UNKNOWN = Moments(MappingProxyType({}), MappingProxyType({}))


def timers(case: Case, calendar: Calendar, moments: Moments) -> list[Timer]:
    """Every deadline of a case, in the order started.

    A rule may run more than once: what an act does, it does to all.
    """
    every: list[Timer] = []
    running: defaultdict[str, list[int]] = defaultdict(list)
    facts = {verdict.fact.id: verdict.fact for verdict in case.history()}
    for event in case.deadline_events():
        if event.effect is Effect.START:
            if (begun := _begun(event, moments)) is not None:
                running[event.rule].append(len(every))
                every.append(_started(begun, calendar, moments))
            continue
        for index in running[event.rule]:
            every[index] = _changed(every[index], event, facts[event.act_id], moments)
        if event.effect is Effect.STOP:
            del running[event.rule]
    return every


def refused_by_deadline(case: Case, fact: ActFact, calendar: Calendar, moments: Moments) -> Iterator[tuple[str, str]]:
    """What a running deadline does not take of an act to come, and why: (legal rule, reason).

    A limit is extended before it ran out, as often and as long as its rule allows; only what runs is suspended or
    extended. Of a deadline that could not be started nothing can be told.
    """
    act = case.workflow.act[fact.act]
    kept, parties = case.situation.kept, case.situation.parties
    changes = [
        deadline
        for deadline in act.deadlines
        if deadline.effect in (Effect.EXTEND, Effect.SUSPEND, Effect.RESUME)
        and (deadline.only is None or deadline.only.holds(kept, parties))
    ]
    every = timers(case, calendar, moments) if changes else []
    approved = fact if fact.approver or not act.binds else replace(fact, approver=_SOMEBODY)
    for deadline in changes:
        event = DeadlineEvent(deadline.effect, deadline.rule, deadline.cause, fact.on, "", case.parties)
        before = [timer for timer in every if timer.rule == deadline.rule and (timer.runs or timer.deadline is None)]
        after = [_changed(timer, event, approved, moments) for timer in before]
        if not before:
            yield deadline.rule, _("the limit {rule} does not run in this case", rule=deadline.rule)
        elif all(new.deadline is old.deadline is not None for new, old in zip(after, before, strict=True)):
            yield deadline.rule, after[-1].problem


def _begun(event: DeadlineEvent, moments: Moments) -> DeadlineEvent | None:
    """The start of a deadline on its day; None while nobody who owes it has received what starts it."""
    if not event.upon_receipt:
        return event
    debtor = next(_debtors(event), "")
    if debtor == city_of(event.act_id):
        return event
    received = moments.received.get((event.act_id, debtor))
    # The clock of who received it may be behind that of who sent it.
    return replace(event, on=max(event.on, legal_date(received))) if received else None


def _started(event: DeadlineEvent, calendar: Calendar, moments: Moments) -> Timer:
    owed_by = tuple(dict.fromkeys(_debtors(event)))
    try:
        rule = find_rule(event.rule, event.on)
        deadline = start(rule, _moment(rule, event, moments), calendar)
    except NodeError as error:
        return Timer(event.rule, event.act_id, event.on, owed_by, None, error.message)
    timer = Timer(event.rule, event.act_id, event.on, owed_by, deadline)
    return replace(timer, problem=_horizon(deadline))


def _horizon(deadline: Deadline) -> str:
    """Why the last day cannot be told; empty where it can."""
    try:
        deadline.due  # noqa: B018 - reading it raises
    except NodeError as error:
        return error.message
    return ""


def _debtors(event: DeadlineEvent) -> Iterator[str]:
    for party in OWED_BY[event.rule]:
        name = party if party in OUTSIDE else event.parties.get(party, "")
        if name:
            yield name


def _moment(rule: LegalRule, event: DeadlineEvent, moments: Moments) -> date:
    return moments.recorded.get(event.act_id, event.on) if rule.unit is Unit.HOURS else event.on


def _changed(timer: Timer, event: DeadlineEvent, fact: ActFact, moments: Moments) -> Timer:
    deadline = timer.deadline
    if deadline is None:
        return timer
    on = _moment(deadline.rule, event, moments)
    try:
        match event.effect:
            case Effect.STOP:
                # What is withdrawn before it arrived ends the day it arrives.
                changed = deadline.stop(max(on, deadline.started) if event.on < deadline.started else on)
            case Effect.SUSPEND:
                changed = deadline.suspend(on, event.cause)
            case Effect.RESUME:
                changed = deadline.resume(on, event.cause)
            case _:
                approver = fact.approver.name if fact.approver else ""
                limit = int(fact.fields.get("extends_by", "0")) or None
                changed = deadline.extend(on, approved_by=approver, limit=limit, told_on=on)
    except NodeError as error:
        return replace(timer, problem=error.message)
    return replace(timer, deadline=changed, problem=_horizon(changed))


def _day(moment: datetime, timer: Timer) -> date:
    # An act recorded today may be dated by a city whose day has begun already.
    return max(moment.date(), timer.on)
