"""Records acts: at once, or as drafts that another officer approves."""

import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import date
from typing import NamedTuple

from node.core.law.calendar import legal_day
from node.core.law.complaint_route import Route
from node.core.members.actor import Actor
from node.core.members.officers import OfficerRole, check_approver
from node.core.standards import standard as standards
from node.core.standards.validation import Finding
from node.core.workflow.declared import workflow as find_workflow
from node.core.workflow.model import Product
from node.core.workflow.rules import Broken
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.drafts import Draft
from node.storage.sqlite.log import Entry
from node.storage.sqlite.store import Store
from node.usecases.casework.case_file import CaseFile, Members, check_sees
from node.usecases.casework.case_index import CaseIndex
from node.usecases.casework.case_summary import CaseSummary
from node.usecases.casework.follow_up import completed, prepare
from node.usecases.casework.products import products
from node.usecases.casework.propose import ActRefusedError, Proposal, Proposer, Submission
from node.usecases.casework.rules.candidate import Knowledge
from node.usecases.casework.rules.jurisdiction import route_of
from node.usecases.casework.rules.out_of_rule import out_of_rule
from node.usecases.casework.worth_a_look import worth_a_look
from node.usecases.records.refuse_republication import Republication

Notify = Callable[[Collection[str]], None]
"""Tells the cities of an audience that there is something new for them."""
# Acts of different cases rarely wait for each other.
_LOCKS = 64


class Made(NamedTuple):
    """What an act leads to; of a draft its number."""

    product: Product
    standard: str
    draft: int = 0


class Recorded(NamedTuple):
    """An act that stands in the log."""

    id: str
    case: str
    state: str
    audience: tuple[str, ...]
    makes: tuple[Made, ...]
    warnings: tuple[Finding, ...] = ()


class Casework:
    """The casework of one city."""

    def __init__(self, store: Store, clock: Clock, members: Members, notify: Notify, case_index: CaseIndex) -> None:
        self._store = store
        self._clock = clock
        self._notify = notify
        self._case_index = case_index
        self._repository = case_index.repository
        self._members = members
        self._proposer = Proposer(Knowledge(store, case_index, members, Republication(store, clock)))
        self._looked: tuple[int, date | None] = 0, None
        self._locks = [threading.Lock() for _ in range(_LOCKS)]

    @property
    def members(self) -> list[str]:
        """Slugs of the cities of the federation, this one among them."""
        return [member.city for member in self._members().members]

    @property
    def today(self) -> date:
        """The day in Shanghai."""
        return legal_day(self._clock.now_ms())

    def act(self, actor: Actor, submission: Submission) -> Recorded:
        """Records an act that needs no approver; without a case it opens one.

        Raises:
            ActRefusedError: It breaks rules of the workflow; one that needs an approver, FOUR_EYES.
            NodeError: As `Proposer.submitted`, or what the store raises.
        """
        with self._locks_of(submission):
            proposal = self._proposer.submitted(actor, submission, self.today, is_draft=False)
            return self._record(proposal)

    def prepare(self, actor: Actor, submission: Submission) -> Draft:
        """Keeps an act as a draft for an approver.

        Raises:
            NodeError: As `act`, but that it lacks an approver.
        """
        proposal = self._proposer.submitted(actor, submission, self.today, is_draft=True)
        if actor.is_platform:
            raise NodeError(
                Reason.WRONG_ACTOR, _("a platform acts without drafts: only officers of the city prepare drafts")
            )
        draft = self._draft(actor, submission, proposal)
        return draft._replace(number=self._store.put_draft(draft).result())

    def _draft(self, actor: Actor, submission: Submission, proposal: Proposal) -> Draft:
        body = proposal.message.SerializeToString()
        name, act, made_at_ms = submission.workflow, proposal.act.name, self._clock.now_ms()
        entries = self._entries(proposal, made_at_ms)  # what it would make is refused now, not when it is approved
        warnings = worth_a_look(proposal, entries)
        return Draft(0, name, submission.case, act, body, submission.also_to, actor.id, made_at_ms, warnings)

    def approve(self, actor: Actor, number: int) -> Recorded:
        """Records a draft as approved by an officer who did not make it.

        Raises:
            ActRefusedError: FOUR_EYES; ACT_OUTDATED, the case has moved on since; or another rule.
            NodeError: NOT_FOUND, no such open draft; WRONG_ACTOR, not of role approver.
        """
        draft = self.draft(actor, number)
        check_approver(actor.account)
        if not draft.maker:
            raise NodeError(
                Reason.WRONG_ACTOR,
                _("draft {number} was prepared by the system: an officer has to take it over first", number=number),
            )
        submission = Submission(draft.workflow, draft.case, draft.body, draft.also_to)
        with self._locks_of(submission):
            return self._record(self._proposer.approved(actor, submission, self.today), number, actor.id)

    def take_up(self, actor: Actor, number: int, added: bytes) -> Draft | Recorded:
        """Makes a draft that the software prepared the actor's own, with what the actor adds or changes.

        An act that needs no approver is recorded at once; any other is a draft that waits for one.

        Raises:
            ActRefusedError: It breaks rules of the workflow.
            NodeError: NOT_FOUND, no such open draft; WRONG_ACTOR, somebody has it already; or as `act`.
        """
        prepared = self.draft(actor, number)
        if prepared.maker:
            raise NodeError(
                Reason.WRONG_ACTOR,
                _(
                    "draft {number} was prepared by {maker} and is waiting for an approver",
                    number=number,
                    maker=prepared.maker,
                ),
            )
        body = completed(prepared, added)
        submission = Submission(prepared.workflow, prepared.case, body, prepared.also_to)
        is_draft = find_workflow(prepared.workflow).act[prepared.act].binds
        with self._locks_of(submission):
            proposal = self._proposer.submitted(actor, submission, self.today, is_draft=is_draft)
            if not is_draft:
                return self._record(proposal, number, actor.id)
            draft = self._draft(actor, submission, proposal)
            return draft._replace(number=self._store.close_draft(number, actor.id, draft).result())

    def discard(self, actor: Actor, number: int) -> None:
        """Gives a draft up: its maker does, or an approver; what the software prepared, whoever works on cases.

        Raises:
            NodeError: NOT_FOUND or WRONG_ACTOR.
        """
        draft = self.draft(actor, number)
        if not draft.maker and not actor.account.acts:
            raise NodeError(Reason.WRONG_ACTOR, _("read-only account: cannot discard drafts"))
        if draft.maker not in ("", actor.id):
            check_approver(actor.account)
        self._store.close_draft(number, actor.id).result()

    def draft(self, actor: Actor, number: int) -> Draft:
        """An open draft, to be read before it is approved.

        Raises:
            NodeError: NOT_FOUND, also for a platform: drafts are the city's own.
        """
        if actor.is_platform:
            raise NodeError(Reason.NOT_FOUND, _("no open draft {number}", number=number))
        return self._store.draft(number)

    def drafts(self, actor: Actor) -> list[Draft]:
        """The open drafts: all of them for approvers and auditors, for others their own."""
        if actor.is_platform:
            return []
        sees_all = any(actor.account.has(role) for role in (OfficerRole.APPROVER, OfficerRole.AUDITOR))
        return [draft for draft in self._store.drafts() if sees_all or draft.maker in ("", actor.id)]

    def open(self, actor: Actor, case: str) -> CaseFile:
        """A case, as the actor may see it.

        Raises:
            NodeError: INVALID_ARGUMENT or NOT_FOUND.
        """
        file = self._repository.open(case)
        check_sees(actor, file, self._store.log.city)
        return file

    def out_of_rule(self, file: CaseFile) -> list[Broken]:
        """What other cases here say against a case."""
        return out_of_rule(self._repository, file)

    def route(self, actor: Actor, case: str) -> Route:
        """Where a complaint belongs.

        Raises:
            NodeError: As `open`; INVALID_ARGUMENT, no complaint.
        """
        return route_of(self.open(actor, case), self._members(), self._store.log.city)

    def cases(self, actor: Actor, workflow: str = "") -> list[CaseSummary]:
        """The cases that the actor may see, of one workflow or all."""
        summaries = (summary for summary in self._case_index.summaries() if workflow in ("", summary.workflow.name))
        return [summary for summary in summaries if actor.may_see(summary, self._store.log.city)]

    def act_by_itself(self) -> list[Recorded]:
        """Makes what the law makes automatic and is due: a term that ends, an alert nobody reviewed.

        A new day may bring it in any case, else only what changed is looked at. Not for two threads at once.
        """
        (look, day), today = self._looked, self.today
        number, summaries = self._case_index.changed_since(look if day == today else 0)
        due = ((summary.id, name) for summary in summaries if self._is_home(summary) for name in summary.by_itself)
        recorded = [act for case, name in due for act in self._try_by_itself(case, name)]
        self._looked = number, today  # only now: what could not be stored is due at the next look
        return recorded

    def _try_by_itself(self, case: str, name: str) -> list[Recorded]:
        with self._hold([case]):
            file = self._repository.open(case)
            try:
                return [self._record(self._proposer.by_itself(file, file.workflow.act[name], self.today))]
            except ActRefusedError:
                return []

    def _is_home(self, summary: CaseSummary) -> bool:
        return summary.parties.get("origin") == self._store.log.city

    def _record(self, proposal: Proposal, draft: int = 0, by: str = "") -> Recorded:
        now_ms = self._clock.now_ms()

        def prepared(record: str) -> list[Draft]:
            return prepare(proposal.file, proposal.file.id or record, proposal.message, now_ms)

        entries = self._entries(proposal, now_ms)
        record, drafts = self._store.record_act(entries, prepared, draft, by).result()
        self._notify(sorted({city for entry in entries for city in entry.header.audience}))
        case = proposal.file.id or record
        state = self._repository.open(case).case.state
        numbers = iter(drafts)
        makes = (
            Made(make.product, make.standard, next(numbers, 0) if make.product is Product.DRAFT else 0)
            for make in proposal.act.makes
        )
        return Recorded(record, case, state, proposal.audience, tuple(makes), worth_a_look(proposal, entries))

    def _entries(self, proposal: Proposal, now_ms: int) -> list[Entry]:
        """The act, last, and before it what it makes and retracts."""
        entry = proposal.entry(self._store.log.city, now_ms)
        return [*products(self._store, proposal.file, proposal.act, proposal.message, entry.header), entry]

    def _locks_of(self, submission: Submission) -> AbstractContextManager[None]:
        """Holds what an act is judged by: its case, the cases that it says it comes from, its document number."""
        message = standards.get(submission.workflow).parse(submission.body)
        numbers = (getattr(message, field.path) for field in standards.get(submission.workflow).own_numbers)
        return self._hold({submission.case, *getattr(message, "origins", ()), *filter(None, numbers)})

    @contextmanager
    def _hold(self, cases: Iterable[str]) -> Iterator[None]:
        with ExitStack() as held:
            for number in sorted({hash(case) % _LOCKS for case in cases}):
                held.enter_context(self._locks[number])
            yield
