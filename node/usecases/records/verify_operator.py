"""Is this operator who it says it is? Answers from the own log and from what was verified of the peers' logs.

1. The code leads to the current records of the subject; the header must name the subject itself.
2. A replica answers only for the purpose it was obtained for: no purpose expansion (Decree 809 Art 20).
3. A record that moved out (迁出) or whose term has passed gives way to a live one.
4. Live records of two cities: ambiguous. Of one city: the newest.
5. What the record says is compared with what was asked; what the asker may not see is `unseen`, never different.
6. A replica that was not confirmed for too long answers, but as stale.
7. A code that can be nobody's is never "not found": the answer says why it is in doubt.
8. A record that cannot be read, or that is about another than its header names, is passed over; officers are told.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from node.core.answer import compare, names, too_long
from node.core.log.record import record_id
from node.core.log.staleness import is_stale
from node.core.log.subjects import subject_digest
from node.core.registration import Registration
from node.core.standards.identifiers import Problem
from node.core.standards.party_key import FIELD_TOO_LONG, OTHER_PURPOSE, advice_of, explain, problem_of_code, subject_of
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import NONE_REGISTERED, Reader, Registered
from node.storage.sqlite.store import Origin
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.standard.v1.operator_pb2 import OPERATOR_STATUS_MOVED_OUT, OperatorRegistration
from node.usecases.records.usage import is_obtained_for

MAX_QUESTIONS = 1000
_ORIGINS_KEPT_MS = 250
_NOT_FOUND = query.Answer(result=query.RESULT_NOT_FOUND)


class Asker(NamedTuple):
    """For whom and why a question is answered. Only an officer sees more than public facets."""

    purpose: str
    is_officer: bool


class Candidate(NamedTuple):
    """A registration that may answer; `body` holds what the asker may see, `seen` the numbers of its facets."""

    origin: Origin
    registration: Registration
    body: OperatorRegistration
    seen: frozenset[int]


class Verified(NamedTuple):
    """An answer and the record it rests on."""

    answer: query.Answer
    candidate: Candidate | None


class VerifyOperator:
    """Answers questions about operators."""

    def __init__(self, reader: Reader, clock: Clock, stale_after_ms: int) -> None:
        self._reader = reader
        self._clock = clock
        self._stale_after_ms = stale_after_ms
        self._origins: dict[int, Origin] = {}
        self._origins_at_ms = 0

    def verify(self, question: query.Question, asker: Asker) -> Verified:
        """Answers one question.

        Raises:
            NodeError: INVALID_ARGUMENT (a code that can be nobody's), or POLICY_DENIED, the records of this operator
                were obtained for another purpose.
        """
        subject = subject_of(question.uscc)
        registered = self._reader.registrations(subject_digest(subject))
        verified = self._answer(question, subject, registered, asker, self._clock.now_ms())
        if verified.answer.result == query.RESULT_DOUBTFUL:
            field = too_long(question) or "uscc"
            raise NodeError(
                Reason.INVALID_ARGUMENT, _("{field}: {advice}", field=field, advice=advice_of(verified.answer)[0])
            )
        if verified.answer.result == query.RESULT_UNANSWERED:
            city, purpose = verified.answer.city, asker.purpose
            raise NodeError(
                Reason.POLICY_DENIED,
                _(
                    "the records of {city} were not obtained for the purpose {purpose!r}",
                    city=city,
                    purpose=purpose[:80],
                ),
            )
        return verified

    def verify_all(self, questions: Sequence[query.Question], asker: Asker) -> list[query.Answer]:
        """Answers a batch, in order. A question that cannot be answered says why, and the others stand.

        Raises:
            NodeError: TOO_LARGE.
        """
        if len(questions) > MAX_QUESTIONS:
            raise NodeError(
                Reason.TOO_LARGE,
                _(
                    "{count} questions in one batch; at most {limit} are allowed",
                    count=len(questions),
                    limit=MAX_QUESTIONS,
                ),
            )
        subjects = [subject_of(question.uscc) for question in questions]
        digests = [subject_digest(subject) for subject in subjects]
        registered_of = self._reader.registrations_of(digests)
        now_ms = self._clock.now_ms()
        return [
            self._answer(question, subject, registered_of.get(digest, NONE_REGISTERED), asker, now_ms).answer
            for question, subject, digest in zip(questions, subjects, digests, strict=True)
        ]

    def _answer(
        self, question: query.Question, subject: str, registered: Registered, asker: Asker, now_ms: int
    ) -> Verified:
        if too_long(question):
            return Verified(_doubtful(FIELD_TOO_LONG), None)
        unreadable: list[str] = []
        candidates = [
            candidate
            for registration in registered.registrations
            if (candidate := self._candidate(registration, subject, asker, now_ms, unreadable)) is not None
        ]
        verified = self._choose(question, candidates, asker, now_ms)
        if (unreadable or registered.more) and asker.is_officer:
            answer = query.Answer(unreadable=unreadable, more=registered.more)
            answer.MergeFrom(verified.answer)  # a copy: NOT_FOUND is one answer for all
            verified = verified._replace(answer=answer)
        return verified

    def _choose(self, question: query.Question, candidates: Sequence[Candidate], asker: Asker, now_ms: int) -> Verified:
        if not candidates:
            return Verified(_not_found(question.uscc), None)
        usable = [candidate for candidate in candidates if is_obtained_for(candidate.origin, asker.purpose)]
        if not usable:
            answer = query.Answer(result=query.RESULT_UNANSWERED, city=candidates[0].origin.city)
            explain(answer, [OTHER_PURPOSE])
            return Verified(answer, None)
        chosen = usable[0] if len(usable) == 1 else _choose(usable, now_ms)
        if chosen is None:
            return Verified(_ambiguous(usable, asker, now_ms), None)
        return Verified(self._compare(question, chosen, now_ms), chosen)

    def _candidate(
        self, registration: Registration, subject: str, asker: Asker, now_ms: int, unreadable: list[str]
    ) -> Candidate | None:
        if subject not in registration.subjects:
            return None
        origin, seen = self._origin(registration.origin, now_ms), registration.seen(asker.is_officer)
        try:
            body = registration.body(asker.is_officer)
            is_readable = names(subject, body, seen)
        except NodeError:
            is_readable = False
        if not is_readable:
            unreadable.append(record_id(origin.city, registration.leaf))
            return None
        return Candidate(origin, registration, body, seen)

    def _compare(self, question: query.Question, chosen: Candidate, now_ms: int) -> query.Answer:
        origin, registration = chosen.origin, chosen.registration
        mismatches, unseen = compare(question, chosen.body, chosen.seen)
        if origin.number != OWN and is_stale(origin.confirmed_at_ms, now_ms, self._stale_after_ms):
            result = query.RESULT_STALE
        else:
            result = query.RESULT_MISMATCH if mismatches else query.RESULT_MATCH
        return query.Answer(
            result=result,
            mismatches=mismatches,
            unseen=unseen,
            as_of_ms=registration.as_of_ms or registration.issued_at_ms,
            city=origin.city,
            record_id=record_id(origin.city, registration.leaf),
            confirmed_at_ms=origin.confirmed_at_ms,
        )

    def _origin(self, number: int, now_ms: int) -> Origin:
        """An origin as it stood at most a quarter of a second ago: reading it for each question would cost a third."""
        if number not in self._origins or not 0 <= now_ms - self._origins_at_ms < _ORIGINS_KEPT_MS:
            self._origins = {origin.number: origin for origin in self._reader.origins()}
            self._origins_at_ms = now_ms
        return self._origins[number]


def _not_found(code: str) -> query.Answer:
    problem = problem_of_code(code)
    if problem is None:
        return _NOT_FOUND
    return _doubtful(problem)


def _doubtful(problem: Problem) -> query.Answer:
    answer = query.Answer(result=query.RESULT_DOUBTFUL)
    explain(answer, [problem])
    return answer


def _choose(candidates: Sequence[Candidate], now_ms: int) -> Candidate | None:
    """The record that answers; None where live records of several cities contend."""
    live = [candidate for candidate in candidates if _is_live(candidate, now_ms)]
    if len({match.origin.number for match in live}) > 1:
        return None
    return _newest(live or candidates)


def _ambiguous(candidates: Sequence[Candidate], asker: Asker, now_ms: int) -> query.Answer:
    """A member may list the operators of others: an officer is told whose records contend."""
    cities = (
        {candidate.origin.city for candidate in candidates if _is_live(candidate, now_ms)} if asker.is_officer else ()
    )
    return query.Answer(result=query.RESULT_AMBIGUOUS, cities=sorted(cities))


def _newest(candidates: Iterable[Candidate]) -> Candidate:
    return max(candidates, key=lambda each: (each.registration.as_of_ms, each.registration.leaf))


def _is_live(candidate: Candidate, now_ms: int) -> bool:
    until_ms = candidate.registration.valid_until_ms
    return candidate.body.status != OPERATOR_STATUS_MOVED_OUT and not 0 < until_ms <= now_ms
