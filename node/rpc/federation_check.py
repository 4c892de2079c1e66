"""Does this node's federation hold together: a handshake with each member."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped,unused-ignore]

from node.client.channel import explain_refusal, peer_channel
from node.client.errors import error_from_rpc
from node.core.members.federation import Member
from node.errors import NodeError, Reason
from node.folder.keyfile import TlsIdentity
from node.messages import _


def probe(identity: TlsIdentity, member: Member, timeout_s: float) -> NodeError | None:
    """Shakes hands with a member and asks for its health; the error where that fails."""
    with peer_channel(identity, member) as channel:
        try:
            stub = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout_s)  # type: ignore[attr-defined]
        except grpc.RpcError as failed:
            error = error_from_rpc(failed)
            try:
                explain_refusal(error, member, identity)
            except NodeError as explained:
                return explained
            return error
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        return NodeError(Reason.UNAVAILABLE, _("the node answers but does not serve"))
    return None
