"""Takes in an attachment, chunk by chunk."""

from collections.abc import Iterator

from node.core.log.attachment import check_digest, check_extraction, check_name
from node.errors import NodeError, Reason
from node.messages import _
from node.storage.sqlite.evidence import EvidenceStore, Source
from node.stubs.evidence.v1.evidence_pb2 import Announcement, Attachment, PutRequest, PutResponse

# The clock of who extracted may be a little ahead of the node's.
_SKEW_MS = 600_000


def store_evidence(store: EvidenceStore, by: str, messages: Iterator[PutRequest]) -> Iterator[PutResponse]:
    """Answers with the byte that is due, then, when the last one came and all is durable, with the attachment.

    What came of a stream that breaks off stays, unnamed, for the next one.

    Args:
        store: Keeps it.
        by: Who brings it.
        messages: An announcement, then chunks.

    Raises:
        NodeError: INVALID_ARGUMENT or INVALID_FIELD (the announcement), TOO_LARGE, WRONG_OFFSET, INCOMPLETE,
            WRONG_DIGEST, UPLOAD_UNDER_WAY or STORAGE_FULL.
    """
    about = _attachment(next(messages, PutRequest()).announcement, store.now_ms)
    source = Source(by)
    held = store.find(about.sha256)
    # What came from a peer is taken in again: who names a digest has not shown that he holds its bytes.
    if held is not None and held.handed_in:
        yield PutResponse(held=about.size, attachment=_for_submitter(about, store.note(about, source)))
        return
    with store.receiving(about.sha256, about.size) as part:
        yield PutResponse(held=part.held)
        for message in messages:
            part.write(message.chunk.offset, message.chunk.data)
        kept = store.keep(part, about, source)
    yield PutResponse(held=about.size, attachment=_for_submitter(about, kept))


def _attachment(announced: Announcement, now_ms: int) -> Attachment:
    check_digest(announced.sha256)
    check_name(announced.name)
    if not announced.size:
        raise NodeError(Reason.INVALID_FIELD, _("size: an attachment must not be empty"))
    about = Attachment(sha256=announced.sha256, size=announced.size, name=announced.name)
    if announced.HasField("extraction"):
        check_extraction(announced.extraction)
        if announced.extraction.at_ms > now_ms + _SKEW_MS:
            raise NodeError(Reason.INVALID_FIELD, _("extraction.at_ms: the extraction is dated in the future"))
        about.extractions.append(announced.extraction)
    return about


def _for_submitter(about: Attachment, kept: Attachment) -> Attachment:
    """What one who hands in learns: nothing that others said of the same bytes."""
    return Attachment(
        sha256=kept.sha256,
        sm3=kept.sm3,
        size=kept.size,
        name=about.name,
        stored_at_ms=kept.stored_at_ms,
        handed_in=True,
        extractions=about.extractions,
    )
