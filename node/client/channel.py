"""Channels over mutual TLS on which only the holder of a pinned certificate answers (see `node.rpc.tls`)."""

import os
from collections.abc import Iterable
from datetime import UTC, datetime

import grpc

from node.core.law.calendar import legal_date
from node.core.members.federation import Member, PinnedCertificate, ended_at, server_name
from node.errors import NodeError, Reason, TransientError
from node.folder.identity import Identity
from node.folder.keyfile import TlsIdentity
from node.messages import _

MAX_MESSAGE_BYTES = 8 * 1024 * 1024
_KEEPALIVE_TIMEOUT_MS = 10_000

# The core of gRPC writes lines of C++ to standard error; what failed is in the status of the call.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
# gRPC for Python has no setting for the least version of TLS. This variable of its core names the cipher suites of
# TLS 1.2, not those of 1.3 (BoringSSL, `SSL_CTX_set_cipher_list`): one that needs a pre-shared key, which nobody here
# has, leaves no way to speak 1.2. The core reads it once, before the first listener or channel.
os.environ["GRPC_SSL_CIPHER_SUITES"] = "ECDHE-PSK-CHACHA20-POLY1305"


def pem_roots(certificates: Iterable[PinnedCertificate]) -> bytes:
    """The certificates as the roots of a channel or listener, each once."""
    return "".join({cert.fingerprint: cert.pem for cert in certificates}.values()).encode()


def pinned_channel(
    address: str,
    identity: TlsIdentity,
    city: str,
    certificates: Iterable[PinnedCertificate],
    max_message_bytes: int = MAX_MESSAGE_BYTES,
    keepalive_s: int | None = None,
) -> grpc.Channel:
    """A channel on which only a holder of one of the pinned `certificates` of `city` answers.

    Args:
        address: host:port.
        identity: What this side presents.
        city: Whose node it is.
        certificates: Of which it must hold one.
        max_message_bytes: Largest message in either direction.
        keepalive_s: How often a node that says nothing during a call is asked whether it is still there.
    """
    credentials = grpc.ssl_channel_credentials(pem_roots(certificates), identity.key_pem, identity.cert_pem)
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
    if keepalive_s is not None:
        options.append(("grpc.keepalive_time_ms", keepalive_s * 1000))
        options.append(("grpc.keepalive_timeout_ms", _KEEPALIVE_TIMEOUT_MS))
    return grpc.secure_channel(address, credentials, options)


def peer_channel(identity: TlsIdentity, member: Member, max_message_bytes: int = MAX_MESSAGE_BYTES) -> grpc.Channel:
    """A channel to a member's exchange listener."""
    return pinned_channel(member.address, identity, member.city, member.tls_certs, max_message_bytes)


def explain_refusal(error: NodeError, member: Member, identity: TlsIdentity) -> None:
    """Says of a refused handshake with a member which side's certificate has ended, where one has.

    Raises:
        TransientError: TLS_REFUSED, with the day.
    """
    if error.reason is not Reason.TLS_REFUSED:
        return
    now = datetime.now(UTC)
    if end := ended_at([identity.certificate], now):
        text = _("this node's own certificate ended on {day}: gongzhi key rotate --tls", day=legal_date(end))
        raise TransientError(Reason.TLS_REFUSED, text) from None
    if end := ended_at(member.tls_certs, now):
        text = _(
            "the certificate of {city} ended on {day}: add its new card with gongzhi federation add",
            city=member.city,
            day=legal_date(end),
        )
        raise TransientError(Reason.TLS_REFUSED, text) from None


def identity_channel(identity: Identity, listener: str, keepalive_s: int | None = None) -> grpc.Channel:
    """A client's channel to a listener ("intake", "control" or "query") of its own node.

    Raises:
        NodeError: PERMISSION_DENIED, a client of this kind is not answered there.
    """
    address = identity.address(listener)
    return pinned_channel(address, identity.tls, identity.city, identity.server_certs, keepalive_s=keepalive_s)
