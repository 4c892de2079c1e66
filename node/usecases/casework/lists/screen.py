"""Who of a roster is on a list that this node may see? Candidates only: an officer confirms a hit, or nobody does.

1. A key (code, licence, keyed HMAC of an ID number) leads to the current records; the header must name the key itself.
2. A replica answers only for the purpose it was obtained for (Decree 809 Art 20).
3. What this node may not read, ground and term, it does not hold against anybody.
4. Of a case the workflow says whether the party is on the list; of a record without a case its term does.
5. What had ended and was published again is no hit: it is reported.
6. A platform's list counts from the log of the city that the platform is connected to, and from no other.
7. Where nothing is found by a key that can be nobody's the entry is in doubt; without a key it was not screened.
8. A record that cannot be read may list the party, by a version not known here: it is told, and no other is held up.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, NamedTuple

from node.core.law.calendar import legal_day
from node.core.law.listing_term import RESTRICTED
from node.core.log.body import read_body
from node.core.log.staleness import is_stale
from node.core.log.subjects import subject_digest
from node.core.members.platforms import Connections
from node.core.screening import (
    LISTS,
    Key,
    Listing,
    case_of,
    is_in_force,
    is_published,
    keys_of,
    last_day_of,
    listing_acts,
    listing_of,
    marks,
    problems_of,
)
from node.core.standards.identifiers import Problem
from node.core.standards.kinds import Kind
from node.core.standards.party_key import OTHER_PURPOSE, UNREADABLE, explain
from node.errors import NodeError, Reason
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.log import OWN
from node.storage.sqlite.lookup import Found, Looked
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.store import Origin
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.screening.v1 import screening_pb2 as screening
from node.usecases.casework.case_file import CaseRepository
from node.usecases.records.usage import is_obtained_for
from node.usecases.records.verify_operator import Asker

MAX_ENTRIES = 1000
# The facet that holds ground and term, of each list.
_GROUNDS_FACET = 1
_NO_KEY = screening.Screened(result=screening.RESULT_NO_KEY, reason="key_missing")
_NO_HIT = screening.Screened(result=screening.RESULT_NO_HIT)


class Keyed(NamedTuple):
    """An entry of a roster: its keys, each with its digest, and why some can be nobody's."""

    keys: list[tuple[Key, int]]
    problems: list[Problem]


def digest_keys(entries: Sequence[screening.Entry]) -> list[Keyed]:
    """The keys to screen by, of each entry of a batch.

    Raises:
        NodeError: TOO_LARGE.
    """
    if len(entries) > MAX_ENTRIES:
        raise NodeError(
            Reason.TOO_LARGE,
            _("{count} entries in one batch; at most {limit} are allowed", count=len(entries), limit=MAX_ENTRIES),
        )
    return [
        Keyed([(key, subject_digest(key.subject)) for key in keys_of(entry)], problems_of(entry)) for entry in entries
    ]


class Record(NamedTuple):
    """A record of a list, with the facets this node may see; `body` is None where it cannot be read."""

    origin: Origin
    header: Header
    body: Any


class _Day(NamedTuple):
    now_ms: int
    day: date


class Screening:
    """Screens rosters."""

    def __init__(self, reader: Reader, clock: Clock, stale_after_ms: int, connected: Callable[[], Connections]) -> None:
        self._reader = reader
        self._clock = clock
        self._stale_after_ms = stale_after_ms
        self._connected = connected
        self._repository = CaseRepository(reader, connected)

    def screen(self, entries: Sequence[Keyed], asker: Asker) -> list[screening.Screened]:
        """Screens a batch, in order."""
        listed = self._reader.look_up_all((digest for entry in entries for _, digest in entry.keys), Kind.LISTING)
        if not listed:
            return [_with_advice(entry, _not_listed(entry)) for entry in entries]
        origins = {origin.number: origin for origin in self._reader.origins()}
        now_ms = self._clock.now_ms()
        now = _Day(now_ms, legal_day(now_ms))
        return [
            _with_advice(
                entry,
                self._screened(rows, origins, asker, now)
                if (rows := [(key, listed[digest]) for key, digest in entry.keys if digest in listed])
                else _not_listed(entry),
            )
            for entry in entries
        ]

    def _screened(
        self, rows: Sequence[tuple[Key, Looked]], origins: dict[int, Origin], asker: Asker, now: _Day
    ) -> screening.Screened:
        # A record that several keys lead to counts once, by the first of them.
        matched: dict[str, tuple[Key, Record]] = {}
        for key, looked in rows:
            for record in (opened for row in looked.rows if (opened := _open(row, key, origins)) is not None):
                if self._is_its_own(record):
                    matched.setdefault(record.header.id, (key, record))
        usable = [pair for pair in matched.values() if is_obtained_for(pair[1].origin, asker.purpose)]
        if matched and not usable:
            return _unanswered(OTHER_PURPOSE)
        readable = [pair for pair in usable if pair[1].body is not None]
        unreadable = [record for _, record in usable if record.body is None]
        answer = self._answer(readable, asker, now)
        if unreadable and not answer.hits:
            answer = _unanswered(UNREADABLE)
        if asker.is_officer:
            answer.unreadable.extend(opened.header.id for opened in unreadable)
            answer.more = any(looked.more for _, looked in rows)
        return answer

    def _answer(self, matched: Sequence[tuple[Key, Record]], asker: Asker, now: _Day) -> screening.Screened:
        answer = screening.Screened(result=screening.RESULT_NO_HIT)
        # The record that lists and the act that made it are one listing; the record stands for both.
        counted: set[tuple[str, ...]] = set()
        for key, record in sorted(matched, key=lambda pair: pair[1].body.HasField("act")):
            listing = self._in_force(record, now)
            if listing is None or listing.identity in counted:
                continue
            counted.add(listing.identity)
            if self._is_ended(record):
                # An act stands in its case whatever became of the record it made.
                is_told = asker.is_officer and not record.body.HasField("act")
                answer.republished.extend([record.header.id] if is_told else [])
            elif asker.is_officer:
                answer.hits.append(self._hit(key, listing, now))
            elif is_published(record.header.standard, listing.body, listing.state, now.day):
                answer.hits.add(list=LISTS[record.header.standard].kind, grounds=listing.body.grounds)
        if answer.hits:
            answer.result = screening.RESULT_HIT
        return answer

    def _is_its_own(self, record: Record) -> bool:
        """Rule 6."""
        if record.header.standard != "listing.platform" or record.body is None:
            return True
        name, listed_on = record.body.platform.name, legal_day(record.header.issued_at_ms)
        return self._connected().speaks_for(record.origin.city, name, listed_on)

    def _in_force(self, record: Record, now: _Day) -> "_InForce | None":
        name, header = record.header.standard, record.header
        entry, state = listing_of(name, record.body), ""
        if record.body.HasField("act"):
            file = self._repository.find(case_of(header) or header.id)
            if file is None or header.id not in [listing_act.id for listing_act in listing_acts(file.case)[-1:]]:
                return None  # it lists nobody, or another act does by now
            state, kept = file.case.state, file.case.situation.kept
            restricted = kept.get(RESTRICTED, entry.restricted_until)
            until = last_day_of(name, kept.get("until", entry.until), kept.get("listed_on", entry.since), restricted)
            entry = entry._replace(until=until)
        elif case_of(header):
            return None  # who cannot see the acts of a case cannot know where it stands
        return _InForce(record, entry, state) if is_in_force(name, entry, header, state, now.day, now.now_ms) else None

    def _is_ended(self, record: Record) -> bool:
        return self._reader.are_ended(marks(record.origin.city, record.header.standard, record.body))

    def _hit(self, key: Key, listing: "_InForce", now: _Day) -> screening.Hit:
        (origin, header, _), body = listing.record, listing.body
        return screening.Hit(
            list=LISTS[header.standard].kind,
            grounds=body.grounds,
            matched_on=key.kind,
            record_id=header.id,
            city=origin.city,
            decision_number=body.decision_number,
            since=body.since,
            until=body.until,
            state=listing.state,
            as_of_ms=header.as_of_ms or header.issued_at_ms,
            confirmed_at_ms=origin.confirmed_at_ms,
            is_stale=origin.number != OWN and is_stale(origin.confirmed_at_ms, now.now_ms, self._stale_after_ms),
        )


class _InForce(NamedTuple):
    """A listing in force; `state` of its case, empty without one."""

    record: Record
    body: Listing
    state: str

    @property
    def identity(self) -> tuple[str, ...]:
        """What the record and the acts of one listing have in common."""
        return self.record.header.standard, self.record.origin.city, self.body.decision_number, self.body.since


def _unanswered(problem: Problem) -> screening.Screened:
    screened = screening.Screened(result=screening.RESULT_UNANSWERED)
    explain(screened, [problem])
    return screened


def _not_listed(entry: Keyed) -> screening.Screened:
    return _NO_HIT if entry.keys else _NO_KEY


def _with_advice(entry: Keyed, screened_entry: screening.Screened) -> screening.Screened:
    """Rule 7: the result, with what the caller should know about its keys."""
    if not entry.problems:
        return screened_entry
    screened = screening.Screened()
    screened.CopyFrom(screened_entry)
    explain(screened, entry.problems)
    if screened_entry.result in {screening.RESULT_NO_HIT, screening.RESULT_NO_KEY}:
        screened.result = screening.RESULT_DOUBTFUL
    return screened


def _open(row: Found, key: Key, origins: dict[int, Origin]) -> Record | None:
    """The record of a list in a row, if it names the key and this node may read what the list is about."""
    number, record = row
    header = record.header
    if header.standard not in LISTS or header.retracts or key.subject not in header.subjects:
        return None
    if _GROUNDS_FACET not in record.disclosed:
        return None
    try:
        body = read_body(record)
    except NodeError:
        body = None
    return Record(origins[number], header, body)
