"""A case as it is shown: state, acts and what each is worth, deadlines, receipts, what may come next."""

from collections.abc import Collection, Iterator
from datetime import date, datetime

from google.protobuf.message import Message

from node.core.law.calendar import Calendar, legal_date
from node.core.law.laws import Label
from node.core.log.body import read_body
from node.core.log.record import EVERYONE
from node.core.members.actor import Actor
from node.core.workflow.case import Case as Engine
from node.core.workflow.case import Verdict
from node.core.workflow.model import Act, Workflow
from node.core.workflow.rules import Broken, broken_by_guards
from node.stubs.casework.v1 import casework_pb2 as pb
from node.stubs.standard.v1.notice_pb2 import NOTICE_KIND_REMINDER, NOTICE_KIND_STORED
from node.usecases.casework.act_record import RECEIPTS, ActRecord, NoticeRecord, fact_facets
from node.usecases.casework.case_file import CaseFile, Retracted
from node.usecases.casework.deadline_view import deadlines_of


def show_case(
    file: CaseFile,
    actor: Actor,
    calendar: Calendar,
    now: datetime,
    members: Collection[str] = (),
    out_of_rule: Collection[Broken] = (),
) -> pb.Case:
    """The whole of a case that an actor may see.

    A platform sees no internal acts, no personal facets, no reminders, and not what other cases say against this one.
    Of what is for everyone each of `members` stands among the receipts, also who has not received it yet.
    """
    case, workflow = file.case, file.workflow
    state = RETRACTED if file.retracted else case.state
    return pb.Case(
        case=file.id,
        workflow=workflow.name,
        state=state,
        label=state_label(workflow, state),
        is_final=case.is_final or file.retracted is not None,
        taken_back=_retracted(file.retracted) if file.retracted else None,
        parties=[_party(workflow, name, who) for name, who in case.parties.items() if who],
        acts=[_act(file, verdict, actor, members) for verdict in case.history() if is_shown(workflow, verdict, actor)],
        clocks=deadlines_of(file, calendar, now),
        next=[_next(act) for act in case.open_acts() if _is_open(act, case, legal_date(now))],
        reminders=[] if actor.is_platform else list(_reminders(file)),
        out_of_rule=[] if actor.is_platform else [_broken(demand) for demand in out_of_rule],
    )


RETRACTED = "taken_back"
"""The state of a case whose acts its city retracted outside the workflow; no workflow has one of this name."""


def last_act(file: CaseFile) -> ActRecord | None:
    """The act taken last that others see; where there is none, the last internal one."""
    taken = file.case.in_force()
    return file.acts[taken[-1].id] if taken else None


def actor_name(act: ActRecord) -> str:
    """The city or platform that made an act."""
    return act.fact.platform or act.fact.city


def broken_rules(broken: tuple[Broken, ...]) -> pb.BrokenRules:
    """The rules that an act breaks, for whoever made it."""
    return pb.BrokenRules(rules=[_broken(demand) for demand in broken])


def is_shown(workflow: Workflow, verdict: Verdict, actor: Actor) -> bool:
    """Whether an actor may see an act of a case that is the actor's to see."""
    act = workflow.act.get(verdict.fact.act)
    return not (actor.is_platform and act is not None and act.internal)


def state_label(workflow: Workflow, state: str) -> pb.Label:
    """The names of a state; none where there is no such."""
    if state == RETRACTED:
        return pb.Label(zh="已撤回销毁", en="retracted")
    return _label(workflow.state[state].label) if state in workflow.state else pb.Label()


def _retracted(back: Retracted) -> pb.TakenBack:
    header = back.header
    return pb.TakenBack(
        record=header.id,
        city=header.city,
        on=back.on.isoformat(),
        purpose=header.purpose,
        legal_basis=header.legal_basis,
    )


def _label(label: Label) -> pb.Label:
    return pb.Label(zh=label.zh, en=label.en)


def _party(workflow: Workflow, name: str, who: str) -> pb.PartyView:
    return pb.PartyView(party=name, label=_label(workflow.party[name].label), name=who)


def _act(file: CaseFile, verdict: Verdict, actor: Actor, members: Collection[str]) -> pb.ActView:
    fact, record = verdict.fact, file.acts[verdict.fact.id]
    declared = file.workflow.act.get(fact.act)
    return pb.ActView(
        id=fact.id,
        act=fact.act,
        label=_label(declared.label) if declared else pb.Label(zh=fact.act, en=fact.act),
        city=fact.city,
        platform=fact.platform,
        maker=fact.maker.name if fact.maker else "",
        approver=fact.approver.name if fact.approver else "",
        on=fact.on.isoformat(),
        recorded_at_ms=record.header.issued_at_ms,
        follows=fact.follows,
        standing=verdict.standing.value,
        state=verdict.state,
        broken=[_broken(demand) for demand in verdict.broken],
        cause=verdict.cause,
        audience=record.header.audience,
        body=body_for(record, actor).SerializeToString(),
        receipts=receipts(file, record, members),
    )


def body_for(record: ActRecord, actor: Actor) -> Message:
    """Every facet that is here for an officer; for a platform what regulators tell each other."""
    if not actor.is_platform:
        return record.body
    return read_body(record.record, fact_facets(record.header.standard, record.header.version))


def receipts(file: CaseFile, record: ActRecord, members: Collection[str] = ()) -> Iterator[pb.Receipt]:
    """One for each city that the act is for; of `all` for each of `members`, and whoever else said so.

    What a city says of other content stands only until it says that it received this.
    """
    is_for_all = EVERYONE in record.header.audience
    named = members if is_for_all else record.header.audience
    receipt_of = {city: pb.Receipt(city=city) for city in named}
    receipt_of.pop(record.header.city, None)
    for notice in file.notices:
        city = notice.header.city
        is_for_it = city in receipt_of or (is_for_all and city != record.header.city)
        if notice.body.record != record.header.id or notice.body.kind not in RECEIPTS or not is_for_it:
            continue
        receipt = receipt_of.setdefault(city, pb.Receipt(city=city))
        is_right = notice.body.leaf_hash == record.leaf_hash
        if is_right and not receipt.is_right:
            receipt = receipt_of[city] = pb.Receipt(city=city, is_right=True)
        if is_right == receipt.is_right:
            _add(receipt, notice)
    return iter(receipt_of.values())


def _add(receipt: pb.Receipt, notice: NoticeRecord) -> None:
    header = notice.header
    if notice.body.kind == NOTICE_KIND_STORED:
        receipt.stored, receipt.stored_at_ms = header.id, header.issued_at_ms
    else:
        receipt.opened, receipt.opened_at_ms, receipt.opened_by = header.id, header.issued_at_ms, notice.body.officer


def _reminders(file: CaseFile) -> Iterator[pb.Reminder]:
    for notice in file.notices:
        if notice.body.kind == NOTICE_KIND_REMINDER:
            header, body = notice.header, notice.body
            yield pb.Reminder(id=header.id, city=header.city, rule=body.rule, due=body.due, at_ms=header.issued_at_ms)


def _broken(broken: Broken) -> pb.BrokenRule:
    return pb.BrokenRule(
        rule=broken.rule,
        reason=broken.reason.value,
        law_zh=broken.law.zh,
        law_en=broken.law.en,
        zh=broken.zh,
        en=broken.en,
    )


def _is_open(act: Act, case: Engine, on: date) -> bool:
    """Whether somebody may make the act on this day in a case of this kind; the software needs no telling."""
    return not act.is_automatic and not any(broken_by_guards(act, on, case.situation))


def _next(act: Act) -> pb.NextAct:
    return pb.NextAct(
        act=act.name,
        label=_label(act.label),
        by=act.by,
        roles=[role.value for role in act.roles],
        needs_approver=act.binds,
        carries=[need.name for need in act.needs],
    )
