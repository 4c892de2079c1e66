"""A case as this node may see it: the acts of the parties' logs, the engine over them, the notices of their nodes."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import chain, islice
from typing import NamedTuple

from node.core.law.calendar import SHANGHAI, legal_day
from node.core.log.record import EVERYONE, Record, is_record_id, parse_record_id, record_id
from node.core.members.actor import Actor
from node.core.members.federation import Federation
from node.core.members.platforms import Connections
from node.core.workflow.case import Case
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.facts import city_of, record_order
from node.core.workflow.model import Workflow
from node.core.workflow.timing import Moments
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import PER_SUBJECT, Reader
from node.stubs.record.v1.record_pb2 import Header
from node.usecases.casework.act_record import (
    RECEIPTS,
    ActRecord,
    NoticeRecord,
    Read,
    case_subject,
    read,
    workflow_subject,
)
from node.usecases.records.usage import is_obtained_for

PURPOSE = "enforcement"
# Cases.
_OPEN = 500
Members = Callable[[], Federation]
"""The members, and which platform is connected to which, as their cards say now."""


class Retracted(NamedTuple):
    """The record that retracted, outside its workflow, what this node had stored of a case, and its leaf hash."""

    header: Header
    leaf_hash: bytes

    @property
    def on(self) -> date:
        """The day in Shanghai."""
        return legal_day(self.header.issued_at_ms)


@dataclass(frozen=True)
class CaseFile:
    """Everything of one case that is here, by record id; `case` is the engine over the acts.

    `retracted` is set where no act is in force any more because the city of the case took its acts back.
    """

    id: str
    workflow: Workflow
    acts: dict[str, ActRecord]
    case: Case
    notices: tuple[NoticeRecord, ...] = ()
    retracted: Retracted | None = None

    @property
    def missing(self) -> set[str]:
        """Record ids that the case rests on and that are not here, or count for nothing."""
        return _missing(self.id, self.acts)

    @property
    def moments(self) -> Moments:
        """When each act was recorded, and when who it is for had received it."""
        return Moments({name: act.moment for name, act in self.acts.items()}, self._received())

    @property
    def disclosing(self) -> ActRecord | None:
        """The first act in force that others see; its audience is that of the case."""
        for fact in self.case.in_force():
            act = self.workflow.act[fact.act]
            if act.opens and not act.internal:
                return self.acts[fact.id]
        return None

    def _received(self) -> dict[tuple[str, str], datetime]:
        """(record id, city) -> the earliest that shows that it was there: its node said so, or it acted in the case."""
        first: dict[tuple[str, str], datetime] = {}
        for record, city, moment in chain(self._acknowledged(), self._acted_upon()):
            first[record, city] = min(moment, first.get((record, city), moment))
        return first

    def _acknowledged(self) -> Iterator[tuple[str, str, datetime]]:
        for header, body in ((notice.header, notice.body) for notice in self.notices if notice.body.kind in RECEIPTS):
            act = self.acts.get(body.record)
            if act is None or {header.city, EVERYONE}.isdisjoint(act.header.audience):
                continue
            if body.leaf_hash == act.leaf_hash:
                yield act.header.id, header.city, datetime.fromtimestamp(header.issued_at_ms / 1000, SHANGHAI)

    def _acted_upon(self) -> Iterator[tuple[str, str, datetime]]:
        if (first := self.disclosing) is not None:
            for act in self.acts.values():
                yield first.header.id, act.header.city, act.moment


class CaseRepository:
    """Finds cases in the own log and in the replicas that were pulled for enforcement.

    An act in a platform's name counts from the log of the city it is connected to, and from no other.
    """

    def __init__(self, reader: Reader, connected: Callable[[], Connections]) -> None:
        self._reader = reader
        self._connected = connected
        # Cases looked at last: what is read of one is compared with what was, act by act.
        self._open: OrderedDict[str, CaseFile] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def ground(self) -> object:
        """What decides which acts count: the logs that may be used, and who speaks for platforms."""
        usable = (origin.number for origin in self._reader.origins() if is_obtained_for(origin, PURPOSE))
        return frozenset(usable), self._connected()

    def open(self, case: str) -> CaseFile:
        """A case by the record id of its opening act, which may itself be withheld.

        Raises:
            NodeError: INVALID_ARGUMENT, or NOT_FOUND: nothing of it is here.
        """
        reads = [*self._record(case), *self._indexed(case_subject(case))]
        acts = [act for opened in reads if (act := self._act(opened)) is not None and act.fact.case == case]
        notices = _notices_of(case, reads, own=self._reader.origins()[OWN].city)
        back = None
        if not acts and (back := self._retracted(case, notices)) is None:
            raise NodeError(Reason.NOT_FOUND, _("no case {case} on this node", case=case))
        name = back.header.standard if back else _workflow_of(case, acts)
        acts_of = {act.header.id: act for act in acts if act.header.standard == name}
        file = self._kept(case, WORKFLOWS[name], acts_of, notices)
        return file if file.case.state else replace(file, retracted=back or self._retracted(case, notices))

    def find(self, case: str) -> CaseFile | None:
        """A case; None where nothing of it is here, nothing of it counts any more, or no such case can be."""
        try:
            return self.open(case)
        except NodeError:
            return None

    def about(self, subjects: Iterable[str], name: str) -> list[CaseFile]:
        """The cases of the workflow `name` whose acts are indexed under one of these subjects."""
        reads = (read for subject in subjects for read in self._indexed(subject) if read.header.standard == name)
        ids = {act.fact.case for read in reads if (act := self._act(read))}
        files = (file for case in sorted(ids) if (file := self.find(case)) is not None)
        return [file for file in files if file.workflow.name == name]

    def drawn_from(self, case: str, name: str, since: str, before: str = "") -> list[CaseFile]:
        """The cases of the workflow `name` that name `case` as origin, begun from one record on in its log to another.

        Args:
            case: record id.
            name: of the workflow.
            since: record id in the log of the city that began them.
            before: record id in the same log; empty for its end.
        """
        city, begin = parse_record_id(since)
        if (origin := self._reader.find_origin(city)) is None:
            return []
        end = parse_record_id(before)[1] if before else origin.size
        records = self._reader.subject_records(workflow_subject(name), origin.number, begin, min(end, origin.size))
        acts = [act for record in records if (act := read(record).act) is not None]
        ids = {act.fact.case for act in acts if case in getattr(act.body, "origins", ())}
        return [file for case_id in sorted(ids) if (file := self.find(case_id)) is not None]

    def _kept(
        self, case: str, workflow: Workflow, acts: dict[str, ActRecord], notices: tuple[NoticeRecord, ...]
    ) -> CaseFile:
        with self._lock:
            earlier = self._open.pop(case, None)
        file = CaseFile(case, workflow, acts, self._engine(case, workflow, acts, earlier), notices)
        with self._lock:
            self._open[case] = file
            if len(self._open) > _OPEN:
                self._open.popitem(last=False)
        return file

    def _engine(
        self, case_id: str, workflow: Workflow, acts: Mapping[str, ActRecord], earlier: CaseFile | None
    ) -> Case:
        """The engine over `acts`, when it has looked at all; those seen before are not judged again."""
        is_retracted = self._has_been_retracted(case_id, workflow, acts)
        if earlier is not None and _is_earlier(earlier, workflow, acts, is_retracted=is_retracted):
            case = earlier.case.grown(act.fact for name, act in acts.items() if name not in earlier.acts)
        else:
            case = Case(workflow, case_id, (record.fact for record in acts.values()), is_retracted=is_retracted)
        case.history()
        return case

    def _has_been_retracted(self, case: str, workflow: Workflow, acts: Mapping[str, ActRecord]) -> bool:
        """Whether what others first saw of a case was destroyed: its city took it back, and acts here follow it.

        Of other cities' acts and records nothing follows for this one.
        """
        backs = {act.name for act in workflow.acts if act.retracts}
        city = city_of(case)
        if not any(record.fact.act in backs and record.header.city == city for record in acts.values()):
            return False
        return any(self._is_retracted(name) for name in _missing(case, acts) if city_of(name) == city)

    def _is_retracted(self, record: str) -> bool:
        city, index = parse_record_id(record)
        origin = self._reader.find_origin(city)
        return origin is not None and self._reader.is_retracted(origin.number, index)

    def ids_of(self, city: str, begin: int, end: int, limit: int) -> list[str]:
        """The ids of the first acts at [begin, end) of a peer's log, in its order, as the subject index tells."""
        origin = self._reader.find_origin(city)
        if origin is None or not is_obtained_for(origin, PURPOSE):
            return []
        subjects = map(workflow_subject, WORKFLOWS)
        parts = (self._reader.subject_records(subject, origin.number, begin, end, limit) for subject in subjects)
        indices = sorted({record.index for part in parts for record in part})
        return [record_id(city, index) for index in indices[:limit]]

    def act(self, record: str) -> ActRecord | None:
        """The act of a record id; None where it is not here, or is none."""
        return next((act for opened in self._record(record) if (act := self._act(opened)) is not None), None)

    def record(self, record: str) -> Record | None:
        """An open record as it is kept here, also one that was retracted; None where it is not."""
        city, index = parse_record_id(record)
        origin = self._reader.find_origin(city)
        kept = self._reader.record(origin.number, index) if origin and index < origin.size else None
        return kept if kept is not None and kept.is_open else None

    def _retracted(self, case: str, notices: Iterable[NoticeRecord]) -> Retracted | None:
        """What took the acts of a case back that this node said it had stored; the newest of several."""
        gone: list[Retracted] = []
        own = self._reader.origins()[OWN].city
        for notice in (said_here for said_here in notices if said_here.header.city == own):
            city, index = parse_record_id(notice.body.record) if is_record_id(notice.body.record) else ("", 0)
            origin = self._reader.find_origin(city)
            by = self._reader.retraction_of(origin.number, index) if origin and city == city_of(case) else None
            if origin is not None and by is not None:
                record = self._reader.record(origin.number, by)
                if record is not None and record.is_open and record.header.standard in WORKFLOWS:
                    gone.append(Retracted(record.header, record.leaf_hash))
        return max(gone, key=lambda each: record_order(each.header.id), default=None)

    def _act(self, record: Read) -> ActRecord | None:
        act = record.act
        if act is None or not (name := act.fact.platform):
            return act
        return act if self._connected().speaks_for(act.header.city, name, act.fact.on) else None

    def _record(self, case: str) -> list[Read]:
        city, index = parse_record_id(case)
        origin = self._reader.find_origin(city)
        if origin is None or index >= origin.size or not is_obtained_for(origin, PURPOSE):
            return []
        record = self._reader.record(origin.number, index)
        # The own log keeps for a time what it retracted; it is no act any more.
        if record is None or not record.is_open or self._reader.is_retracted(origin.number, index):
            return []
        return [read(record)]

    def _indexed(self, subject: str) -> Iterator[Read]:
        usable = {origin.number for origin in self._reader.origins() if is_obtained_for(origin, PURPOSE)}
        for number, record in self._reader.by_subject(subject):
            if number in usable and subject in (opened := read(record)).header.subjects:
                yield opened


def _notices_of(case: str, records: Iterable[Read], own: str) -> tuple[NoticeRecord, ...]:
    """What nodes said in a case, by time; of each peer the first PER_SUBJECT, however many a record joins."""
    of_city: defaultdict[str, list[NoticeRecord]] = defaultdict(list)
    for record in records:
        if record.notice is not None:
            of_one = of_city[record.header.city]
            limit = None if record.header.city == own else PER_SUBJECT - len(of_one)
            of_one.extend(islice(record.notice.in_case(case), limit))
    return tuple(sorted(chain.from_iterable(of_city.values()), key=lambda notice: notice.header.issued_at_ms))


def _is_earlier(file: CaseFile, workflow: Workflow, acts: Mapping[str, ActRecord], *, is_retracted: bool) -> bool:
    """Whether a look at a case was at fewer of the same acts."""
    is_same = file.workflow is workflow and file.case.is_retracted == is_retracted
    return is_same and file.acts.items() <= acts.items()


def _missing(case: str, acts: Mapping[str, ActRecord]) -> set[str]:
    return {case, *(follow for act in acts.values() for follow in act.fact.follows)} - acts.keys()


def _workflow_of(case: str, acts: list[ActRecord]) -> str:
    """The workflow as the city of the case says: nobody else decides what a case is."""
    home = [act.header.standard for act in acts if act.header.city == city_of(case)]
    return (home or [acts[0].header.standard])[0]


def check_sees(actor: Actor, file: CaseFile, city: str) -> None:
    """Checks that a case is the actor's to see.

    Raises:
        NodeError: NOT_FOUND, in the words of a case that is not here: a platform is not told that there is one.
    """
    if not actor.may_see(file.case, city):
        raise NodeError(Reason.NOT_FOUND, _("no case {case} on this node", case=file.id))
