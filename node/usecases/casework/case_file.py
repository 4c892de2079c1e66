"""A case as this node may see it: the acts of the parties' logs, the engine over them, the notices of their nodes."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from typing import NamedTuple

from google.protobuf.message import Message

from node.core import standard as standards
from node.core.calendar import SHANGHAI
from node.core.record import disclosed_bodies, disclosed_facets, open_view, parse_header, parse_record_id, record_id
from node.core.workflow.case import Case
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.facts import ActFact, city_of
from node.core.workflow.from_record import act_fact
from node.core.workflow.model import Workflow
from node.errors import NodeError, Reason
from node.record.v1.record_pb2 import Header, View
from node.standard.v1.notice_pb2 import CaseNotice
from node.storage.log import OWN
from node.storage.store import Reader
from node.usecases.usage import is_obtained_for

PURPOSE = "enforcement"
NOTICE = "case.notice"
# Level L2: what regulators tell each other. Facts are read from facets up to it, so that every party reads the same.
_FACT_LEVEL = 2


class ActRecord(NamedTuple):
    """An act as it stands in a log; `body` holds every facet this node may see."""

    header: Header
    view: View
    fact: ActFact
    body: Message

    @property
    def moment(self) -> datetime:
        """When it was recorded."""
        return datetime.fromtimestamp(self.header.issued_at_ms / 1000, SHANGHAI)

    @property
    def leaf_hash(self) -> bytes:
        """Of the record in its city's log."""
        return open_view(self.view).leaf_hash


class NoticeRecord(NamedTuple):
    """What a city's node said in the case."""

    header: Header
    body: CaseNotice


@dataclass(frozen=True)
class CaseFile:
    """Everything of one case that is here, by record id."""

    id: str
    workflow: Workflow
    acts: dict[str, ActRecord]
    notices: tuple[NoticeRecord, ...] = ()

    @cached_property
    def case(self) -> Case:
        """The engine over the acts."""
        return Case(self.workflow, self.id, (each.fact for each in self.acts.values()))

    @property
    def moments(self) -> dict[str, datetime]:
        """When each act was recorded."""
        return {name: act.moment for name, act in self.acts.items()}

    @property
    def disclosing(self) -> ActRecord | None:
        """The first act that others see; its audience is that of the case."""
        for verdict in self.case.history():
            act = self.workflow.act.get(verdict.fact.act)
            if act is not None and act.opens and not act.internal and verdict.fact.id in self.acts:
                return self.acts[verdict.fact.id]
        return None


def workflow_subject(name: str) -> str:
    """The subject key under which every act of a workflow is indexed."""
    return f"workflow:{name}"


def case_subject(case: str) -> str:
    """The subject key of a case's acts."""
    return f"case:{case}"


class Bookcase:
    """Finds cases in the own log and in the replicas that were pulled for enforcement."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def open(self, case: str) -> CaseFile:
        """A case by the record id of its opening act, which may itself be withheld.

        Raises:
            NodeError: INVALID_ARGUMENT, or NOT_FOUND: nothing of it is here.
        """
        found = [*self._opening(case), *self._indexed(case_subject(case))]
        acts = [act for view in found if (act := _read_act(view)) is not None and act.fact.case == case]
        if not acts:
            raise NodeError(Reason.NOT_FOUND, f"nothing of a case {case} is here")
        name = _workflow_of(case, acts)
        notices = (notice for view in found if (notice := _read_notice(view)) is not None and notice.body.case == case)
        return CaseFile(
            case,
            WORKFLOWS[name],
            {act.header.id: act for act in acts if act.header.standard == name},
            tuple(sorted(notices, key=lambda notice: notice.header.issued_at_ms)),
        )

    def every(self, workflows: Iterable[str] = ()) -> list[CaseFile]:
        """Every case of these workflows (of all where none is named), without notices, in no order."""
        by_case: defaultdict[tuple[str, str], dict[str, ActRecord]] = defaultdict(dict)
        for name in workflows or WORKFLOWS:
            for view in self._indexed(workflow_subject(name)):
                act = _read_act(view)
                if act is not None and act.header.standard == name:
                    by_case[act.fact.case, name][act.header.id] = act
        return [CaseFile(case, WORKFLOWS[name], acts) for (case, name), acts in by_case.items()]

    def acts_of(self, city: str, begin: int, end: int) -> Iterator[ActRecord]:
        """The acts at [begin, end) of a peer's log."""
        origin = self._reader.find_origin(city)
        if origin is None or not is_obtained_for(origin, PURPOSE):
            return
        for _, _, stored in self._reader.records(origin.number, begin, end):
            if stored is not None and (act := _read_act(stored)) is not None:
                yield act

    def _opening(self, case: str) -> list[bytes]:
        city, index = parse_record_id(case)
        origin = self._reader.find_origin(city)
        if origin is None or index >= origin.size or not is_obtained_for(origin, PURPOSE):
            return []
        return [view for _, _, view in self._reader.records(origin.number, index, index + 1) if view is not None]

    def _indexed(self, subject: str) -> list[bytes]:
        usable = {origin.number: origin.city for origin in self._reader.origins() if is_obtained_for(origin, PURPOSE)}
        rows = sorted(row for row in self._reader.by_subject(subject) if row[0] in usable)
        return [view for number, index, view in rows if _is_of(view, subject, record_id(usable[number], index))]


def _is_of(stored: bytes, subject: str, record: str) -> bool:
    header = parse_header(View.FromString(stored).header)
    return header.id == record and subject in header.subjects


def _read_act(stored: bytes) -> ActRecord | None:
    """The act in a view; None where it holds none, hides part of it, or was made in another city's name."""
    view = View.FromString(stored)
    header = parse_header(view.header)
    if header.standard not in WORKFLOWS or header.retracts:
        return None
    standard = standards.get(header.standard, header.version)
    facets = fact_facets(header.standard, header.version)
    if not facets <= disclosed_facets(view):
        return None
    plain = standard.merge(view.facets[number - 1].body for number in sorted(facets))
    if not plain.HasField("act"):
        return None
    try:
        fact = act_fact(header.id, plain)
    except NodeError:
        return None
    body = standard.merge(disclosed_bodies(view))
    return ActRecord(header, view, fact, body) if fact.city == header.city else None


@cache
def fact_facets(name: str, version: int) -> frozenset[int]:
    """The numbers of the facets that facts are read from."""
    return frozenset(facet.number for facet in standards.get(name, version).facets if facet.level <= _FACT_LEVEL)


def _read_notice(stored: bytes) -> NoticeRecord | None:
    view = View.FromString(stored)
    header = parse_header(view.header)
    if header.standard != NOTICE or header.retracts:
        return None
    body = standards.get(NOTICE, header.version).merge(disclosed_bodies(view))
    return NoticeRecord(header, body) if isinstance(body, CaseNotice) else None


def _workflow_of(case: str, acts: list[ActRecord]) -> str:
    """The workflow as the city of the case says: nobody else decides what a case is."""
    home = [act.header.standard for act in acts if act.header.city == city_of(case)]
    return (home or [acts[0].header.standard])[0]


__all__ = ["NOTICE", "OWN", "PURPOSE", "ActRecord", "Bookcase", "CaseFile", "NoticeRecord"]
