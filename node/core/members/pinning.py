"""What a client pins of its node, and how a failed connection says which side refused whose certificate."""

import re
from collections.abc import Iterable

from node.core.members.federation import PinnedCertificate, parse_certificate
from node.messages import _

MAX_CERTIFICATES = 16
"""That a client takes over: a card names one or two."""

_PEM = re.compile(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)

# gRPC has no status for a refused handshake. A server that refuses a client's certificate closes the connection before
# its first frame ("failed to connect ... Socket closed"; a server that is not there reads "Connection refused").
_THEY_REFUSED = re.compile(r"failed to connect to all addresses.*Socket closed", re.DOTALL)
_WE_REFUSED = re.compile(r"[Hh]andshake failed|CERTIFICATE_VERIFY_FAILED|[Vv]erification [Cc]heck failed")
THEY_REFUSED = _(
    "the other side refused our certificate in the TLS handshake: the certificate is unknown there (client removed, or"
    " card not taken over), expired or not yet valid"
)
WE_REFUSED = _(
    "this side refused the other's certificate in the TLS handshake: the certificate is not pinned here (server.crt of"
    " an identity, or the card of a city), expired or not yet valid; after `gongzhi key rotate --tls` there, `gongzhi"
    " client server-cert` prints the new server.crt"
)


def tls_refusal(details: str) -> str | None:
    """Who refused whom, from the details of a gRPC status UNAVAILABLE; None where no handshake was refused."""
    if _WE_REFUSED.search(details):
        return WE_REFUSED
    return THEY_REFUSED if _THEY_REFUSED.search(details) else None


def parse_server_certificates(text: str) -> tuple[PinnedCertificate, ...]:
    """The certificates of a `server.crt`.

    Raises:
        NodeError: INVALID_KEY, one of them is none.
    """
    return tuple(parse_certificate(pem) for pem in _PEM.findall(text))


def format_server_certificates(certificates: Iterable[PinnedCertificate]) -> str:
    """The text that `parse_server_certificates` reads."""
    return "".join(certificate.pem for certificate in certificates)


def fingerprints(certificates: Iterable[PinnedCertificate]) -> list[bytes]:
    """As `Follow` carries them."""
    return [bytes.fromhex(certificate.fingerprint) for certificate in certificates]


def next_pins(pinned: Iterable[PinnedCertificate], announced: Iterable[str]) -> tuple[PinnedCertificate, ...]:
    """What to pin from now on; empty where nothing changes.

    Args:
        pinned: So far.
        announced: PEM, from a node that showed one of `pinned`.

    Raises:
        NodeError: INVALID_KEY, something announced is no certificate.
    """
    new = tuple(parse_certificate(pem) for pem in list(announced)[:MAX_CERTIFICATES])
    return (
        ()
        if {certificate.fingerprint for certificate in new} == {certificate.fingerprint for certificate in pinned}
        else new
    )
