"""Shows what is held: attachments, and those of a case."""

from collections.abc import Iterator
from contextlib import suppress

from node.core.log.attachment import references
from node.core.log.record import Record, parse_record_id, record_id
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.evidence import EvidenceStore
from node.storage.sqlite.reader import Reader
from node.stubs.evidence.v1.evidence_pb2 import (
    Attachment,
    CaseAttachment,
    Chunk,
    GetRequest,
    GetResponse,
    ShowCaseResponse,
)
from node.usecases.casework.act_record import case_subject
from node.usecases.records.prove import read_open_record
from node.usecases.records.usage import check_obtained_for, is_obtained_for


def read_evidence(reader: Reader, store: EvidenceStore, request: GetRequest) -> Iterator[GetResponse]:
    """The attachment, then its bytes from an offset on.

    Raises:
        NodeError: INVALID_ARGUMENT, NOT_FOUND, WRONG_OFFSET; POLICY_DENIED, it came from peers for other purposes.
    """
    held = store.get(request.sha256)
    _check_purpose(reader, held, request.reason.purpose)
    if request.offset > held.size:
        raise NodeError(Reason.WRONG_OFFSET, _("offset is beyond the attachment's {size} bytes", size=held.size))
    yield GetResponse(attachment=held)
    offset = request.offset
    for data in store.read(request.sha256, offset):
        yield GetResponse(chunk=Chunk(offset=offset, data=data))
        offset += len(data)


def list_evidence(store: EvidenceStore) -> Iterator[Attachment]:
    """Every attachment held, oldest first."""
    for digest in store.digests():
        if (attachment := store.find(digest)) is not None:
            yield attachment


def show_case(reader: Reader, store: EvidenceStore, case: str, purpose: str) -> ShowCaseResponse:
    """The current records of a case that are open here, the one that opened it first, and the attachments they name.

    A record that names other cases too (receipts of several acts) is left out: a case bundle changes hands.

    Raises:
        NodeError: INVALID_ARGUMENT or NOT_FOUND (the case), POLICY_DENIED, it was obtained for another purpose.
    """
    current = _current(reader, case, purpose)
    naming: dict[str, list[str]] = {}
    for name, record in current.items():
        for reference in references(record):
            naming.setdefault(reference.sha256, []).append(name)
    attachments = [
        CaseAttachment(sha256=digest, records=records, attachment=store.find(digest))
        for digest, records in naming.items()
    ]
    return ShowCaseResponse(records=list(current), attachments=attachments)


def _current(reader: Reader, case: str, purpose: str) -> dict[str, Record]:
    """The current open records of a case, by their ids."""
    city, index = parse_record_id(case)
    opening = reader.origin(city)
    check_obtained_for(opening, purpose)
    records: dict[str, Record] = {}
    # What opened the case may have stayed with its city, which drafted there; what it sent is here.
    with suppress(NodeError):
        records[case] = read_open_record(reader, opening, index)
    origins = {origin.number: origin for origin in reader.origins()}
    subject = case_subject(case)
    for number, record in reader.by_subject(subject):
        named = {each for each in record.header.subjects if each.startswith(case_subject(""))}
        if named == {subject} and is_obtained_for(origins[number], purpose):
            records[record_id(origins[number].city, record.index)] = record
    if not records:
        raise NodeError(Reason.NOT_FOUND, _("no case {case} on this node, or it was retracted", case=case))
    return records


def _check_purpose(reader: Reader, held: Attachment, purpose: str) -> None:
    origins = [reader.origin(parse_record_id(record)[0]) for record in held.records]
    if origins and not held.handed_in and not any(is_obtained_for(origin, purpose) for origin in origins):
        raise NodeError(
            Reason.POLICY_DENIED,
            _("this attachment was not obtained for the purpose {purpose!r}", purpose=purpose[:80]),
        )
