"""Makes of what an officer or platform submits the act as it would be recorded, and holds it against the rules."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from google.protobuf.message import Message

from node.core.log.record import CASEWORK, EVERYONE
from node.core.members.actor import Actor
from node.core.members.officers import making_role
from node.core.standards import standard as standards
from node.core.standards.standard import Standard
from node.core.workflow.case import Case
from node.core.workflow.declared import workflow as find_workflow
from node.core.workflow.facts import ActFact
from node.core.workflow.from_record import act_fact
from node.core.workflow.model import Act, Kind, Role, Workflow
from node.core.workflow.rules import NOWHERE, Broken, apply, unknown_act
from node.errors import NodeError, Reason
from node.messages import _, both
from node.storage.sqlite.log import Entry
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.act_pb2 import Act as ActMessage
from node.usecases.casework.act_record import fact_facets, workflow_subject
from node.usecases.casework.address_platform import check_speaks
from node.usecases.casework.case_file import PURPOSE, CaseFile, check_sees
from node.usecases.casework.complete import complete
from node.usecases.casework.follow_up import overlay
from node.usecases.casework.rules.candidate import Candidate, Knowledge
from node.usecases.casework.rules.table import RULES, Rule, find_broken

_OURS = ("city", "platform", "maker", "approver")


class ActRefusedError(NodeError):
    """An act breaks rules; `broken` names all of them."""

    def __init__(self, broken: Sequence[Broken]) -> None:
        zh = "；".join(f"{demand.rule}：{demand.zh}（{demand.law.zh}）" for demand in broken)
        en = "; ".join(f"{demand.rule}: {demand.en} ({demand.law.en})" for demand in broken)
        super().__init__(broken[0].reason, both(en, zh))
        self.broken = tuple(broken)


@dataclass(frozen=True)
class Submission:
    """What is submitted; `case` is empty where the act is to open one."""

    workflow: str
    case: str
    body: bytes
    also_to: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """An act that may be recorded.

    Attributes:
        file: the case without it.
        bodies: one facet body a facet.
        fact: as every party will read it, its `id` empty.
        opened_to_all: every member sees the case because an officer wants it, not because the workflow says so.
    """

    file: CaseFile
    act: Act
    message: Message
    bodies: tuple[bytes, ...]
    fact: ActFact
    audience: tuple[str, ...]
    opened_to_all: bool

    def entry(self, city: str, now_ms: int) -> Entry:
        """The log entry."""
        standard = standards.get(self.file.workflow.name)
        act = act_of(self.message)
        header = Header(
            standard=standard.name,
            version=standard.version,
            city=city,
            subjects=[*dict.fromkeys(standard.subjects(self.message)), workflow_subject(standard.name)],
            issued_at_ms=now_ms,
            as_of_ms=now_ms,
            audience=self.audience,
            purpose=PURPOSE,
            legal_basis=act.article or self.fact.fields.get("article") or self.act.law.zh,
            source=CASEWORK,
        )
        return Entry.of(header, self.bodies)


class Proposer:
    """Prepares acts of one city."""

    def __init__(self, known: Knowledge, rules: Sequence[Rule] = RULES) -> None:
        self._known = known
        self._rules = rules
        self._repository = known.cases
        self._city = known.city
        self._members = known.members

    def submitted(self, actor: Actor, submission: Submission, on: date, *, is_draft: bool) -> Proposal:
        """An act as its maker submits it; of a draft everything is checked but its approver.

        Raises:
            ActRefusedError: It breaks rules of the workflow.
            NodeError: INVALID_ARGUMENT, INVALID_FIELD (the standard), NOT_FOUND or WRONG_ACTOR.
        """
        file = self._file(actor, submission)
        message = standards.get(submission.workflow).parse(submission.body)
        stated = act_of(message)
        act = _declared(file.workflow, stated.act)
        _check_unset(stated, submission.case)
        if act.discloses:
            message = _with_drafts(file, message)
            stated = act_of(message)
        self._sign(stated, actor, submission.case, on)
        complete(self._known, file, act, message, on)
        if submission.case and not stated.follows:
            stated.follows.extend(file.case.heads(act))
        role = None if actor.is_platform else making_role(actor.account, act)
        return self._checked(file, act, message, submission.also_to, role, on, is_draft=is_draft)

    def by_itself(self, file: CaseFile, act: Act, on: date) -> Proposal:
        """An act that the software makes, which the law makes automatic.

        Raises:
            ActRefusedError: It breaks rules of the workflow; its time has not come, for one.
        """
        message = standards.get(file.workflow.name).message_type()
        stated = act_of(message)
        stated.MergeFrom(ActMessage(act=act.name, case=file.id, follows=file.case.heads(act), city=self._city))
        stated.date = on.isoformat()
        return self._checked(file, act, message, (), Role.NODE, on)

    def approved(self, actor: Actor, submission: Submission, on: date) -> Proposal:
        """A draft, as `submitted` made it, with its approver.

        Raises:
            ActRefusedError: FOUR_EYES, or the case has moved on.
            NodeError: INVALID_FIELD.
        """
        file = self._file(actor, submission)
        message = standards.get(submission.workflow).parse(submission.body)
        stated = act_of(message)
        act = _declared(file.workflow, stated.act)
        stated.approver.CopyFrom(actor.officer())
        if not act.may_be_dated:
            stated.date = on.isoformat()
        return self._checked(file, act, message, submission.also_to, None, on)

    def _file(self, actor: Actor, submission: Submission) -> CaseFile:
        workflow = find_workflow(submission.workflow)
        if not submission.case:
            return CaseFile("", workflow, {}, Case(workflow, ""))
        file = self._repository.open(submission.case)
        check_sees(actor, file, self._city)
        if file.workflow is not workflow:
            raise NodeError(
                Reason.INVALID_ARGUMENT,
                _("case {case} belongs to workflow {workflow}", case=file.id, workflow=file.workflow.name),
            )
        return file

    def _sign(self, act: ActMessage, actor: Actor, case: str, on: date) -> None:
        act.case, act.city, act.date = case, self._city, act.date or on.isoformat()
        if actor.is_platform:
            check_speaks(self._members().connections, self._city, actor.account.name, on)
            act.platform = actor.account.name
        else:
            act.maker.CopyFrom(actor.officer())

    def _checked(
        self,
        file: CaseFile,
        act: Act,
        message: Message,
        also_to: Sequence[str],
        role: Role | None,
        today: date,
        *,
        is_draft: bool = False,
    ) -> Proposal:
        standard = standards.get(file.workflow.name)
        bodies = standard.split(message.SerializeToString())
        fact = act_fact("", _facts_part(standard, bodies))
        broken = find_broken(self._rules, self._known, Candidate(file, act, message, fact, role, today))
        if is_draft:
            broken = [demand for demand in broken if demand.reason is not Reason.FOUR_EYES]
        if broken:
            raise ActRefusedError(broken)
        _check_standard(standard, message)
        audience = self._audience(file, act, fact, also_to)
        opened_to_all = EVERYONE in also_to and EVERYONE not in _parties(file.workflow, act, fact)
        return Proposal(file, act, message, bodies, fact, audience, opened_to_all)

    def _audience(self, file: CaseFile, act: Act, fact: ActFact, also_to: Sequence[str]) -> tuple[str, ...]:
        first = file.disclosing
        if also_to and (act.internal or first is not None):
            raise NodeError(
                Reason.INVALID_ARGUMENT,
                _("the first act visible to others fixes who may see a case: no city can be added"),
            )
        if also_to and file.workflow.name == "complaint":
            raise NodeError(
                Reason.INVALID_ARGUMENT,
                _("a complaint is visible only to the city that handles it: hand it over (hand_over)"),
            )
        if act.internal:
            return ()
        if first is not None:
            return tuple(first.header.audience)
        cities = {self._city, *also_to, *_parties(file.workflow, act, fact)}
        if EVERYONE in cities:
            return (EVERYONE,)
        if unknown := sorted(cities - {self._city, *(member.city for member in self._members().members)}):
            raise NodeError(
                Reason.INVALID_ARGUMENT, _("{unknown!r} is not a member of the federation", unknown=unknown[0][:40])
            )
        return tuple(sorted(cities))


def act_of(message: Message) -> ActMessage:
    """The act in a message of a workflow's standard, which always has the field."""
    act: ActMessage = getattr(message, "act")  # noqa: B009 - the type checker knows no field of any message
    return act


def _declared(workflow: Workflow, name: str) -> Act:
    act = workflow.act.get(name)
    if act is None:
        raise ActRefusedError([unknown_act(workflow, name)])
    return act


def _check_unset(act: ActMessage, case: str) -> None:
    if act.case not in ("", case):
        raise NodeError(Reason.INVALID_ARGUMENT, _("the body names a different case"))
    if stated := [name for name, _value in _set_fields(act) if name in _OURS]:
        raise NodeError(Reason.INVALID_ARGUMENT, _("act.{field} is set by the node: leave it empty", field=stated[0]))


def _set_fields(message: Message) -> Iterator[tuple[str, object]]:
    return ((field.name, value) for field, value in message.ListFields())


def _with_drafts(file: CaseFile, message: Message) -> Message:
    """The first act that others see carries what the city noted before, as far as it does not say otherwise."""
    whole = type(message)()
    for fact in file.case.in_force():
        act = file.workflow.act.get(fact.act)
        if act is not None and act.internal:
            overlay(whole, file.acts[fact.id].body)
    whole.ClearField("act")
    overlay(whole, message)
    return whole


def _facts_part(standard: Standard, bodies: Sequence[bytes]) -> Message:
    return standard.merge(bodies[number - 1] for number in sorted(fact_facets(standard.name, standard.version)))


def _check_standard(standard: Standard, message: Message) -> None:
    errors = [finding for finding in standard.findings(message) if not finding.warning]
    if errors:
        text = "; ".join(f"{error.field}: {error.message or error.reason}" for error in errors)
        raise NodeError(Reason.INVALID_FIELD, text)


def _parties(workflow: Workflow, act: Act, fact: ActFact) -> Iterator[str]:
    parties = apply(workflow, act, fact, NOWHERE).parties
    for party in workflow.parties:
        if party.kind is Kind.MEMBER:
            yield EVERYONE
        elif party.kind is Kind.CITY and parties.get(party.name):
            yield parties[party.name]
