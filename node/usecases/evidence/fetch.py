"""Fetches the attachments that a peer's record names, and destroys them when the record is no more."""

from collections.abc import Generator, Iterator
from typing import Protocol

import structlog

from node.core.log.attachment import Reference, check_extraction, check_name, references
from node.core.log.record import parse_record_id
from node.errors import NodeError, Reason, TransientError
from node.messages import _
from node.storage.sqlite.evidence import EvidenceStore, Source, newest_change
from node.storage.sqlite.log import OWN
from node.storage.sqlite.reader import Reader
from node.stubs.evidence.v1.evidence_pb2 import Attachment, FetchRequest, FetchResponse, ObtainRequest, ObtainResponse
from node.usecases.records.prove import read_open_record
from node.usecases.records.usage import check_obtained_for

_log = structlog.get_logger(__name__)
# A caller hears of every 4 MiB.
_REPORT_BYTES = 4 * 1024 * 1024


class EvidencePeer(Protocol):
    """A peer's evidence exchange service, trusted by nobody."""

    def fetch(self, request: FetchRequest) -> Iterator[FetchResponse]:
        """The attachment, then its chunks; raises NodeError where the peer refuses or can't be reached."""


def obtain(
    reader: Reader, store: EvidenceStore, peer: EvidencePeer, by: str, request: ObtainRequest
) -> Iterator[ObtainResponse]:
    """Fetches what is not held yet of the attachments a replicated record names, telling how far it is.

    Args:
        reader: Holds the replica.
        store: Keeps the attachments; what came of one that breaks off stays for the next time.
        peer: The record's city.
        by: Who asks for it.
        request: The record and one of its attachments, or none for all.

    Raises:
        NodeError: NOT_FOUND, the record is not here or names no such attachment; POLICY_DENIED, it was obtained for
            another purpose; WRONG_DIGEST, the peer sent other bytes, nothing of them is kept; or what the peer met.
    """
    for reference in _wanted(reader, request):
        source = Source(by, request.record)
        about = Attachment(sha256=reference.sha256)
        if store.find(reference.sha256) is not None:
            kept = store.note(about, source)
        else:
            kept = yield from _fetch(store, peer, source, request, reference)
        if not names(reader, request.record, reference.sha256):
            # Retracted while it was on its way.
            store.forget(reference.sha256, request.record)
            raise NodeError(Reason.NOT_FOUND, _("record {record} was retracted", record=request.record))
        yield ObtainResponse(sha256=reference.sha256, held=kept.size, size=kept.size, attachment=kept)


def names(reader: Reader, record: str, digest: str) -> bool:
    """Whether a record is still open here and names an attachment."""
    city, index = parse_record_id(record)
    origin = reader.find_origin(city)
    if origin is None:
        return False
    try:
        kept = read_open_record(reader, origin, index)
    except NodeError:
        return False
    return digest in {reference.sha256 for reference in references(kept)}


class Destruction:
    """Destroys what came by records that are here no more: retracted, or no longer shared with this city."""

    def __init__(self, reader: Reader, store: EvidenceStore) -> None:
        self._reader = reader
        self._store = store
        self._seen = -1

    def run(self) -> None:
        """Looks through the attachments that came from peers, if any record changed since it last did."""
        newest = newest_change(self._reader)
        if newest != self._seen and self._destroy():
            self._seen = newest

    def _destroy(self) -> bool:
        is_done = True
        for digest, record in self._store.fetched():
            if names(self._reader, record, digest):
                continue
            try:
                self._store.forget(digest, record)
                _log.info("evidence_destroyed", record=record, sha256=digest)
            except TransientError:  # it is being brought again: its turn comes after
                is_done = False
        return is_done


def _wanted(reader: Reader, request: ObtainRequest) -> list[Reference]:
    city, index = parse_record_id(request.record)
    origin = reader.origin(city)
    if origin.number == OWN:
        raise NodeError(
            Reason.INVALID_ARGUMENT,
            _("{record} is a record of this city: no other node holds more of it", record=request.record),
        )
    check_obtained_for(origin, request.reason.purpose)
    named = references(read_open_record(reader, origin, index))
    wanted = [reference for reference in named if request.sha256 in ("", reference.sha256)]
    if not wanted:
        raise NodeError(
            Reason.NOT_FOUND,
            _("record {record} names no such attachment in the part that this node may see", record=request.record),
        )
    return wanted


def _fetch(
    store: EvidenceStore, peer: EvidencePeer, source: Source, request: ObtainRequest, reference: Reference
) -> Generator[ObtainResponse, None, Attachment]:
    offset = store.held_bytes(reference.sha256)
    messages = peer.fetch(
        FetchRequest(
            sha256=reference.sha256,
            record=request.record,
            offset=offset,
            purpose=request.reason.purpose,
            legal_basis=request.reason.legal_basis,
        )
    )
    about = _checked(next(messages, None), reference)
    with store.receiving(reference.sha256, about.size) as part:
        kept = part.held
        yield ObtainResponse(sha256=reference.sha256, held=part.held, size=about.size)
        for message in messages:
            part.write(message.chunk.offset, message.chunk.data)
            if part.held - kept >= _REPORT_BYTES:
                kept = part.held
                yield ObtainResponse(sha256=reference.sha256, held=part.held, size=about.size)
        return store.keep(part, about, source)


def _checked(first: FetchResponse | None, reference: Reference) -> Attachment:
    """What a peer says of an attachment, checked; the rest of it falls away."""
    if first is None:
        raise TransientError(Reason.INCOMPLETE, _("the peer ended the stream without sending anything"))
    offer = first.attachment
    if offer.sha256 != reference.sha256 or offer.size != (reference.size or offer.size) or not offer.size:
        raise NodeError(Reason.WRONG_DIGEST, _("the peer sent a different file than {sha256}", sha256=reference.sha256))
    check_name(offer.name)
    for extraction in offer.extractions:
        check_extraction(extraction)
    return Attachment(sha256=offer.sha256, size=offer.size, name=offer.name, extractions=offer.extractions)
