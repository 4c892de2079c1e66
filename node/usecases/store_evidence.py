"""Takes in an attachment, chunk by chunk."""

from collections.abc import Iterator

from node.core.attachment import check_digest, check_extraction, check_name
from node.errors import NodeError, Reason
from node.evidence.v1.evidence_pb2 import Announcement, Attachment, PutRequest, PutResponse
from node.storage.evidence import EvidenceStore, Source


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
    about = _attachment(next(messages, PutRequest()).announcement)
    source = Source(by)
    if store.find(about.sha256) is not None:
        yield PutResponse(held=about.size, attachment=store.note(about, source))
        return
    with store.receiving(about.sha256, about.size) as part:
        yield PutResponse(held=part.held)
        for message in messages:
            part.write(message.chunk.offset, message.chunk.data)
        kept = store.keep(part, about, source)
    yield PutResponse(held=about.size, attachment=kept)


def _attachment(announced: Announcement) -> Attachment:
    check_digest(announced.sha256)
    check_name(announced.name)
    if not announced.size:
        raise NodeError(Reason.INVALID_FIELD, "size: an attachment has at least one byte")
    about = Attachment(sha256=announced.sha256, size=announced.size, name=announced.name)
    if announced.HasField("extraction"):
        check_extraction(announced.extraction)
        about.extractions.append(announced.extraction)
    return about
