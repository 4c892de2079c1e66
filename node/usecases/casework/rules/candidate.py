"""An act before it is recorded, and what the node of its city knows when it judges it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from google.protobuf.message import Message

from node.core.law.calendar import Calendar
from node.core.law.laws import Citation
from node.core.workflow.facts import ActFact
from node.core.workflow.model import Act, Role
from node.core.workflow.rules import Broken
from node.errors import Reason
from node.storage.sqlite.store import Store
from node.usecases.casework.case_file import CaseFile, CaseRepository, Members
from node.usecases.casework.case_index import CaseIndex
from node.usecases.records.refuse_republication import Republication


@dataclass(frozen=True)
class Candidate:
    """An act that may be recorded next, if it breaks no rule.

    Attributes:
        file: its case, without it.
        act: its declaration.
        message: what it says.
        fact: what every party will read of it; its `id` is empty.
        role: of the officer who makes it; None where a platform acts, or an officer approves.
        today: the day in Shanghai.
    """

    file: CaseFile
    act: Act
    message: Message
    fact: ActFact
    role: Role | None
    today: date

    def breaks(self, demand: str, law: Citation, zh: str, en: str, reason: Reason = Reason.ACT_NOT_ALLOWED) -> Broken:
        """A demand of its workflow that this act does not meet."""
        return Broken(f"{self.file.workflow.name}.{self.act.name}.{demand}", reason, law, zh, en)


@dataclass(frozen=True)
class Knowledge:
    """What the node of a city judges an act by, beside the act and its case."""

    store: Store
    case_index: CaseIndex
    members: Members
    republication: Republication

    @property
    def city(self) -> str:
        """Slug of the own city."""
        return self.store.log.city

    @property
    def cases(self) -> CaseRepository:
        """Every case that is here."""
        return self.case_index.repository

    @property
    def calendar(self) -> Calendar:
        """Working days."""
        return self.case_index.calendar


Check = Callable[[Knowledge, Candidate], Iterable[Broken]]
"""Names every demand of one rule that an act does not meet."""
