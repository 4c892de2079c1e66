"""Listings and their repair: no listing anew, the longest term, the year's wait (order 44), and whose it is."""

from collections.abc import Iterator
from typing import Any

from google.protobuf.message import Message

from node.core.law.heavy_penalty import HEAVY_PENALTY, is_heavy
from node.core.law.laws import Citation
from node.core.law.listing_term import (
    LONGEST_TERM,
    RESTRICTED,
    SERIOUS,
    is_too_long,
    restriction_of,
    stated_day,
)
from node.core.log.body import read_body
from node.core.screening import LISTS, listing_acts
from node.core.standards import standard as standards
from node.core.workflow.case import Case
from node.core.workflow.facts import city_of
from node.core.workflow.model import Product
from node.core.workflow.rules import Broken
from node.errors import Reason
from node.stubs.standard.v1.credit_pb2 import (
    REPAIR_KIND_REORGANISATION,
    REPAIR_KIND_SPOT_CHECK_UNPUBLISHED,
    CreditRepair,
)
from node.stubs.standard.v1.listing_pb2 import SERIOUS_GROUND_DECISION_DEFIED, ListingSerious
from node.usecases.casework.case_file import CaseFile, CaseRepository
from node.usecases.casework.follow_up import said_in
from node.usecases.casework.products import applied_for, own_penalties, penalty_subjects
from node.usecases.casework.rules.candidate import Candidate, Knowledge
from node.usecases.casework.rules.leaving_early import broken_by_leaving_early
from node.usecases.casework.rules.penalties import broken_by_repairing

_REPAIR = "credit.repair"
# What a listing rests on is said when it is proposed, and again when it is decided.
_WEIGHED = frozenset(("propose", "decide"))
REPAIR_LAW = Citation("repair_2025")
# States of a repair that was carried out and not annulled.
_CARRIED_OUT = frozenset(("executed", "pushed", "propagated"))
# What is to be repaired is looked at again when it is decided.
_DECIDED = frozenset(("apply", "approve"))
# By which a court approves the plan of a company in reorganisation.
_PLAN = "重整计划裁定书"
_TEMPORARY = "reorganisation"


def broken_by_republication(known: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """A listing that had ended is not decided anew under the old number, nor one whose term is over."""
    workflow = candidate.file.workflow
    if not any(made.product is Product.RECORD and made.standard == workflow.name for made in candidate.act.makes):
        return
    for finding in known.republication.findings_of_act(workflow.name, candidate.message):
        law = workflow.forbidden[0].law
        yield candidate.breaks(finding.field, law, "已移出的名单不得以原决定再次列入", finding.message)


def broken_by_term(_: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """A term that ends later than the law allows, counted from the decision or from the act, whichever is earlier."""
    law = next((need.law for need in candidate.act.needs if need.name == "until"), None)
    message, on = candidate.message, candidate.fact.on
    if law is None or not isinstance(message, ListingSerious):
        return
    restricted = restriction_of(message) or candidate.file.case.situation.kept.get(RESTRICTED, "")
    if is_too_long(message.until, min(on, stated_day(message.decided_on) or on), restricted):
        zh, en = "列入期限超过法定最长期限", f"the term is longer than {LONGEST_TERM} allows"
        yield candidate.breaks(LONGEST_TERM, law, zh, en)


def broken_by_weight(_: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """Who is listed was given a heavy penalty, but for who defies a decision (Art 11)."""
    message = candidate.message
    if not isinstance(message, ListingSerious) or candidate.act.name not in _WEIGHED:
        return
    if not is_heavy(message.penalty) and any(ground != SERIOUS_GROUND_DECISION_DEFIED for ground in message.grounds):
        zh = "须为较重行政处罚：降低资质、吊销、限制或停止经营、关闭、限制从业，或者依裁量基准从重的罚款（载明条款）"
        en = "the penalty has to be a heavy one: of a fine, name the clause of the benchmark (penalty.heavy_by)"
        yield candidate.breaks("penalty", HEAVY_PENALTY, zh, en)


def broken_by_road(known: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """A party leaves the serious list early by a repair alone, carried out here, of the listing as it stands."""
    if candidate.act.name != "remove_early":
        return
    listing, number = said_in(candidate.file), _decision_number(candidate.file.case)
    repairs = known.cases.about(subjects(SERIOUS, listing), _REPAIR)
    if not any(_has_repaired(known, repair, number) for repair in repairs):
        zh, en = "提前移出须先准予并执行信用修复", "early removal takes a credit repair of this listing, carried out"
        yield candidate.breaks("repair", REPAIR_LAW, zh, en)


def _decision_number(case: Case) -> str:
    """The number of the decision by which a party is listed now: the first, or the one that listed it again."""
    decisions = listing_acts(case)
    field = "document_number" if len(decisions) > 1 else "decision_number"
    return decisions[-1].fields.get(field, "") if decisions else ""


def _has_repaired(known: Knowledge, repair: CaseFile, number: str) -> bool:
    name, listing = _listing(known.cases, known.city, listing_to_repair(repair.case))
    is_for_good = repair.case.state in _CARRIED_OUT and repair.case.situation.kept.get("kind") != _TEMPORARY
    return is_for_good and name == SERIOUS and listing.decision_number == number != ""


def broken_by_repair(known: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """A repair takes what is its own party's off a list or a page of this city; off the serious list after the wait."""
    file, act, message = candidate.file, candidate.act, candidate.message
    if not isinstance(message, CreditRepair):
        return
    applied = message if act.opens else applied_for(file, message)
    listing, number = listing_to_repair(file.case) or message.listing, _number(file, message)
    if listing and (message.listing or act.name in _DECIDED):
        yield from _of_listing(known, candidate, listing, applied)
    if number and (message.penalty_number or act.name in _DECIDED):
        yield from _of_penalty(known, candidate, number, applied)


def _of_listing(known: Knowledge, candidate: Candidate, record: str, applied: CreditRepair) -> Iterator[Broken]:
    name, listing = _listing(known.cases, known.city, record)
    if listing is None or not subjects(_REPAIR, applied) & subjects(name, listing):
        zh, en = (
            "所载名单记录不是本机关对申请人所作",
            "the listing is not this city's, or another party's than the applicant",
        )
        yield candidate.breaks("listing", candidate.act.law, zh, en)
    elif applied.kind == REPAIR_KIND_REORGANISATION:
        if candidate.act.opens and not candidate.fact.documents.get(_PLAN):
            yield candidate.breaks(_PLAN, candidate.act.law, f"缺少：{_PLAN}", f"lacks {_PLAN}", Reason.ACT_INCOMPLETE)
    elif isinstance(listing, ListingSerious):
        yield from broken_by_leaving_early(known, candidate, listing, penalty_subjects(applied))


def _of_penalty(known: Knowledge, candidate: Candidate, number: str, applied: CreditRepair) -> Iterator[Broken]:
    penalties = own_penalties(known.store, penalty_subjects(applied), number)
    if applied.kind == REPAIR_KIND_SPOT_CHECK_UNPUBLISHED:
        if penalties:
            zh, en = "抽查结果与相应处罚同时停止公示，该处罚仍在公示", "it ends with its penalty, which is public yet"
            yield candidate.breaks("penalty_number", candidate.act.law, zh, en, Reason.ACT_TOO_EARLY)
        return
    if not penalties:
        zh = "本机关没有对申请人作出的该文号处罚记录；自然人以证件号码密钥杂凑识别"
        en = "this city has no penalty of the applicant by this number; a person is known by the HMAC of the ID number"
        yield candidate.breaks("penalty_number", candidate.act.law, zh, en)
    for _, penalty in penalties:
        yield from broken_by_repairing(known, candidate, penalty)


def _number(file: CaseFile, message: CreditRepair) -> str:
    """The penalty to repair: as the last act said."""
    known: Any = said_in(file)
    return message.penalty_number or str(known.penalty_number)


def listing_to_repair(case: Case) -> str:
    """The listing to repair: as the first act of the case's own city said that named one; empty where none did."""
    own = (fact.fields for fact in case.in_force() if fact.city == city_of(case.id))
    return next((fields["listing"] for fields in own if "listing" in fields), "")


def _listing(repository: CaseRepository, city: str, record: str) -> tuple[str, Any]:
    kept = repository.record(record) if record.startswith(f"{city}-") else None
    if kept is None or kept.header.standard not in LISTS or kept.header.retracts:
        return "", None
    return kept.header.standard, read_body(kept)


def subjects(name: str, message: Message) -> set[str]:
    """The keys of whom a record is about, by which others know them again."""
    return {subject for subject in standards.get(name).subjects(message) if not subject.startswith("case:")}
