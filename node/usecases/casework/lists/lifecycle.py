"""Keeps the city's own lists as the law has them, day by day and after every act: a job of the node's scheduler.

1. A case in which a party is listed makes the record that others see; a correction supersedes it.
2. What the term, or an act in a case, ends is retracted at once: the retraction leaves, peers destroy values and salts.
3. What only waits for its day (a term or a measure that ends by itself) is an act that casework makes when asked.
4. What it took off a list it keeps as long as the retention of the standard says, and then destroys itself.
5. A penalty is public as long as the law says, and is then retracted as a listing is.
6. What had ended is never published again; a removal annulled for fraud makes a new record that names the old decision.

Everything is computed from the log, so that a crash at any moment loses nothing and does nothing twice.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, datetime, time
from hashlib import sha256
from itertools import islice
from typing import Any

from google.protobuf.message import Message

from node.core.law.calendar import SHANGHAI, legal_day
from node.core.law.listing_term import SERIOUS, longest_end, restriction_of
from node.core.law.retention import EVIDENCE_KEPT, RETENTION, kept_since
from node.core.log.body import read_body
from node.core.log.record import CASEWORK, Record, is_record_id, parse_record_id
from node.core.screening import LISTS, case_of, has_ended, listing_acts, listing_of, marks
from node.core.standards import standard as standards
from node.core.workflow.case import Case
from node.core.workflow.declared import WORKFLOWS, workflow
from node.core.workflow.facts import ActFact
from node.errors import NodeError
from node.ports import Clock
from node.storage.sqlite.log import OWN, DeriveEntries, Entry
from node.storage.sqlite.store import Store
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1 import act_pb2
from node.usecases.casework.act_record import workflow_subject
from node.usecases.casework.case_file import CaseRepository
from node.usecases.casework.lists.own_listings import Listed, OwnListings
from node.usecases.casework.lists.own_penalties import PENALTY, OwnPenalties
from node.usecases.casework.rules.listings import listing_to_repair
from node.usecases.records.retract import retract, stands

_REPAIR = "credit.repair"
_PUBLISHING = frozenset(("publish", "publish_here"))
_PEERS_MS = 60_000
_FOLLOWED = (*WORKFLOWS, PENALTY)
# Cases looked at in one run: after a start all of them are.
_CASES = 500


class ListingLifecycle:
    """Follows the own log. `run` is for one thread at a time."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        repository: CaseRepository,
        derive: DeriveEntries | None = None,
        act_by_itself: Callable[[], object] = tuple,
    ) -> None:
        """Takes up nothing yet.

        Args:
            store: Of the node.
            clock: Says which day it is.
            repository: Its cases.
            derive: What must follow a record that supersedes another (`OwnLog.append`).
            act_by_itself: Makes the acts that the workflows leave to the software and that are due.
        """
        self._store = store
        self._repository = repository
        self._act_by_itself = act_by_itself
        self._clock = clock
        self._derive = derive
        self._read_to = 0
        # Origin -> tree size looked at, of the peers.
        self._peers: dict[int, int] = {}
        self._next_look_ms = 0
        self._day: date | None = None
        self._listings = OwnListings()
        self._penalties = OwnPenalties(store, clock, repository)
        # Own cases, by their workflow; by a mark of the listing that they make; those to look at, in order.
        self._cases: dict[str, str] = {}
        self._marked_cases: defaultdict[str, set[str]] = defaultdict(set)
        self._touched: dict[str, None] = {}
        self._has_news = True

    def run(self) -> list[str]:
        """Does what is due; returns the ids of the records it made.

        Raises:
            NodeError: STORAGE_FULL or STORAGE_CORRUPT; what was not done is due at the next run.
        """
        day = legal_day(self._clock.now_ms())
        self._read_new()
        self._read_peers()
        made = self._end_terms(day, is_new=day != self._day) + self._penalties.end(day)
        if day != self._day:
            self._store.destroy_ended({name: _begin_ms(kept_since(name, day)) for name in RETENTION}).result()
            self._store.destroy_old_payloads(_begin_ms(day - EVIDENCE_KEPT)).result()
        if day != self._day or self._has_news:
            self._act_by_itself()
            self._read_new()
            self._day, self._has_news = day, False
        return made + self._follow_cases()

    def _read_peers(self) -> None:
        """What peers did in own cases: looked for by the minute, for they may send much."""
        if self._clock.now_ms() < self._next_look_ms:
            return
        for origin in self._store.origins()[1:]:
            begin = self._peers.get(origin.number, 0)
            for name in (*LISTS, _REPAIR) if begin < origin.size else ():
                subject = workflow_subject(name)
                for record in self._store.subject_records(subject, origin.number, begin, origin.size):
                    self._touch(case_of(record.header))
            self._has_news |= begin < origin.size
            self._peers[origin.number] = origin.size
        self._next_look_ms = self._clock.now_ms() + _PEERS_MS

    def _touch(self, *cases: str) -> None:
        self._touched.update(dict.fromkeys(case for case in cases if case in self._cases))

    def _read_new(self) -> None:
        size = self._store.origin(self._store.log.city).size
        for record in self._store.records_of(OWN, self._read_to, size, _FOLLOWED):
            if not record.header.retracts:
                self._has_news = True
                self._note(record)
        self._read_to = size

    def _note(self, noted: Record) -> None:
        header = noted.header
        record = header.id
        try:
            body: Any = read_body(noted)
        except NodeError:  # made by a version that knew another standard: an audit names it
            return
        if body.HasField("act"):
            if not body.act.case and header.standard in (*LISTS, _REPAIR):
                self._cases[record] = header.standard
            self._touch(body.act.case or record)
        elif header.standard in LISTS:
            known = frozenset(marks(header.city, header.standard, body))
            listing = listing_of(header.standard, body)
            self._listings.add(record, Listed(header.standard, listing, header.valid_until_ms, known))
            self._touch(*(case for mark in known for case in self._marked_cases.get(mark, ())))
        elif header.standard == PENALTY:
            self._penalties.add(record, body)

    def _end_terms(self, day: date, *, is_new: bool) -> list[str]:
        """Rule 2, of records: those whose last day has passed, or that say they were removed."""
        now_ms = self._clock.now_ms()
        made = []
        for record, listed in self._listings.due(now_ms, is_new_day=is_new):
            if has_ended(listed.body, Header(valid_until_ms=listed.valid_until_ms), day, now_ms):
                made += self._end(record)
        self._listings.settle(now_ms)
        return made

    def _end(self, record: str) -> list[str]:
        """Takes a listing back, unless that happened already or another stands in its place."""
        if not stands(self._store, record):
            self._listings.remove(record)
            return []
        return self._retract(record)

    def _follow_cases(self) -> list[str]:
        made = []
        for case_id in list(islice(self._touched, _CASES)):
            name = self._cases[case_id]
            if (file := self._repository.find(case_id)) is not None:
                made += self._keep_listing(file.case) if name in LISTS else self._keep_repair(file.case)
            self._touched.pop(case_id)
        return made

    def _keep_listing(self, case: Case) -> list[str]:
        """Rules 1 and 2, of cases."""
        name, made = case.workflow.name, []
        decided = listing_acts(case)
        is_listed = case.state in LISTS[name].in_force
        for fact in decided:
            body = self._listed_by(case, decided, fact)
            for mark in marks(self._store.log.city, name, body):
                self._marked_cases[mark].add(case.id)
            is_last = fact is decided[-1]
            if is_listed and is_last and not self._is_ended(name, body):
                made += self._append(name, body, self._header(fact.id), f"listing\0{fact.id}")
            elif not (is_listed and is_last):
                made += self._retract_all(self._marked(name, body))
        return made

    def _listed_by(self, case: Case, decided: list[ActFact], fact: ActFact) -> Message:
        """What the record says that an act makes: the first says all, a later one takes its place by a new decision."""
        body: Any = self._body(decided[0].id)
        body.ClearField("act")
        if case.workflow.name == SERIOUS:
            published = [made.on.isoformat() for made in case.in_force() if made.act in _PUBLISHING]
            body.published_on = published[-1] if published else body.published_on
            body.until = fact.fields.get("until", body.until)
        if fact is not decided[0]:
            _decide_anew(body, fact.fields.get("document_number", ""), fact.on)
        return body  # type: ignore[no-any-return]

    def _keep_repair(self, case: Case) -> list[str]:
        """Rules 2 and 6: a repair carried out takes the listing back; annulled for fraud, it is made anew."""
        acts = {fact.act: fact for fact in case.in_force()}
        target = listing_to_repair(case)
        header = self._header(target) if target else None
        if header is None or header.standard not in LISTS or "execute" not in acts:
            return []
        body: Any = self._body(target)
        body.ClearField("act")
        made = self._retract_all(self._marked(header.standard, body))
        back = acts.get("annul_for_fraud") or acts.get("restore")
        if back is not None and header.standard == SERIOUS:
            _decide_anew(body, back.fields["decision_number"], back.on)
            if back.act == "annul_for_fraud":  # its term begins anew; what was repaired for a time goes on
                body.until = longest_end(back.on, restriction_of(body))
            if not self._is_ended(SERIOUS, body):
                made += self._append(SERIOUS, body, self._header(back.id), f"listing\0{back.id}")
        return made

    def _marked(self, name: str, body: Message) -> list[str]:
        """Own current records of the listing that `body` is."""
        records = self._listings.marked(name, marks(self._store.log.city, name, body))
        return [record for record in records if stands(self._store, record)]

    def _is_ended(self, name: str, body: Message) -> bool:
        return self._store.are_ended(marks(self._store.log.city, name, body))

    def _append(self, name: str, body: Message, like: Header | None, key: str) -> list[str]:
        """Makes a record for every member, for the reason of the act it comes from; nothing where it stands already."""
        standard, now_ms = standards.get(name), self._clock.now_ms()
        if like is None or any(not finding.warning for finding in standard.findings(body)):
            return []
        header = Header(
            standard=name,
            version=standard.version,
            city=self._store.log.city,
            issued_at_ms=now_ms,
            as_of_ms=now_ms,
            audience=["all"],
            purpose=like.purpose,
            legal_basis=like.legal_basis,
            source=CASEWORK,
            subjects=standard.subjects(body),
        )
        bodies = standard.split(body.SerializeToString())
        size = self._store.origin(header.city).size
        entry = Entry.of(header, bodies, _digest16(key.encode()), _digest16(b"".join(bodies)))
        placed = self._store.append([entry], self._derive).result()
        self._read_new()
        return [result.id for result in placed if self._store.origin(header.city).size > size]

    def _retract_all(self, records: Iterable[str]) -> list[str]:
        return [made for record in records for made in self._retract(record)]

    def _retract(self, record: str) -> list[str]:
        name, header = self._listings.name_of(record), self._header(record)
        basis = next(act.law.zh for act in workflow(name).acts if act.name in ("expire", "remove"))
        reason = Header(purpose=header.purpose if header else "", legal_basis=basis)
        placed = retract(self._store, self._clock, record, reason)
        self._listings.remove(record)  # only now: what a full disk refused is due again
        return [placed.id]

    def _record(self, record: str) -> Record | None:
        if not is_record_id(record) or (place := parse_record_id(record))[0] != self._store.log.city:
            return None
        kept = self._store.record(OWN, place[1])
        return kept if kept is not None and kept.is_open else None

    def _header(self, record: str) -> Header | None:
        kept = self._record(record)
        return kept.header if kept else None

    def _body(self, record: str) -> Message:
        kept = self._record(record)
        return read_body(kept) if kept else act_pb2.Act()


def _decide_anew(body: Any, number: str, day: date) -> None:
    """A new decision that names the one before; what was published once is published again with it."""
    body.earlier_decision_number, body.decision_number = body.decision_number, number
    body.decided_on = body.published_on = day.isoformat()


def _begin_ms(day: date) -> int:
    return int(datetime.combine(day, time.min, SHANGHAI).timestamp() * 1000)


def _digest16(content: bytes) -> bytes:
    return sha256(content).digest()[:16]
