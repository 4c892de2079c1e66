"""Asks nodes about operators of other cities, over the same mTLS and with the same purpose as an officer would."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from node.client import NodeClient
from node.core.log.proof import format_proof
from node.core.log.record import parse_record_id
from node.core.log.run import record_of
from node.core.result_words import result_name
from node.demo.failure import DemoError
from node.demo.nodes import Node
from node.demo.programs import Program
from node.messages import _
from node.stubs.query.v1 import query_pb2 as query
from node.stubs.standard.v1.operator_pb2 import OperatorRegistration

# A valid code of nobody: its organisation code begins with TXT, and no city of the sample is in 110101.
NOBODY = "91110101TXT000004J"
_PAGE = 100
_CALL_S = 60.0
_MATCHES = 3


class Asked(NamedTuple):
    """A question, what was expected and what was answered."""

    asker: str
    question: query.Question
    expected: "query.Result.ValueType"
    answer: query.Answer

    @property
    def holds(self) -> bool:
        """Whether the answer is the expected one."""
        return self.answer.result == self.expected


class Known(NamedTuple):
    """An operator of one city, as another city's node knows it."""

    asker: Node
    uscc: str
    name: str
    address: str
    result: "query.Result.ValueType"


def ask(nodes: Sequence[Node], folder: Path) -> tuple[list[Asked], str]:
    """Verifies operators from other cities: as they are, under a wrong name, and one that nobody registered.

    Args:
        nodes: Running, each with what its peers share.
        folder: Where the proof is written.

    Returns:
        The answers, and what the proof of the first one said offline.

    Raises:
        DemoError: An answer is not the expected one, the proof does not hold, or no node knows any operator.
    """
    known = _choose(nodes)
    first = known[0]
    asked = [_ask(each.asker, _question(each), each.result) for each in known]
    if first.result == query.RESULT_MATCH:
        wrong = query.Question(uscc=first.uscc, name=f"非{first.name}")
        asked.append(_ask(first.asker, wrong, query.RESULT_MISMATCH))
    asked.append(_ask(first.asker, query.Question(uscc=NOBODY), query.RESULT_NOT_FOUND))
    for each in asked:
        if not each.holds:
            raise DemoError(
                _(
                    "{asker} answered {answer} about {uscc}, where {expected} was expected",
                    asker=each.asker,
                    uscc=each.question.uscc,
                    answer=result_name(each.answer.result),
                    expected=result_name(each.expected),
                )
            )
    proof = _prove(first, folder / "proof.json") if first.result == query.RESULT_MATCH else ""
    return asked, proof


def _question(known: Known) -> query.Question:
    return query.Question(uscc=known.uscc, name=known.name, address=known.address)


def _ask(node: Node, question: query.Question, expected: "query.Result.ValueType") -> Asked:
    return Asked(node.city, question, expected, _verify(node, question).answer)


def _verify(node: Node, question: query.Question, with_proof: bool = False) -> query.VerifyResponse:
    request = query.VerifyRequest(reason=_reason(node), question=question, with_proof=with_proof)
    with NodeClient.of_officer(node.config) as client:
        return client.query.Verify(request, timeout=_CALL_S)


def _prove(known: Known, path: Path) -> str:
    """Has a record proven, and checks the file offline by `gongzhi check-proof`: with the pinned keys alone."""
    response = _verify(known.asker, _question(known), with_proof=True)
    if not response.HasField("proof"):
        raise DemoError(_("{city} gave no proof of {record}", city=known.asker.city, record=response.answer.record_id))
    path.write_text(format_proof(response.proof), "utf-8")
    arguments = ("check-proof", path, "--federation", known.asker.config.federation, "--json")
    check = Program("gongzhi", arguments, path.with_suffix(".log"))
    if check.wait():
        raise DemoError(
            _(
                "the proof of {record} does not hold:\n{last_lines}",
                record=response.answer.record_id,
                last_lines=check.last_lines(),
            )
        )
    proven = json.loads(check.output.read_text("utf-8"))
    return _(
        "{record} is one of the {size:,} records that {city} signed",
        record=proven["record"],
        size=proven["tree_size"],
        city=proven["city"],
    )


def _choose(nodes: Sequence[Node]) -> list[Known]:
    """Operators of different cities, each known to the next city; ambiguous ones only where there are no others."""
    pairs = [(node, nodes[(place + 1) % len(nodes)]) for place, node in enumerate(nodes)]
    candidates = [known for asker, origin in pairs if (known := _find(asker, origin.city)) is not None]
    if not candidates:
        raise DemoError(_("no node knows an operator of another city: there is nothing to ask about"))
    matching = [known for known in candidates if known.result == query.RESULT_MATCH]
    return (matching or candidates)[:_MATCHES]


def _find(asker: Node, origin: str) -> Known | None:
    ambiguous = None
    with NodeClient.of_officer(asker.config) as client:
        request = query.ListRecordsRequest(reason=_reason(asker), city=origin, limit=_PAGE)
        for record in client.query.ListRecords(request, timeout=_CALL_S).records:
            for body in _registration(record):
                shown = query.ShowRequest(reason=_reason(asker), subject=f"uscc:{body.uscc}")
                holders = [(each.city, each.id) for each in client.query.Show(shown, timeout=_CALL_S).records]
                known = Known(asker, body.uscc, body.name, body.registered_address.text, query.RESULT_MATCH)
                if holders == [(origin, record.id)]:
                    return known
                if len({city for city, _ in holders}) > 1:
                    ambiguous = known._replace(result=query.RESULT_AMBIGUOUS)
    return ambiguous


def _registration(record: query.Record) -> Iterator[OperatorRegistration]:
    """The registration that a record shows, if it is one with a code and a name without hidden parts."""
    shown = record_of(record.view, parse_record_id(record.id)[1])
    if shown.is_open and shown.header.standard == "operator.registration" and not shown.header.retracts:
        body = OperatorRegistration.FromString(b"".join(shown.bodies()))
        if body.uscc and body.name and "*" not in body.name:
            yield body


def _reason(node: Node) -> query.Reason:
    settings = node.config.sync
    return query.Reason(purpose=settings.purpose.split()[0], legal_basis=settings.legal_basis)
