"""What a city's own node adds to an act and holds it to before it is recorded, beyond what every party can check.

1. A platform is asked at the city it is connected to; a complaint is handed over to where it belongs.
2. The day of an act is today; an act that records a fact may state that fact's day, never one to come.
3. A listing that had ended is not decided anew under the old number.
4. A limit is extended before it runs out, as its rule allows; only what runs is suspended.
5. Who had a repair annulled for fraud applies for none until the ban is over.
6. What a city received it does not refer on, nor back, under a new number; nor does it take such a matter on.
7. A serious listing's term is no longer than the law's; a repair ends what is the applicant's, after the wait.
8. The day of a fact is not after today; a document number of this city stands in one case.
"""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

from google.protobuf.message import Message

from node.core.law.calendar import SHANGHAI
from node.core.law.deadlines import State
from node.core.law.laws import accord
from node.core.standards import standard as standards
from node.core.workflow.facts import ActFact
from node.core.workflow.model import Act, Product
from node.core.workflow.own_numbers import own_numbers
from node.core.workflow.rules import Broken
from node.core.workflow.timing import refused_by_clock, timers
from node.errors import Reason
from node.storage.sqlite.store import Store
from node.stubs.standard.v1.complaint_pb2 import Complaint
from node.stubs.standard.v1.credit_pb2 import CreditRepair
from node.stubs.standard.v1.referral_pb2 import Referral
from node.usecases.casework.address_platform import address_platform
from node.usecases.casework.case_file import CaseFile, Members
from node.usecases.casework.case_index import CaseIndex
from node.usecases.casework.handing_over import broken_by_handing_over
from node.usecases.casework.jurisdiction import broken_by_place, say_route
from node.usecases.casework.listing_rules import broken_by_repair, broken_by_term, subjects
from node.usecases.casework.origins import opened
from node.usecases.casework.out_of_rule import broken_by_taking_on
from node.usecases.casework.retransfer import broken_by_referring
from node.usecases.records.refuse_republication import Republication

_REPAIR = "credit.repair"
_BAN = "credit.repair.ban"


class OwnRules:
    """The rules of one city's node."""

    def __init__(self, store: Store, case_index: CaseIndex, members: Members, republication: Republication) -> None:
        self._store = store
        self._case_index = case_index
        self._books = case_index.books
        self._city = store.log.city
        self._members = members
        self._republication = republication
        self._calendar = case_index.calendar

    def complete(self, file: CaseFile, act: Act, message: Message, on: date) -> None:
        """States what the node knows better than who acts.

        Raises:
            NodeError: INVALID_ARGUMENT, the platform is connected to no city, or to another.
        """
        if act.takes_back:
            _name_what_goes(file, message)
        if act.opens:
            address_platform(message, file.workflow, self._members().connections, on)
        if isinstance(message, Complaint) and (act.opens or act.name == "hand_over"):
            say_route(file, message, self._members(), self._city)

    def broken(self, file: CaseFile, act: Act, message: Message, fact: ActFact, today: date) -> list[Broken]:
        """Every rule of these that an act breaks."""
        found = [*self._by_day(file, act, message, today), *self._by_republication(file, act, message)]
        found += [*self._by_fact(file, act, message, today), *self._by_number(file, act, fact)]
        found += [*self._by_clock(file, act, fact), *self._by_ban(act, message, today)]
        found += [*broken_by_term(act, message, fact.on)]
        found += broken_by_repair(self._store, self._books, self._city, file, act, message, today)
        if isinstance(message, Complaint):
            source = next(opened(self._books, message.origins), None)
            found += broken_by_place(file, message, self._members(), self._city, source)
            found += broken_by_handing_over(self._books, file, message, self._city)
        if isinstance(message, Referral) and (act.opens or act.internal):
            found += broken_by_referring(self._books, file, message, self._city)
        return found + broken_by_taking_on(self._books, file, act.name)

    def _by_day(self, file: CaseFile, act: Act, message: Any, today: date) -> Iterator[Broken]:
        rule, day = f"{file.workflow.name}.{act.name}.date", date.fromisoformat(message.act.date)
        # What another city dated later than today keeps nobody here from acting.
        followed = (file.acts[each].fact.on for each in message.act.follows if each in file.acts)
        before = [on for on in followed if on <= today]
        if day > today:
            zh, en = "办理日期不得晚于今日", "an act is not dated in the future"
            yield Broken(rule, Reason.ACT_TOO_EARLY, accord(), zh, en)
        elif day < today and not act.may_be_dated:
            zh, en = "本环节以办理当日为准，不得倒填", "this act is dated the day it is made, and not back"
            yield Broken(rule, Reason.ACT_NOT_ALLOWED, accord(), zh, en)
        elif before and day < max(before):
            zh, en = "办理日期不得早于所承接的环节", "an act is not dated before those it follows"
            yield Broken(rule, Reason.ACT_NOT_ALLOWED, accord(), zh, en)

    def _by_fact(self, file: CaseFile, act: Act, message: Message, today: date) -> Iterator[Broken]:
        for field in standards.get(file.workflow.name).days_to_come(message, today):
            rule = f"{file.workflow.name}.{act.name}.{field.path}"
            zh, en = f"{field.label_zh}不得晚于今日", f"{field.label_en.lower()} is after today"
            yield Broken(rule, Reason.INVALID_FIELD, accord(), zh, en)

    def _by_number(self, file: CaseFile, act: Act, fact: ActFact) -> Iterator[Broken]:
        for each in own_numbers(file.workflow.name, fact):
            if others := sorted(self._case_index.cases_with(each) - {file.id}):
                rule = f"{file.workflow.name}.{act.name}.{each.field}"
                zh, en = f"该文号已用于案件{others[0]}", f"this number stands in case {others[0]} already"
                yield Broken(rule, Reason.ACT_NOT_ALLOWED, accord(), zh, en)

    def _by_clock(self, file: CaseFile, act: Act, fact: ActFact) -> Iterator[Broken]:
        for legal, why in refused_by_clock(file.case, fact, self._calendar, file.moments):
            rule = f"{file.workflow.name}.{act.name}.{legal}"
            yield Broken(rule, Reason.ACT_NOT_ALLOWED, act.law, "该期限此时不得如此变更", why)

    def _by_ban(self, act: Act, message: Message, today: date) -> Iterator[Broken]:
        if not isinstance(message, CreditRepair) or not act.opens:
            return
        moment = datetime.combine(today, time(12), SHANGHAI)
        for file in self._books.about(subjects(_REPAIR, message), _REPAIR):
            if self._is_banned(file, moment):
                zh, en = "因弄虚作假被撤销修复，三年内不得再次申请", f"a repair was annulled for fraud in {file.id}"
                yield Broken(f"{_REPAIR}.{act.name}.ban", Reason.ACT_TOO_EARLY, act.law, zh, en)

    def _is_banned(self, file: CaseFile, moment: datetime) -> bool:
        found = (each.read(moment) for each in timers(file.case, self._calendar, file.moments) if each.rule == _BAN)
        return any(reading is not None and reading.state is State.RUNNING for reading in found)

    def _by_republication(self, file: CaseFile, act: Act, message: Message) -> Iterator[Broken]:
        name = file.workflow.name
        if not any(made.product is Product.RECORD and made.standard == name for made in act.makes):
            return
        for finding in self._republication.findings_of_act(name, message):
            law = next(each.law for each in file.workflow.forbidden)
            rule = f"{name}.{act.name}.{finding.field}"
            yield Broken(rule, Reason.ACT_NOT_ALLOWED, law, "已移出的名单不得以原决定再次列入", finding.message)


def _name_what_goes(file: CaseFile, message: Any) -> None:
    """States the document number of what an act takes back: whoever held it has destroyed it, and must know which."""
    if "number" in message.DESCRIPTOR.fields_by_name and not message.number:
        numbers = [number for fact in file.case.in_force() if (number := fact.fields.get("number"))]
        message.number = numbers[-1] if numbers else ""
