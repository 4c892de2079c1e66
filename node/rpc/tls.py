"""Mutual TLS with pinned self-signed certificates: no authority, a peer is who its fingerprint says.

Roots are the pinned certificates themselves. They are no authorities (CA:FALSE), so a member cannot sign for another;
an unknown or expired certificate is refused in the handshake, before any byte of a request. Who a pinned certificate
belongs to, and whether it still does, is decided for every call by `principal`.
"""

from collections.abc import Callable
from typing import cast

import grpc

from node.client.channel import pem_roots
from node.folder.trust import Trust, Trusted

HANDSHAKE_S = 10
MAX_CONNECTIONS = 256
"""Of one listener. Each is an open file, and a stranger needs no certificate to hold it until the handshake ends: three
listeners leave room for the databases among the usual 1,024 files of a process."""

MAX_STREAMS = 100
"""Calls of one connection that have not ended, answered or not. gRPC takes in any number: a caller who sends thousands
without reading would have them all wait in memory, and others behind them."""

IDLE_S = 300
"""A connection without a call is closed: its caller connects again at the next one, and others find room meanwhile."""
KEEPALIVE_S = 60
"""How often a caller who says nothing is asked whether it is still there; who went without a word holds no stream."""


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
    roots = pem_roots([identity.certificate, *peers, *clients])
    return grpc.ssl_server_certificate_configuration([(identity.key_pem, identity.cert_pem)], roots)


def server_options(max_message_bytes: int, *, is_shared: bool = False) -> list[tuple[str, int]]:
    """Options of every listener: no message beyond the limit, nobody who stays for nothing.

    Args:
        max_message_bytes: In either direction.
        is_shared: Whether other processes listen at the same address, which the supervisor holds for them.
    """
    return [
        ("grpc.so_reuseport", int(is_shared)),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_S * 1000),
        ("grpc.max_allowed_incoming_connections", MAX_CONNECTIONS),
        ("grpc.max_concurrent_streams", MAX_STREAMS),
        ("grpc.max_connection_idle_ms", IDLE_S * 1000),
        ("grpc.keepalive_time_ms", KEEPALIVE_S * 1000),
        ("grpc.max_receive_message_length", max_message_bytes),
        ("grpc.max_send_message_length", max_message_bytes),
    ]
