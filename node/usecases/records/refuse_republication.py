"""Refuses rows that would put on a list again who had left it: it takes a new decision (order 44; order 107)."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from google.protobuf.message import Message

from node.core.law.calendar import legal_day
from node.core.log.body import read_body
from node.core.log.trusted_log import MAX_TREE_SIZE
from node.core.screening import LISTS, has_ended, listing_of, marks
from node.core.standards.validation import Finding
from node.messages import _
from node.ports import Clock
from node.storage.sqlite.log import OWN
from node.storage.sqlite.store import Store
from node.stubs.record.v1.record_pb2 import Header

_ENDED = Finding(
    "decision_number",
    "listing_republished",
    _("this listing ended or was retracted: a new listing needs a new decision"),
)
_OVER = Finding("until", "listing_term_over", _("the term is over: expired listings are not published"))
_UNKNOWN = Finding(
    "earlier_decision_number", "earlier_decision_unknown", _("no listing of this party by this decision has ended")
)


class Republication:
    """Knows what had ended: by mark where it was retracted, by its own term where that is still to come."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def findings(self, name: str, body: Message) -> list[Finding]:
        """Why a row of the standard `name` may not be published; also a corrected row, as it says the same decision."""
        if name not in LISTS or body.act.case:  # type: ignore[attr-defined]
            return []
        day = legal_day(self._clock.now_ms())
        return list(self._findings(name, body, day))

    def findings_of_act(self, name: str, body: Message) -> list[Finding]:
        """Why an act may not put a party on the list: its term is over, or a listing by its number had ended."""
        decided: Any = type(body)()
        decided.CopyFrom(body)
        if decided.act.case and decided.act.document_number:
            decided.decision_number = decided.act.document_number
        decided.ClearField("act")
        if hasattr(decided, "earlier_decision_number"):
            decided.ClearField("earlier_decision_number")
        return list(self._findings(name, decided, legal_day(self._clock.now_ms())))

    def _findings(self, name: str, body: Any, day: date) -> Iterator[Finding]:
        until = listing_of(name, body).until
        if until and until < day.isoformat():
            yield _OVER
        if self._has_ended(name, body, day):
            yield _ENDED
        if getattr(body, "earlier_decision_number", ""):
            earlier: Any = type(body)()
            earlier.CopyFrom(body)
            earlier.decision_number = body.earlier_decision_number
            if not self._has_ended(name, earlier, day):
                yield _UNKNOWN

    def _has_ended(self, name: str, body: Any, day: date) -> bool:
        """Whether the listing was retracted, or stands in the log with its last day behind it."""
        wanted = marks(self._store.log.city, name, body)
        if self._store.are_ended(wanted):
            return True
        now_ms = self._clock.now_ms()
        return any(
            set(wanted) & set(marks(header.city, name, other))
            and has_ended(listing_of(name, other), header, day, now_ms)
            for mark in wanted
            for header, other in self._current(name, mark.rpartition("\0")[2])
        )

    def _current(self, name: str, subject: str) -> Iterator[tuple[Header, Any]]:
        for record in self._store.subject_records(subject, OWN, 0, MAX_TREE_SIZE):
            if record.header.standard == name and subject in record.header.subjects:
                yield record.header, read_body(record)
