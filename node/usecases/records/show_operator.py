"""Shows the current records of one subject, of any standard and city, page by page."""

from node.core.log.record import record_id
from node.core.log.subjects import subject_digest
from node.core.standards.identifiers import normalise
from node.core.standards.party_key import MAX_KEY_CHARS, advice, problem_of_code
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.lookup import MAX_POSITION, Found
from node.storage.sqlite.reader import Reader
from node.storage.sqlite.tree import position
from node.stubs.query.v1.query_pb2 import Record, ShowResponse
from node.usecases.records.usage import check_obtained_for, is_obtained_for

_CODES = ("uscc", "reg")


MAX_RECORDS = 500
_USUAL_RECORDS = 100
# A page ends early rather than pass what a message may hold.
_BUDGET_BYTES = 4 * 1024 * 1024


def show_operator(reader: Reader, subject: str, purpose: str, limit: int = 0, after: int = 0) -> ShowResponse:
    """A page of the current records of a subject, the own city's first; none where none is known.

    Args:
        reader: Of the store.
        subject: `<kind>:<value>`, e.g. `uscc:914300007121944054`.
        purpose: Replicas obtained for another one are left out.
        limit: Records looked at, at most 500; 0 is 100.
        after: `next` of the page before; 0: the first.

    Raises:
        NodeError: INVALID_ARGUMENT, no subject or a code that can be nobody's; POLICY_DENIED where all there is was
            obtained for another purpose.
    """
    kind, _colon, value = subject.partition(":")
    key = f"{kind}:{normalise(value[:MAX_KEY_CHARS])}"
    if not kind or key.endswith(":") or len(value) > MAX_KEY_CHARS:
        raise NodeError(Reason.INVALID_ARGUMENT, _("write a subject as <kind>:<value>, e.g. uscc:914300007121944054"))
    origins = {origin.number: origin for origin in reader.origins()}
    rows, following = _page(reader, key, min(limit or _USUAL_RECORDS, MAX_RECORDS), after)
    rows_of_subject = [(origins[number], record) for number, record in rows if key in record.header.subjects]
    usable = [row for row in rows_of_subject if is_obtained_for(row[0], purpose)]
    if rows_of_subject and not usable:
        check_obtained_for(rows_of_subject[0][0], purpose)
    if not rows_of_subject and not following and kind in _CODES and (problem := problem_of_code(value)):
        raise NodeError(Reason.INVALID_ARGUMENT, _("{field}: {advice}", field=kind, advice=advice(problem)))
    records = [
        Record(id=record_id(origin.city, record.index), city=origin.city, view=record.run())
        for origin, record in usable
    ]
    return ShowResponse(records=records, next=following)


def _page(reader: Reader, key: str, limit: int, after: int) -> tuple[list[Found], int]:
    """The records of a page, and where to go on; 0 where there is no more."""
    rows = reader.page(subject_digest(key), min(after, MAX_POSITION) - 1, limit + 1)
    size = 0
    for count, (number, record) in enumerate(rows):
        size += record.run().ByteSize()
        if count == limit or (count and size > _BUDGET_BYTES):
            return rows[:count], position(number, record.index)
    return rows, 0
