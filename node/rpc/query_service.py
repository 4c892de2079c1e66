"""QueryService: officers, adapters and platforms ask their own node."""

from collections.abc import Callable, Iterator

import grpc

from node.core.members.clients import Kind
from node.core.members.officers import OfficerRole
from node.core.standards.party_key import subject_of
from node.errors import NodeError, Reason
from node.messages import _
from node.rpc.principal import Principal, principal
from node.rpc.server import Service
from node.storage.sqlite.reader import Reader
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.query.v1 import query_pb2_grpc
from node.usecases.records.list_records import list_records
from node.usecases.records.list_usage import ListUsage
from node.usecases.records.prove import prove, prove_answer
from node.usecases.records.search_operators import SearchOperators
from node.usecases.records.show_operator import show_operator
from node.usecases.records.usage import UsageRecorder, text_digest
from node.usecases.records.verify_operator import Asker, Verified, VerifyOperator

SERVICE = "node.query.v1.QueryService"


class QueryServicer(query_pb2_grpc.QueryServiceServicer):
    """Maps calls to use cases. Each leaves a usage record; only an officer sees more than public facets."""

    def __init__(
        self,
        reader: Reader,
        verifier: VerifyOperator,
        searcher: SearchOperators,
        recorder: UsageRecorder,
        usage: ListUsage,
        is_member: Callable[[str], bool],
    ) -> None:
        self._reader = reader
        self._verifier = verifier
        self._searcher = searcher
        self._recorder = recorder
        self._is_member = is_member
        self._usage = usage

    def Verify(self, request: query.VerifyRequest, context: grpc.ServicerContext) -> query.VerifyResponse:  # noqa: N802
        """Whether an operator is who it says it is."""
        caller, question = principal(context), request.question
        with self._recorder.using(caller, "Verify", request.reason, subject_of(question.uscc)) as use:
            asker = Asker(request.reason.purpose, caller.kind is Kind.OFFICER)
            verified = self._verifier.verify(question, asker)
            proof = self._proof(verified, asker) if request.with_proof else None
            use.answer(verified.answer)
        self._mark(verified.answer)
        return query.VerifyResponse(answer=verified.answer, proof=proof)

    def VerifyRoster(  # noqa: N802
        self, request_iterator: Iterator[query.VerifyRosterRequest], context: grpc.ServicerContext
    ) -> Iterator[query.VerifyRosterResponse]:
        """The same for a roster, batch by batch."""
        caller = principal(context)
        for request in request_iterator:
            yield self._verify_batch(request, caller)

    def Show(self, request: query.ShowRequest, context: grpc.ServicerContext) -> query.ShowResponse:  # noqa: N802
        """Every current record of a subject."""
        caller = principal(context)
        with self._recorder.using(caller, "Show", request.reason, request.subject) as use:
            _check_officer(caller)
            asked = (request.subject, request.reason.purpose, request.limit, request.after)
            page = show_operator(self._reader, *asked)
            use.records(record.city for record in page.records)
        self._mark(*page.records)
        return page

    def Search(self, request: query.SearchRequest, context: grpc.ServicerContext) -> query.SearchResponse:  # noqa: N802
        """Operators by a part of their name."""
        caller = principal(context)
        with self._recorder.using(caller, "Search", request.reason, text_digest(request.text)) as use:
            _check_officer(caller)
            matches = self._searcher.search(request.text, request.limit, request.reason.purpose)
            use.records(record.city for record in matches.records)
        self._mark(*matches.records)
        return matches

    def ListRecords(  # noqa: N802
        self, request: query.ListRecordsRequest, context: grpc.ServicerContext
    ) -> query.ListRecordsResponse:
        """A page of a city's log."""
        caller = principal(context)
        with self._recorder.using(caller, "ListRecords", request.reason, f"{request.city}-{request.from_index}") as use:
            _check_officer(caller)
            page = list_records(self._reader, request.city, request.from_index, request.limit, request.reason.purpose)
            use.records(record.city for record in page.records)
        self._mark(*page.records)
        return page

    def Prove(self, request: query.ProveRequest, context: grpc.ServicerContext) -> query.ProveResponse:  # noqa: N802
        """One record with all that proves it."""
        caller = principal(context)
        with self._recorder.using(caller, "Prove", request.reason, request.id) as use:
            _check_officer(caller)
            proof = prove(self._reader, request.id, request.reason.purpose)
            use.records([proof.city])
        return query.ProveResponse(proof=proof)

    def _mark(self, *messages: query.Answer | query.Record) -> None:
        """Marks what a city said that is no member any more."""
        for each in messages:
            if each.city and not self._is_member(each.city):
                each.former_member = True

    def ListUsage(  # noqa: N802
        self, request: query.ListUsageRequest, context: grpc.ServicerContext
    ) -> query.ListUsageResponse:
        """A page of who asked what and why."""
        caller = principal(context)
        with self._recorder.using(caller, "ListUsage", request.reason, request.who) as use:
            _check_auditor(caller)
            page = self._usage.page(request)
            use.result = f"records={len(page.records)}"
        return page

    def _verify_batch(self, request: query.VerifyRosterRequest, caller: Principal) -> query.VerifyRosterResponse:
        with self._recorder.using(caller, "VerifyRoster", request.reason) as use:
            asker = Asker(request.reason.purpose, caller.kind is Kind.OFFICER)
            answers = self._verifier.verify_all(request.questions, asker)
            use.answers(request.questions, answers)
        self._mark(*answers)
        return query.VerifyRosterResponse(seq=request.seq, answers=answers)

    def _proof(self, verified: Verified, asker: Asker) -> query.Proof | None:
        """The proof of the record that answered; none while its city's log is being caught up with.

        None either where the record was destroyed since, which is proven to nobody.
        """
        candidate = verified.candidate
        if candidate is None:
            return None
        try:
            return prove_answer(self._reader, candidate.origin.city, candidate.registration.leaf, asker.is_officer)
        except NodeError as error:
            if error.reason not in (Reason.UNAVAILABLE, Reason.NOT_FOUND):
                raise
            return None


def _check_auditor(caller: Principal) -> None:
    # The node's own officer has no account.
    if caller.kind is not Kind.OFFICER or (caller.account and not caller.account.has(OfficerRole.AUDITOR)):
        raise NodeError(Reason.PERMISSION_DENIED, _("only officers with role auditor may read usage records"))


def _check_officer(caller: Principal) -> None:
    if caller.kind is not Kind.OFFICER:
        raise NodeError(Reason.PERMISSION_DENIED, _("only officers may list records; platforms use Verify"))


def add_query_service(servicer: QueryServicer) -> Service:
    """The service's name and how it is registered."""
    return SERVICE, lambda server: query_pb2_grpc.add_QueryServiceServicer_to_server(servicer, server)
