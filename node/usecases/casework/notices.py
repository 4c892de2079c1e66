"""What a node itself says in a case: receipts to those who sent an act, reminders of time limits for its officers."""

from __future__ import annotations  # the stub's ValueType is for the type checker alone

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from hashlib import sha256

from node.core.law.calendar import SHANGHAI
from node.core.law.deadlines import State
from node.core.log.record import Record, parse_record_id
from node.core.members.actor import Actor
from node.core.standards import standard as standards
from node.core.workflow.facts import city_of
from node.core.workflow.timing import Timer
from node.ports import Clock
from node.storage.sqlite.log import OWN, AppendOutcome, Entry, KnownAs
from node.storage.sqlite.store import Store
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.notice_pb2 import (
    NOTICE_KIND_OPENED,
    NOTICE_KIND_REMINDER,
    NOTICE_KIND_STORED,
    CaseNotice,
    NoticeKind,
    Receipt,
)
from node.usecases.casework.act import Notify
from node.usecases.casework.act_record import NOTICE, RECEIPTS, ActRecord, read, workflow_subject
from node.usecases.casework.case_file import PURPOSE, CaseFile
from node.usecases.casework.case_index import CaseIndex

_BASIS = "六市协作约定"
_SOURCE = "node"
# A notice is said once; the key tells which, so its content never differs.
_ONCE = bytes(16)
_NEAR_DAYS = 2
_HOUR_MS = 3_600_000
RECEIPTS_PER_HOUR = 500
"""Acts of one other city that this one acknowledges; a member that opens cases without end waits."""
RECEIPTS_PER_NOTICE = 200
"""Receipts that one record holds: the first, and `more` of `CaseNotice`."""


class Notices:
    """Writes the notices of one city's node."""

    def __init__(self, store: Store, clock: Clock, notify: Notify, case_index: CaseIndex) -> None:
        self._store = store
        self._clock = clock
        self._notify = notify
        self._case_index = case_index
        # City -> how far its log was looked through; and what was true at that look.
        self._seen: dict[str, int] = {}
        self._ground: object = None
        self._change = store.newest_change()
        # City -> the hour, and how many receipts it was written in it.
        self._written: dict[str, tuple[int, int]] = {}

    def acknowledge(self) -> int:
        """Says of every act that came since the last look that it is stored here; returns how many.

        After a start it looks for acts that it has not acknowledged, and so it does for acts that come to light or to
        count only later. Of one city it says so many an hour, the others in
        the next: what a city opens without end fills no other's log. Not for two threads at once.
        """
        change, ground = self._store.newest_change(), self._case_index.repository.ground
        self._look_again(change, ground)
        sizes = {origin.city: origin.size for origin in self._store.origins() if origin.number != OWN}
        seen: dict[str, int] = {}
        acts = (act for city, size in sizes.items() for act in self._arrived(city, size, seen))
        count = self._say(self._joined(map(_receipt, acts), NOTICE_KIND_STORED))
        self._seen, self._change, self._ground = seen, change, ground
        return count

    def _look_again(self, change: int, ground: object) -> None:
        """Puts the look back to the first record that came to light since; to the start where other acts count now."""
        if ground != self._ground:
            self._seen = {}
        city_of_number = {origin.number: origin.city for origin in self._store.origins()}
        for number, index in self._store.changed(self._change, change, "widened"):
            if (city := city_of_number.get(number)) is not None:
                self._seen[city] = min(self._seen.get(city, 0), index)

    def opened(self, actor: Actor, file: CaseFile) -> int:
        """Says that an officer of this city has opened the acts of others; to each of their cities once an act."""
        known = {
            notice.body.record
            for notice in file.notices
            if notice.body.kind == NOTICE_KIND_OPENED and notice.header.city == self._store.log.city
        }
        new = [act for act in file.acts.values() if self._is_foreign(act) and act.header.id not in known]
        receipts = [_receipt(act) for act in new[:RECEIPTS_PER_HOUR]]
        if (back := file.retracted) is not None and back.header.id not in known:
            receipts.append(Receipt(case=file.id, record=back.header.id, leaf_hash=back.leaf_hash))
        return self._say(self._joined(receipts, NOTICE_KIND_OPENED, actor.id))

    def remind(self) -> int:
        """Notes in each case, once near the end and once after it, that a deadline runs that this city owes."""
        now = datetime.fromtimestamp(self._clock.now_ms() / 1000, SHANGHAI)
        due = [
            (city_of(line.id), self._reminder(line.id, timer, stage))
            for line in self._case_index.summaries()
            for timer in line.timers
            if self._store.log.city in timer.owed_by and (stage := _stage(timer, now))
        ]
        known = self._store.are_known([entry.key or b"" for _, entry in due])
        of_city: defaultdict[str, list[Entry]] = defaultdict(list)
        for (city, entry), is_known in zip(due, known, strict=True):
            if not is_known:
                of_city[city].append(entry)
        # Cases that another city opened remind so many times an hour; the others in the next.
        own = of_city.pop(self._store.log.city, [])
        return self._say([*own, *(entry for theirs in of_city.values() for entry in theirs[:RECEIPTS_PER_HOUR])])

    def _arrived(self, city: str, size: int, seen: dict[str, int]) -> Iterator[ActRecord]:
        """The acts in a peer's log, from where the last look stopped, that are not said to be stored here."""
        begin = self._seen.get(city, 0)
        hour = self._clock.now_ms() // _HOUR_MS
        written_in, written = self._written.get(city, (hour, 0))
        left = RECEIPTS_PER_HOUR - (written if written_in == hour else 0)
        while begin < size and left:
            ids = self._case_index.repository.ids_of(city, begin, size, RECEIPTS_PER_HOUR)
            known = self._store.are_known([_once(NOTICE_KIND_STORED, record) for record in ids])
            begin = parse_record_id(ids[-1])[1] + 1 if len(ids) == RECEIPTS_PER_HOUR else size
            for arrived, is_said in zip(ids, known, strict=True):
                if is_said or (act := self._case_index.repository.act(arrived)) is None:
                    continue
                if not left:
                    begin = parse_record_id(arrived)[1]
                    break
                left -= 1
                yield act
        self._written[city] = hour, RECEIPTS_PER_HOUR - left
        seen[city] = begin

    def _is_foreign(self, act: ActRecord) -> bool:
        return act.header.city != self._store.log.city

    def _joined(self, receipts: Iterable[Receipt], kind: NoticeKind.ValueType, officer: str = "") -> Iterator[Entry]:
        """Notices of receipts, each for the one city whose acts it acknowledges: nobody else sees of which cases."""
        of_city: defaultdict[str, list[Receipt]] = defaultdict(list)
        for receipt in receipts:
            of_city[city_of(receipt.record)].append(receipt)
        for city, of_one in of_city.items():
            for begin in range(0, len(of_one), RECEIPTS_PER_NOTICE):
                first, *more = joined = of_one[begin : begin + RECEIPTS_PER_NOTICE]
                notice = CaseNotice(
                    case=first.case,
                    kind=kind,
                    record=first.record,
                    leaf_hash=first.leaf_hash,
                    officer=officer,
                    more=more,
                )
                yield self._entry(notice, [city], *(_once(kind, receipt.record) for receipt in joined))

    def _reminder(self, case: str, timer: Timer, stage: str) -> Entry:
        due = timer.deadline.due.isoformat() if timer.deadline and timer.deadline.due else ""
        notice = CaseNotice(case=case, kind=NOTICE_KIND_REMINDER, record=timer.act_id, rule=timer.rule, due=due)
        return self._entry(notice, [], _once(NOTICE_KIND_REMINDER, timer.act_id, timer.rule, due, stage))

    def _entry(self, notice: CaseNotice, audience: Sequence[str], *keys: bytes) -> Entry:
        standard, now_ms = standards.get(NOTICE), self._clock.now_ms()
        header = Header(
            standard=standard.name,
            version=standard.version,
            city=self._store.log.city,
            subjects=[*dict.fromkeys(standard.subjects(notice)), workflow_subject(NOTICE)],
            issued_at_ms=now_ms,
            as_of_ms=now_ms,
            audience=audience,
            purpose=PURPOSE,
            legal_basis=_BASIS,
            source=_SOURCE,
        )
        key, *more_keys = keys
        return Entry.of(header, standard.split(notice.SerializeToString()), key, _ONCE, more_keys)

    def _say(self, notices: Iterable[Entry]) -> int:
        entries = list(notices)
        if not entries:
            return 0
        placed = self._store.append(entries).result()
        kept = [entry for entry, place in zip(entries, placed, strict=True) if place.outcome is AppendOutcome.ACCEPTED]
        if cities := {city for entry in kept for city in entry.shared.common.audience}:
            self._notify(cities)
        return sum(len(entry.keys) for entry in kept)


def receipts_known_as(record: Record) -> KnownAs:
    """By what the own log knows a notice of receipts; by nothing where it is no such notice, or its body is hidden."""
    notice = read(record).notice
    if notice is None or notice.body.kind not in RECEIPTS:
        return KnownAs()
    body = notice.body
    records = (body.record, *(receipt.record for receipt in body.more))
    return KnownAs([_once(body.kind, record) for record in records], _ONCE)


def _receipt(act: ActRecord) -> Receipt:
    return Receipt(case=act.fact.case, record=act.header.id, leaf_hash=act.leaf_hash)


def _once(kind: NoticeKind.ValueType, *what: str) -> bytes:
    """The key of a notice, by which it is said once."""
    return sha256("\0".join((NOTICE, str(kind), *what)).encode()).digest()[:16]


def _stage(timer: Timer, now: datetime) -> str:
    """Why a deadline asks for attention: near or over; empty where it does not."""
    reading = timer.read(now)
    if reading is None:
        return ""
    if reading.state is State.OVERDUE and timer.deadline is not None and timer.deadline.stopped is None:
        return "over"
    is_near = reading.state is State.RUNNING and reading.days_left is not None and reading.days_left <= _NEAR_DAYS
    return "near" if is_near else ""
