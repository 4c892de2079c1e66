"""A matter that a city received is not referred on as a new case: it objects, and the common superior designates.

Judged by every node from the records it holds, of an act to come as of one that stands in a log.
"""

from collections.abc import Collection, Iterator
from typing import Any

from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.facts import city_of
from node.core.workflow.rules import Broken
from node.errors import Reason
from node.stubs.standard.v1.referral_pb2 import REFERRAL_KIND_ASSISTANCE, Referral
from node.usecases.casework.case_file import CaseFile, CaseRepository
from node.usecases.casework.follow_up import said_in
from node.usecases.casework.origins import behind, is_here, named_by
from node.usecases.casework.rules.candidate import Candidate, Knowledge

_ASSISTANCE = "assistance"
REFERRAL = WORKFLOWS["referral"]
_RULE = REFERRAL.forbids["retransfer"]


def broken_by_referring(known: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """What an act of a case breaks of which others see nothing yet. Assistance may be asked for in any matter."""
    act, message = candidate.act, candidate.message
    if not isinstance(message, Referral) or not (act.opens or act.internal):
        return
    origins = {*message.origins, *(named_by(known.city, candidate.file) if message.origins else ())}
    yield from _passed_on(known.cases, message, known.city, origins)


def broken_by_retransfer(repository: CaseRepository, file: CaseFile) -> list[Broken]:
    """What a referral that was sent breaks, as far as what it came from is here."""
    first, city = file.disclosing, city_of(file.id)
    if first is None or not isinstance(sent := first.body, Referral):
        return []
    origins = named_by(city, file)
    return [*_passed_on(repository, sent, city, origins), *_unknown(repository, sent, city, origins)]


def _passed_on(repository: CaseRepository, sent: Referral, city: str, origins: Collection[str]) -> Iterator[Broken]:
    if sent.kind == REFERRAL_KIND_ASSISTANCE:
        return
    if any(_is_passed_on(origin, sent.to_city, city) for origin in behind(repository, origins)):
        rule = f"{REFERRAL.name}.{sent.act.act}.{_RULE.name}"
        yield Broken(rule, Reason.ACT_NOT_ALLOWED, _RULE.law, _RULE.why.zh, _RULE.why.en)


def _is_passed_on(origin: CaseFile, to_city: str, city: str) -> bool:
    """Whether `city` received a matter, and the superior did not designate the city that it sends it to."""
    case = origin.case
    is_received = origin.workflow is REFERRAL and case.parties.get("addressee") == city
    if not is_received or case.situation.kept.get("kind") == _ASSISTANCE:
        return False
    known: Any = said_in(origin)
    return case.state != "designated_elsewhere" or to_city not in ("", known.designated_city)


def _unknown(repository: CaseRepository, sent: Referral, city: str, origins: Collection[str]) -> Iterator[Broken]:
    """Of what another city said and this node may not see, it can't be told whether it was passed on."""
    theirs = (origin for origin in origins if city_of(origin) != city)
    if sent.kind != REFERRAL_KIND_ASSISTANCE and not all(is_here(repository, origin) for origin in theirs):
        zh, en = (
            "来源记录属他市且此处不可见，是否再次移送无从判断",
            "it names a record of another city that is not here",
        )
        yield Broken(f"{REFERRAL.name}.{sent.act.act}.origins", Reason.NOT_FOUND, _RULE.law, zh, en)
