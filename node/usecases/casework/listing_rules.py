"""What a listing is held to, and its repair: the longest term, the year's wait (order 44), and that it is one's own."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from google.protobuf.message import Message

from node.core.law.listing_term import EARLY_REMOVAL, LONGEST_TERM, SERIOUS, is_too_long, may_leave_early, stated_day
from node.core.log.body import read_body
from node.core.log.record import parse_header
from node.core.screening import LISTS
from node.core.standards import standard as standards
from node.core.workflow.case import Case
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.facts import city_of
from node.core.workflow.model import Act, NotBefore
from node.core.workflow.rules import Broken
from node.errors import Reason
from node.storage.sqlite.reader import Reader
from node.stubs.standard.v1.credit_pb2 import CreditRepair
from node.stubs.standard.v1.listing_pb2 import ListingSerious
from node.usecases.casework.case_file import CaseFile, CaseRepository
from node.usecases.casework.follow_up import said_in
from node.usecases.casework.products import applied_for, own_penalties, penalty_subjects

_REPAIR = "credit.repair"
# What is to be repaired is looked at again when it is decided.
_DECIDED = frozenset(("apply", "approve"))


def broken_by_term(act: Act, message: Message, on: date) -> Iterator[Broken]:
    """A term that ends later than the law allows, counted from the decision or from the act, whichever is earlier."""
    law = next((need.law for need in act.needs if need.name == "until"), None)
    if law is None or not isinstance(message, ListingSerious):
        return
    if is_too_long(message.until, min(on, stated_day(message.decided_on) or on)):
        zh, en = "列入期限超过法定最长期限", f"the term is longer than {LONGEST_TERM} allows"
        yield Broken(f"{SERIOUS}.{act.name}.{LONGEST_TERM}", Reason.ACT_NOT_ALLOWED, law, zh, en)


def broken_by_repair(
    reader: Reader, books: CaseRepository, city: str, file: CaseFile, act: Act, message: Message, today: date
) -> list[Broken]:
    """A repair takes what is its own party's off a list or a page of this city; off the serious list after the wait."""
    if not isinstance(message, CreditRepair):
        return []
    applied = message if act.opens else applied_for(file, message)
    known = CreditRepair(listing=listing_to_repair(file.case) or message.listing, penalty_number=_number(file, message))
    found: list[Broken] = []
    if known.listing and (message.listing or act.name in _DECIDED):
        found += _of_listing(books, city, known.listing, act, applied, today)
    if known.penalty_number and (message.penalty_number or act.name in _DECIDED):
        found += _of_penalty(reader, known.penalty_number, act, applied)
    return found


def _of_listing(
    books: CaseRepository, city: str, record: str, act: Act, applied: CreditRepair, today: date
) -> Iterator[Broken]:
    name, listing = _listing(books, city, record)
    if listing is None or not subjects(_REPAIR, applied) & subjects(name, listing):
        zh, en = (
            "所载名单记录不是本机关对申请人所作",
            "the listing is not this city's, or another party's than the applicant",
        )
        yield Broken(f"{_REPAIR}.{act.name}.listing", Reason.ACT_NOT_ALLOWED, act.law, zh, en)
    elif isinstance(listing, ListingSerious):
        yield from _too_early(listing, act, today)


def _of_penalty(reader: Reader, number: str, act: Act, applied: CreditRepair) -> Iterator[Broken]:
    if not own_penalties(reader, penalty_subjects(applied), number):
        zh = "本机关没有对申请人作出的该文号处罚记录；自然人以证件号码密钥杂凑识别"
        en = "this city has no penalty of the applicant by this number; a person is known by the HMAC of the ID number"
        yield Broken(f"{_REPAIR}.{act.name}.penalty_number", Reason.ACT_NOT_ALLOWED, act.law, zh, en)


def _number(file: CaseFile, message: CreditRepair) -> str:
    """The penalty to repair: as the last act said."""
    known: Any = said_in(file)
    return message.penalty_number or str(known.penalty_number)


def listing_to_repair(case: Case) -> str:
    """The listing to repair: as the first act of the case's own city said that named one; empty where none did."""
    own = (fact.fields for fact in case.in_force() if fact.city == city_of(case.id))
    return next((fields["listing"] for fields in own if "listing" in fields), "")


def _listing(books: CaseRepository, city: str, record: str) -> tuple[str, Any]:
    view = books.view(record) if record.startswith(f"{city}-") else None
    header = parse_header(view.header) if view is not None else None
    if view is None or header is None or header.standard not in LISTS or header.retracts:
        return "", None
    return header.standard, read_body(header, view)


def _too_early(listing: ListingSerious, act: Act, today: date) -> Iterator[Broken]:
    decided_on = stated_day(listing.decided_on)
    if decided_on is not None and not may_leave_early(decided_on, today):
        guards = WORKFLOWS[SERIOUS].act["remove_early"].guards
        wait = next(each for each in guards if isinstance(each, NotBefore) and each.rule == EARLY_REMOVAL)
        rule = f"{_REPAIR}.{act.name}.{EARLY_REMOVAL}"
        yield Broken(rule, Reason.ACT_TOO_EARLY, wait.law, wait.label.zh, wait.label.en)


def subjects(name: str, message: Message) -> set[str]:
    """The keys of whom a record is about, by which others know them again."""
    return {each for each in standards.get(name).subjects(message) if not each.startswith("case:")}
