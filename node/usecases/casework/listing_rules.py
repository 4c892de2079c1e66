"""What order 44 holds a serious listing to: its longest term, and the year before it may be taken off early."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from google.protobuf.message import Message

from node.core import standard as standards
from node.core.listing_term import EARLY_REMOVAL, LONGEST_TERM, SERIOUS, is_too_long, may_leave_early, stated_day
from node.core.record import parse_header
from node.core.screening import LISTS
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.model import Act, NotBefore
from node.core.workflow.rules import Broken
from node.errors import Reason
from node.standard.v1.credit_pb2 import CreditRepair
from node.standard.v1.listing_pb2 import ListingSerious
from node.usecases.casework.case_file import Bookcase, CaseFile
from node.usecases.screen import acts_in_force, read_body

_REPAIR = "credit.repair"


def broken_by_term(act: Act, message: Message, on: date) -> Iterator[Broken]:
    """A term that ends later than the law allows, counted from the decision or from the act, whichever is earlier."""
    law = next((need.law for need in act.needs if need.name == "until"), None)
    if law is None or not isinstance(message, ListingSerious):
        return
    if is_too_long(message.until, min(on, stated_day(message.decided_on) or on)):
        zh, en = "列入期限超过法定最长期限", f"the term is longer than {LONGEST_TERM} allows"
        yield Broken(f"{SERIOUS}.{act.name}.{LONGEST_TERM}", Reason.ACT_NOT_ALLOWED, law, zh, en)


def broken_by_repair(
    books: Bookcase, city: str, file: CaseFile, act: Act, message: Message, today: date
) -> list[Broken]:
    """A repair takes its own party off a list of this city; off the serious one, once the law's wait is over."""
    if not isinstance(message, CreditRepair) or not (message.listing or act.name in ("apply", "approve")):
        return []
    name, listing = _listing(books, city, _target(file, message))
    if listing is None:
        return []
    applied = message if act.opens or file.id not in file.acts else file.acts[file.id].body
    return [*_of_another(name, listing, act, applied), *_too_early(listing, act, today)]


def _target(file: CaseFile, message: CreditRepair) -> str:
    """The listing to repair: as the first act said that named one."""
    named = [fact.fields["listing"] for fact in acts_in_force(file.case) if "listing" in fact.fields]
    return [*named, message.listing][0]


def _listing(books: Bookcase, city: str, record: str) -> tuple[str, Any]:
    view = books.view(record) if record.startswith(f"{city}-") else None
    header = parse_header(view.header) if view is not None else None
    if view is None or header is None or header.standard not in LISTS or header.retracts:
        return "", None
    return header.standard, read_body(header, view)


def _of_another(name: str, listing: Message, act: Act, applied: Message) -> Iterator[Broken]:
    if not subjects(_REPAIR, applied) & subjects(name, listing):
        zh, en = "所载名单记录不是申请人的", "the listing is another party's, not the applicant's"
        yield Broken(f"{_REPAIR}.{act.name}.listing", Reason.ACT_NOT_ALLOWED, act.law, zh, en)


def _too_early(listing: Message, act: Act, today: date) -> Iterator[Broken]:
    decided_on = stated_day(listing.decided_on) if isinstance(listing, ListingSerious) else None
    if decided_on is not None and not may_leave_early(decided_on, today):
        guards = WORKFLOWS[SERIOUS].act["remove_early"].guards
        wait = next(each for each in guards if isinstance(each, NotBefore) and each.rule == EARLY_REMOVAL)
        rule = f"{_REPAIR}.{act.name}.{EARLY_REMOVAL}"
        yield Broken(rule, Reason.ACT_TOO_EARLY, wait.law, wait.label.zh, wait.label.en)


def subjects(name: str, message: Message) -> set[str]:
    """The keys of whom a record is about, by which others know them again."""
    return {each for each in standards.get(name).subjects(message) if not each.startswith("case:")}
