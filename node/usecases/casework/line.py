"""A case in a line: what lists of cases tell of it, for as long as nothing in the case changes."""

from collections.abc import Mapping
from dataclasses import dataclass

from node.core.calendar import Calendar
from node.core.workflow.model import Role, Workflow
from node.core.workflow.timing import Timer, timers
from node.usecases.casework.case_file import CaseFile
from node.usecases.casework.show import actor_name, last_act, receipts


@dataclass(frozen=True, slots=True)
class Line:
    """A case without its acts.

    Attributes:
        id: of the case.
        last_act: the act taken last; `last_by` the city or platform that made it, `last_on` its day.
        seen_by: the cities that the case is for, or EVERYONE; empty while others see nothing of it.
        stored_by: the cities whose nodes stored the last act; `opened_by` those whose officers opened it.
        timers: its clocks.
        by_itself: acts open now that the node of the case's city makes without an officer.
    """

    id: str
    workflow: Workflow
    state: str
    is_final: bool
    parties: Mapping[str, str]
    last_act: str
    last_by: str
    last_on: str
    seen_by: tuple[str, ...]
    stored_by: tuple[str, ...]
    opened_by: tuple[str, ...]
    subjects: tuple[str, ...]
    timers: tuple[Timer, ...]
    by_itself: tuple[str, ...]


def line_of(file: CaseFile, calendar: Calendar) -> Line:
    """The line of a case."""
    case, last, first = file.case, last_act(file), file.disclosing
    said = list(receipts(file, last)) if last else []
    return Line(
        file.id,
        file.workflow,
        case.state,
        case.is_final,
        case.parties,
        last.fact.act if last else "",
        actor_name(last) if last else "",
        last.fact.on.isoformat() if last else "",
        tuple(first.header.audience) if first else (),
        tuple(each.city for each in said if each.stored),
        tuple(each.city for each in said if each.opened),
        tuple(sorted({each for act in file.acts.values() for each in act.header.subjects if _is_topic(each)})),
        tuple(timers(case, calendar, file.moments)),
        tuple(act.name for act in case.open_acts() if act.roles == (Role.NODE,) and "origin" in act.by),
    )


def _is_topic(subject: str) -> bool:
    return not subject.startswith(("workflow:", "case:", "idhmac:"))
