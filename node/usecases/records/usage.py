"""Keeps account of every question: nobody asks without purpose and legal basis, and nothing is answered unrecorded."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from struct import pack
from typing import Protocol

from node.core.log.subjects import subject_digest
from node.core.standards.party_key import subject_of
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.log import OWN
from node.storage.sqlite.store import Origin
from node.storage.sqlite.usage import Usage, UsageLog
from node.stubs.query.v1 import query_pb2 as query

MAX_REASON = 500
MAX_SUBJECT = 200
_RESULTS = {number: name.removeprefix("RESULT_").lower() for name, number in query.Result.items()}


class Caller(Protocol):
    """Who asks."""

    @property
    def kind(self) -> str:
        """officer, adapter or platform."""

    @property
    def name(self) -> str:
        """The client's name."""


@dataclass
class Use:
    """What is known of a question while it is answered."""

    subject: str | bytes = ""
    questions: int = 1
    cities: str = ""
    result: str = ""

    def answer(self, answer: query.Answer) -> None:
        """Notes the answer to a single question."""
        self.cities, self.result = answer.city, _RESULTS[answer.result]

    def answers(self, questions: Sequence[query.Question], answers: Sequence[query.Answer]) -> None:
        """Notes the answers to a batch: how many of each."""
        digests = [subject_digest(subject_of(question.uscc)) for question in questions]
        results = [answer.result for answer in answers]
        self.questions, self.subject = len(digests), pack(f">{len(digests)}q", *digests)
        self.cities = ",".join(sorted({answer.city for answer in answers} - {""}))
        self.result = " ".join(f"{name}={n}" for number, name in _RESULTS.items() if (n := results.count(number)))

    def records(self, cities: Iterable[str]) -> None:
        """Notes how many records of which cities were shown."""
        shown = list(cities)
        self.cities, self.result = ",".join(sorted(set(shown))), f"records={len(shown)}"


def text_digest(text: str) -> bytes:
    """What stands for the text of a search: it can confirm a suspected text, not tell it."""
    return sha256(text.encode()).digest()


class UsageRecorder:
    """Records the use of the node."""

    def __init__(self, log: UsageLog, clock: Clock) -> None:
        self._log = log
        self._clock = clock

    @contextmanager
    def using(self, caller: Caller, rpc: str, reason: query.Reason, subject: str | bytes = "") -> Iterator[Use]:
        """Checks why a question is asked and records it with what became of it, also where it is refused.

        Raises:
            NodeError: PURPOSE_REQUIRED; INVALID_ARGUMENT (a reason of unreasonable length); or what `UsageLog.note`
                raises, and the question is not answered.
        """
        use = Use(subject)
        try:
            check_reason(reason.purpose, reason.legal_basis)
            yield use
        except NodeError as error:
            use.result = error.reason.value
            raise
        except Exception:
            use.result = Reason.INTERNAL.value
            raise
        finally:
            self._note(caller, rpc, reason, use)

    def _note(self, caller: Caller, rpc: str, reason: query.Reason, use: Use) -> None:
        self._log.note(
            Usage(
                self._clock.now_ms(),
                str(caller.kind),
                caller.name,
                rpc,
                reason.purpose[:MAX_REASON],
                reason.legal_basis[:MAX_REASON],
                use.questions,
                use.subject if isinstance(use.subject, bytes) else use.subject[:MAX_SUBJECT],
                use.cities,
                use.result,
            )
        )


def check_reason(purpose: str, legal_basis: str) -> None:
    """Checks that a question, or an exchange, says why it is asked (Decree 809 Art 20).

    Raises:
        NodeError: PURPOSE_REQUIRED or INVALID_ARGUMENT.
    """
    if not purpose.strip() or not legal_basis.strip():
        raise NodeError(
            Reason.PURPOSE_REQUIRED, _("state the purpose and the legal basis of the query (Decree 809 Art 20)")
        )
    if len(purpose) > MAX_REASON or len(legal_basis) > MAX_REASON:
        raise NodeError(
            Reason.INVALID_ARGUMENT,
            _("purpose and legal basis may have at most {limit} characters each", limit=MAX_REASON),
        )


def is_obtained_for(origin: Origin, purpose: str) -> bool:
    """Whether records of an origin may serve a purpose: own ones any, a replica's the one it was pulled for."""
    return origin.number == OWN or purpose in origin.purpose.split()


def check_obtained_for(origin: Origin, purpose: str) -> None:
    """Refuses to use a replica for another purpose (no purpose expansion, Decree 809 Art 20).

    Raises:
        NodeError: POLICY_DENIED.
    """
    if not is_obtained_for(origin, purpose):
        text = _(
            "the records of {city} were not obtained for the purpose {purpose!r}",
            city=origin.city,
            purpose=purpose[:80],
        )
        raise NodeError(Reason.POLICY_DENIED, text)
