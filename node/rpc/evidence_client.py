"""The other side of the evidence services: a node's clients send and read attachments, a node fetches from peers."""

import queue
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

import grpc

from node.core.log.attachment import MAX_CHUNK_BYTES
from node.core.members.federation import Member
from node.errors import Reason, TransientError
from node.folder.keyfile import TlsIdentity
from node.rpc.pace import paced
from node.rpc.status import error_from_rpc
from node.rpc.tls import peer_channel
from node.stubs.evidence.v1 import evidence_pb2 as evidence
from node.stubs.evidence.v1.evidence_pb2_grpc import EvidenceExchangeServiceStub, EvidenceServiceStub

Progress = Callable[[int], None]


def put(
    stub: EvidenceServiceStub, announcement: evidence.Announcement, source: BinaryIO, report: Progress
) -> evidence.Attachment:
    """Sends what the node does not hold yet of a file.

    Args:
        stub: Of the own node.
        announcement: Of the file.
        source: The file, seekable.
        report: Called with the bytes that were handed to gRPC so far.

    Raises:
        grpc.RpcError: What the node answered.
        NodeError: INCOMPLETE, the node ended the stream without an answer.
    """
    begin: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    answers = stub.Put(_requests(announcement, source, begin, report))
    try:
        for answer in answers:
            if answer.HasField("attachment"):
                return answer.attachment
            begin.put(answer.held)
    finally:
        begin.put(None)
    raise TransientError(Reason.INCOMPLETE, "the node ended the stream; send the file again")


def _requests(
    announcement: evidence.Announcement, source: BinaryIO, begin: "queue.SimpleQueue[int | None]", report: Progress
) -> Iterator[evidence.PutRequest]:
    yield evidence.PutRequest(announcement=announcement)
    offset = begin.get()
    if offset is None:
        return
    source.seek(offset)
    while data := source.read(MAX_CHUNK_BYTES):
        yield evidence.PutRequest(chunk=evidence.Chunk(offset=offset, data=data))
        offset += len(data)
        report(offset)


class GrpcEvidencePeer:
    """A peer's evidence exchange on one channel."""

    def __init__(self, channel: grpc.Channel, patience_s: float) -> None:
        self._stub = EvidenceExchangeServiceStub(channel)
        self._patience_s = patience_s

    def fetch(self, request: evidence.FetchRequest) -> Iterator[evidence.FetchResponse]:
        """The attachment, then its chunks.

        Raises:
            NodeError: What the peer answered, UNAVAILABLE or TOO_SLOW.
        """
        call = self._stub.Fetch(request)
        try:
            yield from paced(iter(call), lambda message: len(message.chunk.data), self._patience_s)
        finally:
            call.cancel()


@contextmanager
def evidence_peer(member: Member, identity: TlsIdentity, patience_s: float) -> Iterator[GrpcEvidencePeer]:
    """A peer for the time of one fetch."""
    channel = peer_channel(identity, member)
    try:
        yield GrpcEvidencePeer(channel, patience_s)
    finally:
        channel.close()


def explain(error: grpc.RpcError) -> str:
    """A failed call, in one line."""
    return str(error_from_rpc(error))
