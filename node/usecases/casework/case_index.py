"""The index of cases: a summary of every case that is here. A look at it costs what has changed since the last one.

1. New acts and notices are found in the subject index, from where the look before stopped in each city's log.
2. A view that changed since (retracted, narrowed, disclosed) leads to its cases by its place.
3. The cases found are read anew, whole: a summary is what `CaseRepository.open` says, never a sum of changes.
4. Where another log may be used, or another city speaks for a platform, everything is read anew.
"""

import threading
from collections.abc import Collection, Iterable, Iterator
from sys import intern

from node.core.law.calendar import Calendar
from node.core.log.record import Record, record_id
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.own_numbers import OwnNumber
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Origin
from node.usecases.casework.act_record import NOTICE, case_subject, read, workflow_subject
from node.usecases.casework.case_file import PURPOSE, CaseRepository, Members
from node.usecases.casework.case_summary import CaseSummary, summary_of
from node.usecases.records.usage import is_obtained_for

_CASE = case_subject("")
_SUBJECTS = tuple(map(workflow_subject, (*WORKFLOWS, NOTICE)))


class CaseIndex:
    """The cases of one node, for all its threads."""

    def __init__(self, reader: Reader, calendar: Calendar, members: Members) -> None:
        """Reads nothing yet.

        Args:
            reader: Of the node.
            calendar: Working days.
            members: The federation as the cards say now.
        """
        self.repository = CaseRepository(reader, lambda: members().connections)
        self._reader = reader
        self.calendar = calendar
        self._lock = threading.Lock()
        self._look = 0
        self._ground: object = None
        self._forget()

    def summaries(self) -> list[CaseSummary]:
        """Every case in which an act is in force, in no order."""
        with self._lock:
            self._read_new()
            return list(self._summaries.values())

    def changed_since(self, look: int) -> tuple[int, list[CaseSummary]]:
        """The number of this look, and the cases that changed after an earlier one; 0: all."""
        with self._lock:
            self._read_new()
            changed = (case for case, at in self._touched.items() if at > look)
            return self._look, [self._summaries[case] for case in changed if case in self._summaries]

    def cases_with(self, number: OwnNumber) -> set[str]:
        """The cases that state a document number."""
        with self._lock:
            self._read_new()
            return set(self._numbered.get(number, ()))

    def _forget(self) -> None:
        self._summaries: dict[str, CaseSummary] = {}
        self._numbered: dict[OwnNumber, set[str]] = {}
        # Case -> the look that found it changed; place of a record -> its cases; origin -> tree size looked at.
        self._touched: dict[str, int] = {}
        self._places: dict[tuple[int, int], tuple[str, ...]] = {}
        # Id of a record that is not here, but whose retraction matters to a case.
        self._missed: dict[str, str] = {}
        self._seen: dict[int, int] = {}
        self._change = self._reader.newest_change()

    def _read_new(self) -> None:
        change = self._reader.newest_change()  # before anything is read: what changes meanwhile is found next time
        usable = [origin for origin in self._reader.origins() if is_obtained_for(origin, PURPOSE)]
        ground = self.repository.ground
        if ground != self._ground:
            self._forget()
            self._ground = ground
        cases = {case for origin in usable for case in self._arrived(origin)}
        cases.update(self._changed(change))
        if cases:
            self._look += 1
            self._read(cases)

    def _arrived(self, origin: Origin) -> Iterator[str]:
        """Rule 1."""
        begin = self._seen.get(origin.number, 0)
        if begin < origin.size:
            for subject in _SUBJECTS:
                for record in self._reader.subject_records(subject, origin.number, begin, origin.size):
                    yield from self._note(origin, record)
            self._seen[origin.number] = origin.size

    def _changed(self, change: int) -> Iterator[str]:
        """Rule 2; of records not known yet, one that came to light may be of a case."""
        if change == self._change:
            return
        origins = {origin.number: origin for origin in self._reader.origins() if is_obtained_for(origin, PURPOSE)}
        for number, index in self._reader.changed(self._change, change):
            if (cases := self._places.get((number, index))) is not None:
                yield from cases
            elif number in origins:
                if (case := self._missed.get(record_id(origins[number].city, index))) is not None:
                    yield case
                yield from self._disclosed(origins[number], index)
        self._change = change

    def _disclosed(self, origin: Origin, index: int) -> Iterator[str]:
        record = self._reader.record(origin.number, index)
        if record is not None and record.is_open and not set(_SUBJECTS).isdisjoint(record.header.subjects):
            yield from self._note(origin, record)

    def _note(self, origin: Origin, record: Record) -> tuple[str, ...]:
        """Notes the cases of a record."""
        subjects, index = record.header.subjects, record.index
        named = [subject.removeprefix(_CASE) for subject in subjects if subject.startswith(_CASE)]
        # The act that opens a case names none: it is the case. Of several names the body says which are meant.
        cases = (named if len(named) == 1 else _meant(record, named)) if named else (record_id(origin.city, index),)
        noted = tuple(map(intern, cases))
        if noted:  # else its body may come to light later
            self._places[origin.number, index] = noted
        return noted

    def _read(self, cases: Iterable[str]) -> None:
        """Rule 3."""
        for case in cases:
            self._touched[case] = self._look
            self._drop(case)
            if (file := self.repository.find(case)) is None:
                continue
            self._missed.update(dict.fromkeys(file.missing, case))
            if file.case.state or file.retracted:
                summary = self._summaries[case] = summary_of(file, self.calendar)
                for number in summary.numbers:
                    self._numbered.setdefault(number, set()).add(case)

    def _drop(self, case: str) -> None:
        summary = self._summaries.pop(case, None)
        for number in summary.numbers if summary else ():
            self._numbered[number].discard(case)


def _meant(record: Record, named: Iterable[str]) -> Collection[str]:
    opened = read(record)
    if opened.act is not None:
        return (opened.act.fact.case,)
    return set(opened.notice.cases).intersection(named) if opened.notice is not None else ()
