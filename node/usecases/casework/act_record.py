"""A stored record as casework reads it: its header, and the act or the notice that it is."""

from collections.abc import Iterator
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from google.protobuf.message import Message

from node.core.law.calendar import SHANGHAI, legal_date
from node.core.log.body import read_body
from node.core.log.record import Record, is_dated, is_record_id, parse_record_id
from node.core.standards import standard as standards
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.facts import ActFact
from node.core.workflow.from_record import act_fact
from node.errors import NodeError
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1.notice_pb2 import NOTICE_KIND_OPENED, NOTICE_KIND_STORED, CaseNotice, Receipt

NOTICE = "case.notice"
# Level L2: what regulators tell each other. Facts are read from facets up to it, so that every party reads the same.
_FACT_LEVEL = 2
RECEIPTS = (NOTICE_KIND_STORED, NOTICE_KIND_OPENED)
"""Kinds of notice that acknowledge acts, several in one record where they came together."""
# Records.
_REMEMBERED = 8_000


class ActRecord(NamedTuple):
    """An act as it stands in a log."""

    record: Record
    fact: ActFact

    @property
    def header(self) -> Header:
        """Of the record."""
        return self.record.header

    @property
    def body(self) -> Message:
        """Every facet this node may see, as one message; the facets of facts alone where another cannot be read."""
        try:
            return read_body(self.record)
        except NodeError:
            return read_body(self.record, fact_facets(self.header.standard, self.header.version))

    @property
    def moment(self) -> datetime:
        """When it was recorded."""
        return datetime.fromtimestamp(self.header.issued_at_ms / 1000, SHANGHAI)

    @property
    def leaf_hash(self) -> bytes:
        """Of the record in its city's log."""
        return self.record.leaf_hash


class NoticeRecord(NamedTuple):
    """What a city's node said in the case."""

    header: Header
    body: CaseNotice

    @property
    def cases(self) -> Iterator[str]:
        """The cases that it is said in."""
        yield self.body.case
        yield from (receipt.case for receipt in self.body.more)

    def in_case(self, case: str) -> Iterator["NoticeRecord"]:
        """What it says in one case, each receipt as a notice of its own.

        Joined receipts for acts of a city that the notice is not for count for nothing.
        """
        if self.body.case == case:
            yield self
        if self.body.kind in RECEIPTS:
            for receipt in self.body.more:
                if receipt.case == case and self._is_for(receipt.record):
                    yield NoticeRecord(self.header, self._alone(receipt))

    def _is_for(self, record: str) -> bool:
        return is_record_id(record) and parse_record_id(record)[0] in self.header.audience

    def _alone(self, receipt: Receipt) -> CaseNotice:
        return CaseNotice(
            case=receipt.case,
            kind=self.body.kind,
            record=receipt.record,
            leaf_hash=receipt.leaf_hash,
            officer=self.body.officer,
        )


class Read(NamedTuple):
    """A stored record: its header, and the act or the notice that it is."""

    header: Header
    act: ActRecord | None
    notice: NoticeRecord | None


@lru_cache(maxsize=_REMEMBERED)
def read(record: Record) -> Read:
    """Reads an open record. Remembered by its leaf, which never changes: a case is read anew for every act in it."""
    return Read(record.header, _read_act(record), _read_notice(record))


def _read_act(record: Record) -> ActRecord | None:
    """The act in a record; None where it holds none, hides part of it, or is not its maker's to record.

    It is not in another city's name, nor before its day has come; what it names are records, and its day can be told.
    """
    header = record.header
    if header.standard not in WORKFLOWS or header.retracts or not is_dated(header):
        return None
    try:
        fact = _read_fact(record)
    except NodeError:  # a version that this node does not know, or no such body
        return None
    if fact is None or fact.city != header.city or not all(map(is_record_id, (fact.case, *fact.follows))):
        return None
    act = ActRecord(record, fact)
    return act if fact.on <= legal_date(act.moment) else None


def _read_fact(record: Record) -> ActFact | None:
    needed = fact_facets(record.header.standard, record.header.version)
    if not needed <= record.disclosed:
        return None
    message: Any = read_body(record, needed)
    return act_fact(record.header.id, message) if message.HasField("act") else None


@cache
def fact_facets(name: str, version: int) -> frozenset[int]:
    """The numbers of the facets that facts are read from."""
    return frozenset(facet.number for facet in standards.get(name, version).facets if facet.level <= _FACT_LEVEL)


def _read_notice(record: Record) -> NoticeRecord | None:
    header = record.header
    if header.standard != NOTICE or header.retracts or not is_dated(header):
        return None
    try:
        body = read_body(record)
    except NodeError:
        return None
    return NoticeRecord(header, body) if isinstance(body, CaseNotice) else None


def workflow_subject(name: str) -> str:
    """The subject key under which every act of a workflow is indexed."""
    return f"workflow:{name}"


def case_subject(case: str) -> str:
    """The subject key of a case's acts."""
    return f"case:{case}"
