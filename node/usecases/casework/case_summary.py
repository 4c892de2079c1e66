"""A case as lists of cases show it: what stays the same for as long as nothing in the case changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from node.core.law.calendar import Calendar
from node.core.log.record import EVERYONE
from node.core.workflow.model import Workflow
from node.core.workflow.own_numbers import OwnNumber, numbers_in_force
from node.core.workflow.timing import Timer, timers
from node.stubs.standard.v1.notice_pb2 import NOTICE_KIND_OPENED
from node.usecases.casework.case_file import CaseFile, Retracted
from node.usecases.casework.show import RETRACTED, actor_name, last_act, receipts

# What tells a case from others to a reader, in the order in which it is shown; facts alone, which every party may see.
_TITLE = ("party.name", "product.name", "number", "number_12315", "decision_number")

# A title is the officers' own Chinese; the command line translates this mark alone.
ORIGINAL_RETRACTED = "原件已撤回"


@dataclass(frozen=True, slots=True)
class CaseSummary:
    """A case without its acts.

    Attributes:
        id: of the case.
        last_act: the act taken last; `last_by` the city or platform that made it, `last_on` its day, `last_in` the city
            in whose log it stands.
        seen_by: the cities that the case is for, or EVERYONE; empty while others see nothing of it.
        stored_by: the cities whose nodes stored the last act as it is; `opened_by` those whose officers opened it.
        timers: its deadlines.
        by_itself: acts open now that the node of the case's city makes without an officer.
        title: party, product and number of the document, as they were last said.
        numbers: the document numbers that cities gave in it.
        officers: who made or approved its acts: city and account.
    """

    id: str
    workflow: Workflow
    state: str
    is_final: bool
    parties: Mapping[str, str]
    last_act: str
    last_by: str
    last_on: str
    last_in: str
    seen_by: tuple[str, ...]
    stored_by: tuple[str, ...]
    opened_by: tuple[str, ...]
    subjects: tuple[str, ...]
    timers: tuple[Timer, ...]
    by_itself: tuple[str, ...]
    title: str
    numbers: frozenset[OwnNumber]
    officers: frozenset[tuple[str, str]]

    def is_unread(self, city: str) -> bool:
        """Whether another city acted last for `city` to see, and no officer there has opened that act."""
        is_for_it = city in self.seen_by or EVERYONE in self.seen_by
        return is_for_it and self.last_in not in ("", city) and city not in self.opened_by

    def is_about(self, text: str) -> bool:
        """Whether `text` is a code of what the case is about, or stands in its title."""
        return text.casefold() in self.title.casefold() or text in (key.partition(":")[2] for key in self.subjects)


def summary_of(file: CaseFile, calendar: Calendar) -> CaseSummary:
    """Summarises a case."""
    if file.retracted is not None:
        return _summary_of_retracted(file, file.retracted)
    case, last = file.case, last_act(file)
    first = file.disclosing or last  # of what was retracted only the acts after it are here
    answers = [receipt for receipt in receipts(file, last) if receipt.is_right] if last else []
    return CaseSummary(
        file.id,
        file.workflow,
        case.state,
        case.is_final,
        case.parties,
        last.fact.act if last else "",
        actor_name(last) if last else "",
        last.fact.on.isoformat() if last else "",
        last.header.city if last else "",
        tuple(first.header.audience) if first else (),
        tuple(receipt.city for receipt in answers if receipt.stored),
        tuple(receipt.city for receipt in answers if receipt.opened),
        tuple(sorted(set(_topics(file)))),
        tuple(timers(case, calendar, file.moments)),
        tuple(act.name for act in case.open_acts() if act.is_automatic and "origin" in act.by),
        _title(file),
        numbers_in_force(file.workflow.name, case.in_force()),
        frozenset(_officers(file)),
    )


def _summary_of_retracted(file: CaseFile, back: Retracted) -> CaseSummary:
    """What is left to say of a case whose acts were retracted and destroyed: by whom, when, why."""
    header = back.header
    opened = {
        notice.header.city
        for notice in file.notices
        if notice.body.kind == NOTICE_KIND_OPENED and notice.body.record == header.id
    }
    title = f"{ORIGINAL_RETRACTED} · {header.purpose} · {header.legal_basis}"
    return CaseSummary(
        file.id, file.workflow, RETRACTED, True, {}, "retract", header.city, back.on.isoformat(), header.city,
        (EVERYONE,), (), tuple(sorted(opened)), (), (), (), title, frozenset(), frozenset(),
    )  # fmt: skip


def _title(file: CaseFile) -> str:
    values: dict[str, str] = {}
    for fact in file.case.in_force():
        values |= {name: value for name in _TITLE if (value := fact.fields.get(name))}
    gone = [ORIGINAL_RETRACTED] if file.case.is_retracted else []
    return " · ".join([values[name] for name in _TITLE if name in values] + gone)


def _officers(file: CaseFile) -> Iterator[tuple[str, str]]:
    for act in file.acts.values():
        for person in (act.fact.maker, act.fact.approver):
            if person is not None and person.account:
                yield act.fact.city, person.account


def _topics(file: CaseFile) -> Iterator[str]:
    for fact in file.case.in_force():
        for subject in file.acts[fact.id].header.subjects:
            if not subject.startswith(("workflow:", "case:", "idhmac:")):
                yield subject
