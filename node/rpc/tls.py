"""Mutual TLS with pinned self-signed certificates: no authority, a peer is who its fingerprint says.

Roots are the pinned certificates themselves. They are no authorities (CA:FALSE), so a member cannot sign for another;
an unknown or expired certificate is refused in the handshake, before any byte of a request. Who a pinned certificate
belongs to, and whether it still does, is decided for every call by `principal`.
"""

import os
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import cast

import grpc

from node.core.law.calendar import legal_date
from node.core.members.federation import Member, PinnedCertificate, ended_at, server_name
from node.errors import NodeError, Reason, TransientError
from node.folder.identity import Identity
from node.folder.keyfile import TlsIdentity
from node.folder.trust import Trust, Trusted

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
HANDSHAKE_S = 10
MAX_CONNECTIONS = 256
"""Of one listener. Each is an open file, and a stranger needs no certificate to hold it until the handshake ends: three
listeners leave room for the databases among the usual 1,024 files of a process."""

IDLE_S = 300
"""A connection without a call is closed: its caller connects again at the next one, and others find room meanwhile."""
KEEPALIVE_S = 60
"""How often a caller who says nothing is asked whether it is still there; who went without a word holds no stream."""

# The core of gRPC writes lines of C++ to standard error; what failed is in the status of the call.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
# gRPC for Python has no setting for the least version of TLS. This variable of its core names the cipher suites of
# TLS 1.2, not those of 1.3 (BoringSSL, `SSL_CTX_set_cipher_list`): one that needs a pre-shared key, which nobody here
# has, leaves no way to speak 1.2. The core reads it once, before the first listener or channel.
os.environ["GRPC_SSL_CIPHER_SUITES"] = "ECDHE-PSK-CHACHA20-POLY1305"


def server_credentials(trust: Trust) -> grpc.ServerCredentials:
    """Credentials that follow `trust`: a new connection meets the certificates that are pinned then.

    Whoever connects, known or not, makes the node look at the dates of three files; it reads one only after a change.
    """
    configured = trust.current()

    def fetch() -> grpc.ServerCertificateConfiguration | None:
        nonlocal configured
        now = trust.newest()
        if now is configured:
            return None
        configured = now
        return _configuration(now)

    # The stubs do not know that None means "as before".
    fetcher = cast(Callable[[], grpc.ServerCertificateConfiguration], fetch)
    return grpc.dynamic_ssl_server_credentials(_configuration(configured), fetcher, require_client_authentication=True)


def _configuration(trusted: Trusted) -> grpc.ServerCertificateConfiguration:
    peers = [cert for member in trusted.federation.members for cert in member.tls_certs]
    clients = [cert for client in trusted.clients.clients for cert in client.tls_certs]
    identity = trusted.identity
    # The node's own certificate keeps the list from being empty, which gRPC would take for the system's authorities.
    roots = _bundle([identity.certificate, *peers, *clients])
    return grpc.ssl_server_certificate_configuration([(identity.key_pem, identity.cert_pem)], roots)


def _bundle(certificates: Iterable[PinnedCertificate]) -> bytes:
    return "".join({cert.fingerprint: cert.pem for cert in certificates}.values()).encode()


def server_options(max_message_bytes: int) -> list[tuple[str, int]]:
    """Options of every listener: one process a port, no message beyond the limit, nobody who stays for nothing."""
    return [
        ("grpc.so_reuseport", 0),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_S * 1000),
        ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
        ("grpc.max_connection_idle_ms", IDLE_S * 1000),
        ("grpc.keepalive_time_ms", KEEPALIVE_S * 1000),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
    ]


def channel(
    address: str,
    identity: TlsIdentity,
    city: str,
    certificates: Iterable[PinnedCertificate],
    max_message_bytes: int = MAX_MESSAGE_BYTES,
) -> grpc.Channel:
    """A channel on which only a holder of one of the pinned `certificates` of `city` answers.

    Args:
        address: host:port.
        identity: What this side presents.
        city: Whose node it is.
        certificates: Of which it must hold one.
        max_message_bytes: Largest message in either direction.
    """
    credentials = grpc.ssl_channel_credentials(_bundle(certificates), identity.key_pem, identity.cert_pem)
    options = [
        ("grpc.ssl_target_name_override", server_name(city)),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
        # The caller backs off by itself, and a channel made after a change of keys must shake hands anew.
        ("grpc.enable_retries", 0),
        # A member is reached at its address, not through whatever http_proxy says.
        ("grpc.enable_http_proxy", 0),
        ("grpc.use_local_subchannel_pool", 1),
    ]
    return grpc.secure_channel(address, credentials, options)


def peer_channel(identity: TlsIdentity, member: Member, max_message_bytes: int = MAX_MESSAGE_BYTES) -> grpc.Channel:
    """A channel to a member's exchange listener."""
    return channel(member.address, identity, member.city, member.tls_certs, max_message_bytes)


def explain_refusal(error: NodeError, member: Member, identity: TlsIdentity) -> None:
    """Says of a refused handshake with a member which side's certificate has ended, where one has.

    Raises:
        TransientError: TLS_REFUSED, with the day.
    """
    if error.reason is not Reason.TLS_REFUSED:
        return
    now = datetime.now(UTC)
    if end := ended_at([identity.certificate], now):
        text = f"this node's own certificate ended on {legal_date(end)}: gongzhi key rotate --tls"
        raise TransientError(Reason.TLS_REFUSED, text) from None
    if end := ended_at(member.tls_certs, now):
        text = f"the certificate of {member.city} ended on {legal_date(end)}: gongzhi federation add its new card"
        raise TransientError(Reason.TLS_REFUSED, text) from None


def identity_channel(identity: Identity, service: str, max_message_bytes: int = MAX_MESSAGE_BYTES) -> grpc.Channel:
    """A client's channel to a service ("intake", "control" or "query") of its own node.

    Raises:
        NodeError: PERMISSION_DENIED, a client of this kind is not answered there.
    """
    return channel(identity.address(service), identity.tls, identity.city, identity.server_certs, max_message_bytes)
