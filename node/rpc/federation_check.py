"""Does this node's federation hold together: its own keys against its card, and a handshake with each member."""

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped,unused-ignore]

from node.config import Config
from node.core.federation import Member
from node.errors import NodeError, Reason
from node.rpc.status import error_from_rpc
from node.rpc.tls import peer_channel
from node.storage.files import load_federation
from node.storage.keyfile import Passphrase, TlsIdentity, load_log_key, load_tls_identity, load_witness_key


def check_own(config: Config, passphrase: Passphrase) -> list[str]:
    """What is wrong between this node's keys and its own card, a line each.

    Raises:
        NodeError: A file cannot be read, or this node is not on the federation file.
    """
    own = load_federation(config.federation).member(config.city)
    findings = []
    if load_log_key(config.log_key, passphrase).key not in own.log_keys:
        findings.append(f"{config.city}: the log key in use is not on this node's card")
    if load_tls_identity(config.tls_identity, passphrase).certificate not in own.tls_certs:
        findings.append(f"{config.city}: the certificate in use is not on this node's card")
    if not config.witness_key.exists():
        findings.append(f"{config.city}: no witness key, so it cosigns no checkpoint: gongzhi key rotate --witness")
    elif load_witness_key(config.witness_key, passphrase).key not in own.witness_keys:
        findings.append(f"{config.city}: the witness key in use is not on this node's card")
    return findings


def probe(identity: TlsIdentity, member: Member, timeout_s: float) -> NodeError | None:
    """Shakes hands with a member and asks for its health; the error where that fails."""
    with peer_channel(identity, member) as channel:
        try:
            stub = health_pb2_grpc.HealthStub(channel)
            answer = stub.Check(health_pb2.HealthCheckRequest(), timeout=timeout_s)  # type: ignore[attr-defined]
        except grpc.RpcError as error:
            return error_from_rpc(error)
    if answer.status != health_pb2.HealthCheckResponse.SERVING:
        return NodeError(Reason.UNAVAILABLE, "it answers, but does not serve")
    return None
