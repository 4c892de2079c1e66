"""Sends an attachment to the own node: from where an earlier try broke off."""

import queue
from collections.abc import Callable, Iterator
from typing import BinaryIO

from node.core.log.attachment import MAX_CHUNK_BYTES
from node.errors import Reason, TransientError
from node.messages import _
from node.stubs.evidence.v1 import evidence_pb2 as evidence
from node.stubs.evidence.v1.evidence_pb2_grpc import EvidenceServiceStub

OnProgress = Callable[[int], None]


def upload(
    stub: EvidenceServiceStub, announcement: evidence.Announcement, source: BinaryIO, on_progress: OnProgress
) -> evidence.Attachment:
    """Sends what the node does not hold yet of a file.

    Args:
        stub: Of the own node.
        announcement: Of the file.
        source: The file, seekable.
        on_progress: Called with the bytes that were handed to gRPC so far.

    Raises:
        grpc.RpcError: What the node answered.
        NodeError: INCOMPLETE, the node ended the stream without an answer.
    """
    begin: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    answers = stub.Put(_requests(announcement, source, begin, on_progress))
    try:
        for answer in answers:
            if answer.HasField("attachment"):
                return answer.attachment
            begin.put(answer.held)
    finally:
        begin.put(None)
    raise TransientError(Reason.INCOMPLETE, _("the node closed the stream; send the file again"))


def _requests(
    announcement: evidence.Announcement,
    source: BinaryIO,
    begin: "queue.SimpleQueue[int | None]",
    on_progress: OnProgress,
) -> Iterator[evidence.PutRequest]:
    yield evidence.PutRequest(announcement=announcement)
    offset = begin.get()
    if offset is None:
        return
    source.seek(offset)
    while data := source.read(MAX_CHUNK_BYTES):
        yield evidence.PutRequest(chunk=evidence.Chunk(offset=offset, data=data))
        offset += len(data)
        on_progress(offset)
