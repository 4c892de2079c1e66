"""Fetches attachments from a peer's evidence exchange."""

from collections.abc import Iterator
from contextlib import contextmanager

import grpc

from node.client.channel import peer_channel
from node.core.members.federation import Member
from node.folder.keyfile import TlsIdentity
from node.rpc.pace import paced
from node.stubs.evidence.v1 import evidence_pb2 as evidence
from node.stubs.evidence.v1.evidence_pb2_grpc import EvidenceExchangeServiceStub


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
