"""The Peer port over gRPC: raw bytes from a peer's exchange service, with a watch on its pace."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias, cast

import grpc

from node.client.channel import explain_refusal, peer_channel
from node.client.errors import error_from_rpc
from node.config import Sync as Settings
from node.core.log.record import FORMAT
from node.core.log.trusted_log import MAX_BATCH_BYTES
from node.core.members.federation import Member
from node.errors import NodeError, Reason, TransientError, TrustError
from node.folder.keyfile import TlsIdentity
from node.messages import _
from node.rpc.exchange_service import SERVICE
from node.stubs.exchange.v1.exchange_pb2 import HintRequest, HintResponse, PullRequest, ReviseRequest

# gRPC refuses what is far beyond a batch before it is in memory; the exact limit is the trust rules' to check.
_MAX_MESSAGE_BYTES = 2 * MAX_BATCH_BYTES
# How gRPC on this side says so, packed or unpacked; the same status of the peer's own making may pass.
_TOO_LARGE = "message larger than max"
_Call: TypeAlias = "grpc.UnaryUnaryMultiCallable[bytes, bytes]"
_Stream: TypeAlias = "grpc.UnaryStreamMultiCallable[Any, bytes]"


class GrpcPeer:
    """A peer's exchange service on one channel."""

    def __init__(self, channel: grpc.Channel, settings: Settings) -> None:
        self._settings = settings
        self._compare: _Call = channel.unary_unary(f"/{SERVICE}/Compare")
        self._pull: _Stream = channel.unary_stream(f"/{SERVICE}/Pull", PullRequest.SerializeToString, None)
        self._revise: _Stream = channel.unary_stream(f"/{SERVICE}/Revise", ReviseRequest.SerializeToString, None)

    def pull(self, from_size: int, known_size: int) -> Iterator[bytes]:
        """Serialised PullResponses from tree size `from_size` on."""
        request = PullRequest(
            format=FORMAT,
            from_size=from_size,
            known_size=known_size,
            purpose=self._settings.purpose,
            legal_basis=self._settings.legal_basis,
        )
        return self._stream(self._pull(request))

    def revise(self, from_index: int, upto_size: int, held_grant: str) -> Iterator[bytes]:
        """Serialised ReviseResponses for [from_index, upto_size)."""
        request = ReviseRequest(
            from_index=from_index,
            upto_size=upto_size,
            held_grant=held_grant,
            purpose=self._settings.purpose,
            legal_basis=self._settings.legal_basis,
        )
        return self._stream(self._revise(request))

    def compare(self, request: bytes) -> bytes:
        """Tells a serialised CompareRequest; returns a serialised CompareResponse."""
        try:
            return self._compare(request, timeout=self._settings.batch_timeout_s)
        except grpc.RpcError as error:
            raise error_from_rpc(error) from None

    def _stream(self, call: Any) -> Iterator[bytes]:
        watch = _Watch(call, self._settings.batch_timeout_s)
        try:
            for raw in call:
                watch.rest()
                yield raw
                watch.start()
        except grpc.RpcError as error:
            if watch.has_fired:
                raise TransientError(
                    Reason.TOO_SLOW,
                    _("no batch within {seconds:g} s", seconds=self._settings.batch_timeout_s),
                ) from None
            raise _error(error) from None
        finally:
            watch.stop()
            call.cancel()


def _error(error: grpc.RpcError) -> Exception:
    call = cast(grpc.Call, error)
    if call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED and _TOO_LARGE in (call.details() or ""):
        return TrustError(
            Reason.OVERSIZE_BATCH,
            _("message longer than {most} bytes", most=_MAX_MESSAGE_BYTES),
        )
    return error_from_rpc(error)


class _Watch:
    """Cancels a call that brings nothing for `timeout_s`; the time this side takes does not count."""

    def __init__(self, call: grpc.Call, timeout_s: float) -> None:
        self.has_fired = False
        self._call = call
        self._timeout_s = timeout_s
        self._waiting_since_s: float | None = time.monotonic()
        self._stopped = threading.Event()
        threading.Thread(target=self._run, name="pull-watch", daemon=True).start()

    def start(self) -> None:
        """Something is due."""
        self._waiting_since_s = time.monotonic()

    def rest(self) -> None:
        """Something came."""
        self._waiting_since_s = None

    def stop(self) -> None:
        """The call is over."""
        self._stopped.set()

    def _run(self) -> None:
        left_s = self._timeout_s
        while left_s > 0:
            if self._stopped.wait(left_s):
                return
            since_s = self._waiting_since_s
            left_s = self._timeout_s if since_s is None else since_s + self._timeout_s - time.monotonic()
        self.has_fired = True
        self._call.cancel()


@contextmanager
def connect(member: Member, identity: TlsIdentity, settings: Settings) -> Iterator[GrpcPeer]:
    """A peer for the time of one pull."""
    channel = peer_channel(identity, member, _MAX_MESSAGE_BYTES)
    try:
        yield GrpcPeer(channel, settings)
    except NodeError as error:
        explain_refusal(error, member, identity)
        raise
    finally:
        channel.close()


def hint(member: Member, identity: TlsIdentity, timeout_s: float) -> None:
    """Tells a peer that there is something new for it here.

    Raises:
        NodeError: It refused or could not be reached.
    """
    channel = peer_channel(identity, member, _MAX_MESSAGE_BYTES)
    call: grpc.UnaryUnaryMultiCallable[HintRequest, HintResponse] = channel.unary_unary(
        f"/{SERVICE}/Hint", HintRequest.SerializeToString, HintResponse.FromString
    )
    try:
        call(HintRequest(), timeout=timeout_s)
    except grpc.RpcError as failed:
        error = error_from_rpc(failed)
        explain_refusal(error, member, identity)
        raise error from None
    finally:
        channel.close()
