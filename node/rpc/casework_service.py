"""CaseService: officers and platforms work on cases, each call bound to the caller's certificate."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import grpc

from node.client.errors import BROKEN_KEY, REASON_KEY
from node.core.law.calendar import SHANGHAI, Calendar
from node.core.members.actor import Actor
from node.core.members.clients import Kind
from node.core.members.officers import Account
from node.core.standards.validation import Finding
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock
from node.rpc.principal import Principal, principal
from node.rpc.server import Service
from node.rpc.status import CODES, fit
from node.storage.sqlite.drafts import Draft
from node.storage.sqlite.store import Store
from node.stubs.casework.v1 import casework_pb2 as pb
from node.stubs.casework.v1 import casework_pb2_grpc
from node.stubs.query.v1.query_pb2 import Reason as Why
from node.usecases.casework.act import Casework, Recorded
from node.usecases.casework.case_file import PURPOSE
from node.usecases.casework.case_summary import CaseSummary
from node.usecases.casework.deadlines import deadlines, scorecard
from node.usecases.casework.notices import Notices
from node.usecases.casework.propose import ActRefusedError, Submission
from node.usecases.casework.rules.jurisdiction import basis_code
from node.usecases.casework.show import broken_rules, show_case
from node.usecases.casework.worklist import Listed, first, inbox, listed, outbox, side_of
from node.usecases.records.usage import UsageRecorder, Use
from node.usecases.upkeep.checks.logs import log_findings

SERVICE = "node.casework.v1.CaseService"
# Metadata has a limit of its own; what an act breaks beyond this is not worth a refused call.
_MAX_BROKEN = 20
_BASIS = "六市协作约定"


class CaseServicer(casework_pb2_grpc.CaseServiceServicer):
    """Maps calls to use cases. Every look at a case leaves a usage record, every act a record in the log."""

    def __init__(
        self, store: Store, casework: Casework, notices: Notices, usage: UsageRecorder, clock: Clock, calendar: Calendar
    ) -> None:
        self._store = store
        self._casework = casework
        self._notices = notices
        self._usage = usage
        self._clock = clock
        self._calendar = calendar

    def Open(self, request: pb.OpenRequest, context: grpc.ServicerContext) -> pb.OpenResponse:  # noqa: N802
        """Opens a case."""
        if request.submission.case:
            raise NodeError(Reason.INVALID_ARGUMENT, _("the case is open already: use Act"))
        return pb.OpenResponse(recorded=self._act(request.submission, context))

    def Act(self, request: pb.ActRequest, context: grpc.ServicerContext) -> pb.ActResponse:  # noqa: N802
        """Records an act."""
        if not request.submission.case:
            raise NodeError(Reason.INVALID_ARGUMENT, _("name the case of the act"))
        return pb.ActResponse(recorded=self._act(request.submission, context))

    def Prepare(self, request: pb.PrepareRequest, context: grpc.ServicerContext) -> pb.PrepareResponse:  # noqa: N802
        """Keeps a draft."""
        with _telling(context), self._using(context, "Prepare", request.submission.case) as (actor, _):
            draft = self._casework.prepare(actor, _submission(request.submission))
        return pb.PrepareResponse(draft=_draft(draft, with_body=True))

    def Approve(self, request: pb.ApproveRequest, context: grpc.ServicerContext) -> pb.ApproveResponse:  # noqa: N802
        """Records a draft."""
        with _telling(context), self._using(context, "Approve", f"draft {request.draft}") as (actor, _):
            recorded = self._casework.approve(actor, request.draft)
        return pb.ApproveResponse(recorded=self._recorded(recorded))

    def TakeUp(self, request: pb.TakeUpRequest, context: grpc.ServicerContext) -> pb.TakeUpResponse:  # noqa: N802
        """Makes a prepared draft the caller's."""
        with _telling(context), self._using(context, "TakeUp", f"draft {request.draft}") as (actor, _):
            taken = self._casework.take_up(actor, request.draft, request.body)
        if isinstance(taken, Recorded):
            return pb.TakeUpResponse(recorded=self._recorded(taken))
        return pb.TakeUpResponse(draft=_draft(taken, with_body=True))

    def Route(self, request: pb.RouteRequest, context: grpc.ServicerContext) -> pb.RouteResponse:  # noqa: N802
        """Where a complaint belongs."""
        with self._using(context, "Route", request.case) as (actor, _):
            route = self._casework.route(actor, request.case)
        words = pb.Label(zh=route.words.zh, en=route.words.en)
        return pb.RouteResponse(city=route.city, routed_by=basis_code(route), region6=route.region6, words=words)

    def Discard(self, request: pb.DiscardRequest, context: grpc.ServicerContext) -> pb.DiscardResponse:  # noqa: N802
        """Gives a draft up."""
        with self._using(context, "Discard", f"draft {request.draft}") as (actor, _):
            self._casework.discard(actor, request.draft)
        return pb.DiscardResponse()

    def ShowDraft(  # noqa: N802
        self, request: pb.ShowDraftRequest, context: grpc.ServicerContext
    ) -> pb.ShowDraftResponse:
        """A draft with what it would record."""
        with self._using(context, "ShowDraft", f"draft {request.draft}") as (actor, _):
            return pb.ShowDraftResponse(draft=_draft(self._casework.draft(actor, request.draft), with_body=True))

    def Show(self, request: pb.ShowRequest, context: grpc.ServicerContext) -> pb.ShowResponse:  # noqa: N802
        """A case. That an officer has opened it is said before it is shown."""
        with self._using(context, "Show", request.case) as (actor, use):
            file = self._casework.open(actor, request.case)
            if actor.account.acts and self._notices.opened(actor, file):
                file = self._casework.open(actor, request.case)
            use.records(act.header.city for act in file.acts.values())
            members = self._casework.members
            out_of_rule = self._casework.out_of_rule(file)
            return pb.ShowResponse(case=show_case(file, actor, self._calendar, self._now(), members, out_of_rule))

    def List(self, request: pb.ListRequest, context: grpc.ServicerContext) -> pb.ListResponse:  # noqa: N802
        """Cases."""
        with self._using(context, "List", request.workflow) as (actor, use):
            summaries = self._casework.cases(actor, request.workflow)
            me = self._store.log.city, actor.id
            asked = (summary for summary in summaries if _is_asked(summary, request, me))
            matching = listed(asked, self._now(), closed=request.closed)
            cases = self._summaries(matching, request.limit, use, self._side(actor))
        return pb.ListResponse(cases=cases, total=len(matching))

    def Inbox(self, request: pb.InboxRequest, context: grpc.ServicerContext) -> pb.InboxResponse:  # noqa: N802
        """What waits for the caller."""
        with self._using(context, "Inbox", "") as (actor, use):
            waiting = inbox(self._casework.cases(actor), self._side(actor), self._now())
            cases = self._summaries(waiting, request.limit, use, self._side(actor))
            drafts = [_draft(each, with_body=False) for each in self._casework.drafts(actor)]
        alerts = self._alerts(actor)
        return pb.InboxResponse(cases=cases, drafts=drafts, total=len(waiting), alerts=alerts)

    def Outbox(self, request: pb.OutboxRequest, context: grpc.ServicerContext) -> pb.OutboxResponse:  # noqa: N802
        """What waits for others."""
        with self._using(context, "Outbox", "") as (actor, use):
            waiting = outbox(self._casework.cases(actor), self._side(actor), self._now())
            cases = self._summaries(waiting, request.limit, use, self._side(actor))
        return pb.OutboxResponse(cases=cases, total=len(waiting))

    def Deadlines(  # noqa: N802
        self, request: pb.DeadlinesRequest, context: grpc.ServicerContext
    ) -> pb.DeadlinesResponse:
        """Running deadlines."""
        with self._using(context, "Deadlines", "") as (actor, _):
            owed_by = self._side(actor) if request.own or actor.is_platform else ""
            now = self._now()
            running = deadlines(self._casework.cases(actor), now, owed_by)
            clocks = [each.message(now) for each in first(running, request.limit)]
        return pb.DeadlinesResponse(clocks=clocks, total=len(running))

    def Scorecard(  # noqa: N802
        self, request: pb.ScorecardRequest, context: grpc.ServicerContext
    ) -> pb.ScorecardResponse:
        """How each city keeps its limits."""
        del request
        with self._using(context, "Scorecard", "") as (actor, _use):
            if actor.is_platform:
                raise NodeError(Reason.PERMISSION_DENIED, _("only officers may see the scorecard"))
            return pb.ScorecardResponse(scores=scorecard(self._casework.cases(actor), self._now()))

    def _summaries(self, summaries: Sequence[Listed], limit: int, use: Use, side: str) -> list[pb.Summary]:
        """The first of a list, noted as shown."""
        shown, now = first(summaries, limit), self._now()
        use.records(each.case.id.rpartition("-")[0] for each in shown)
        return [each.summary(now, side) for each in shown]

    def _act(self, submission: pb.Submission, context: grpc.ServicerContext) -> pb.Recorded:
        with _telling(context), self._using(context, "Act", submission.case) as (actor, _):
            return self._recorded(self._casework.act(actor, _submission(submission)))

    def _recorded(self, recorded: Recorded) -> pb.Recorded:
        return pb.Recorded(
            id=recorded.id,
            case=recorded.case,
            state=recorded.state,
            audience=recorded.audience,
            checkpoint=self._store.log.note,
            makes=[
                pb.Product(kind=each.product.value, standard=each.standard, draft=each.draft) for each in recorded.makes
            ],
            warnings=_warnings(recorded.warnings),
        )

    @contextmanager
    def _using(self, context: grpc.ServicerContext, rpc: str, subject: str) -> Iterator[tuple[Actor, Use]]:
        caller = principal(context)
        why = Why(purpose=PURPOSE, legal_basis=_BASIS)
        with self._usage.using(caller, f"Case.{rpc}", why, subject) as use:
            yield _actor(caller), use

    def _alerts(self, actor: Actor) -> list[str]:
        if actor.is_platform:
            return []
        held_back = self._store.log.held_back
        is_restored = held_back is not None and held_back.reason is Reason.RESTORED
        findings = log_findings(self._store, is_restored=is_restored)
        return [f"{each.text('zh')} / {each.text('en')}" for each in findings]

    def _side(self, actor: Actor) -> str:
        return side_of(actor, self._store.log.city)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._clock.now_ms() / 1000, SHANGHAI)


def _actor(caller: Principal) -> Actor:
    """Who works: an officer with an account, or a platform under the name that records use for it.

    Raises:
        NodeError: PERMISSION_DENIED, an officer without an account, or an admin alone.
    """
    if caller.kind is Kind.PLATFORM:
        return Actor(caller.name, caller.account or Account(caller.name), is_platform=True)
    if caller.account is None or caller.account.is_steward:
        raise NodeError(Reason.PERMISSION_DENIED, _("this officer has no role in casework: gongzhi officer add"))
    return Actor(caller.name, caller.account)


def _is_asked(summary: CaseSummary, request: pb.ListRequest, me: tuple[str, str]) -> bool:
    is_about = summary.id == request.case if request.case else summary.is_about(request.about)
    return is_about and (not request.mine or me in summary.officers)


@contextmanager
def _telling(context: grpc.ServicerContext) -> Iterator[None]:
    """Sends every rule that an act breaks beside the refusal."""
    try:
        yield
    except ActRefusedError as error:
        rules = broken_rules(error.broken[:_MAX_BROKEN]).SerializeToString()
        context.set_trailing_metadata(((REASON_KEY, error.reason.value), (BROKEN_KEY, rules)))
        context.abort(CODES[error.reason], fit(error.message))


def _submission(submission: pb.Submission) -> Submission:
    return Submission(submission.workflow, submission.case, submission.body, tuple(submission.also_to))


def _draft(draft: Draft, *, with_body: bool) -> pb.Draft:
    return pb.Draft(
        number=draft.number,
        workflow=draft.workflow,
        case=draft.case,
        act=draft.act,
        maker=draft.maker,
        made_at_ms=draft.made_at_ms,
        body=draft.body if with_body else b"",
        also_to=draft.also_to,
        warnings=_warnings(draft.warnings),
    )


def _warnings(findings: Iterable[Finding]) -> list[pb.Warning]:
    return [pb.Warning(field=each.field, reason=each.reason, message=each.message) for each in findings]


def add_case_service(servicer: CaseServicer) -> Service:
    """The service's name and how it is registered."""
    return SERVICE, lambda server: casework_pb2_grpc.add_CaseServiceServicer_to_server(servicer, server)
