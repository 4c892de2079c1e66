"""Shares an attachment with one peer: only where a record that the peer may see names it."""

from collections.abc import Callable, Iterator

from node.core.log.attachment import check_digest, references
from node.core.log.record import Record, parse_record_id
from node.core.policy.grant import Grant
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.evidence import EvidenceStore
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.stubs.evidence.v1.evidence_pb2 import Attachment, Chunk, FetchRequest, FetchResponse
from node.usecases.exchange.versions import RecordChanges, Shown

# 16 MiB of chunks between two looks at whether the peer may still see the record.
_CHUNKS_A_LOOK = 64


def share_evidence(
    reader: Reader, store: EvidenceStore, city: str, grant: Callable[[], Grant], request: FetchRequest
) -> Iterator[FetchResponse]:
    """The attachment, then its bytes from the caller's offset on.

    The peer names the record, so one record decides, by what a pull would show the peer of it: no index of its
    own, and no second opinion on who may see what.

    Args:
        reader: Holds the own log.
        store: Holds the attachments.
        city: Slug of this city.
        grant: What the peer may see, by the policy in force when it is called.
        request: What the peer asks.

    Raises:
        NodeError: INVALID_ARGUMENT; POLICY_DENIED, also in the middle, where no record the peer may see names it;
            NOT_FOUND, it is named and not held; WRONG_OFFSET.
    """
    check_digest(request.sha256)
    _check_may_see(reader, city, grant(), request)
    held = store.get(request.sha256)
    if not held.handed_in:
        # Decree 809 Art 25: not without the consent of the city it is of.
        raise NodeError(Reason.POLICY_DENIED, _("this attachment came from another city: only that city may share it"))
    if request.offset > held.size:
        raise NodeError(Reason.WRONG_OFFSET, _("offset is beyond the attachment's {size} bytes", size=held.size))
    attachment = Attachment(
        sha256=held.sha256, sm3=held.sm3, size=held.size, name=held.name, extractions=held.extractions
    )
    yield FetchResponse(attachment=attachment)
    offset = request.offset
    for number, data in enumerate(store.read(request.sha256, offset), 1):
        yield FetchResponse(chunk=Chunk(offset=offset, data=data))
        offset += len(data)
        if number % _CHUNKS_A_LOOK == 0:
            _check_may_see(reader, city, grant(), request)


def _check_may_see(reader: Reader, city: str, grant: Grant, request: FetchRequest) -> None:
    record = _shown(reader, city, grant, request.record)
    if record is None or request.sha256 not in {reference.sha256 for reference in references(record)}:
        # One text for every case: a record withheld must not be told from one that names something else.
        raise NodeError(Reason.POLICY_DENIED, _("no record of this id that you may see names this attachment"))


def _shown(reader: Reader, city: str, grant: Grant, record: str) -> Record | None:
    """A record of this city as a pull would show it; None where it would be withheld."""
    named, index = parse_record_id(record)
    kept = reader.record(OWN, index) if named == city and index < reader.origin(city).size else None
    changes = RecordChanges(reader, index, index + 1)
    if kept is None or not kept.is_open or changes.is_retracted(index):
        return None
    facets = Shown(reader, grant).facets(kept, changes)
    return None if facets is None else kept.masked(facets)
