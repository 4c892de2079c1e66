"""Who calls: the pinned certificate behind a connection, looked up anew for every call."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

import grpc

from node.core.members.clients import Kind
from node.core.members.federation import PinnedCertificate
from node.core.members.officers import Account
from node.errors import NodeError, Reason
from node.folder.trust import Trust, Trusted
from node.messages import _
from node.rpc.services import SERVICE_KINDS, SERVICE_ROLES

_ATTRIBUTE = "gongzhi_principal"


class Principal(NamedTuple):
    """A caller. `name` is the city of a peer, the client's name otherwise; `account` that of an officer or platform."""

    kind: Kind
    name: str
    account: Account | None = None

    @property
    def key(self) -> bytes:
        """What tells it from every other caller, whatever its account may do."""
        return f"{self.kind}:{self.name}".encode()


class _Pinned(NamedTuple):
    principal: Principal
    not_before_s: float
    not_after_s: float


class Principals:
    """Finds the principal of a certificate. The answer follows the federation and clients files within a second."""

    def __init__(self, trust: Trust, clock: Callable[[], float] = time.time) -> None:
        self._trust = trust
        self._clock = clock
        self._followed = trust.current()
        self._pinned = _pin_all(self._followed, trust.city)

    def resolve(self, pem: bytes) -> Principal:
        """The principal that presented the certificate `pem`; a dictionary look-up for one seen before.

        Raises:
            NodeError: UNAUTHENTICATED, it is not pinned (any more), or not in its term.
        """
        trusted = self._trust.current()
        if trusted is not self._followed:
            self._pinned, self._followed = _pin_all(trusted, self._trust.city), trusted
        pinned = self._pinned.get(pem)
        if pinned is None:
            raise NodeError(Reason.UNAUTHENTICATED, _("certificate not pinned here, or no longer"))
        if not pinned.not_before_s <= self._clock() <= pinned.not_after_s:
            raise NodeError(Reason.UNAUTHENTICATED, _("certificate expired or not yet valid"))
        return pinned.principal


def _pin_all(trusted: Trusted, city: str) -> dict[bytes, _Pinned]:
    # gRPC shows a certificate as PEM. DER has one PEM form, the one `parse_certificate` keeps, so the text itself
    # identifies the certificate as surely as the fingerprint does.
    owners = [
        *((Principal(Kind.PEER, member.city), member.tls_certs) for member in trusted.federation.peers_of(city)),
        *(
            (Principal(client.kind, client.name, client.account), client.tls_certs)
            for client in trusted.clients.clients
        ),
    ]
    return {cert.pem.encode(): _pin(owner, cert) for owner, certs in owners for cert in certs}


def _pin(principal: Principal, certificate: PinnedCertificate) -> _Pinned:
    return _Pinned(principal, certificate.not_before.timestamp(), certificate.not_after.timestamp())


def presented_certificate(context: grpc.ServicerContext) -> bytes:
    """The certificate that the caller showed in the handshake, as PEM.

    Raises:
        NodeError: UNAUTHENTICATED, it showed none.
    """
    # The stubs do not know that the values are sequences.
    presented = cast(Mapping[str, Sequence[bytes]], context.auth_context()).get("x509_pem_cert")
    if not presented:
        raise NodeError(Reason.UNAUTHENTICATED, _("no client certificate"))
    return presented[0]


def authorize(context: grpc.ServicerContext, caller: Principal, service: str) -> None:
    """Lets a known caller use a service, and keeps who calls with the call, for `principal`.

    Raises:
        NodeError: PERMISSION_DENIED, the service is not for clients of this kind, or not for officers of this role.
    """
    kinds = SERVICE_KINDS.get(service, frozenset())
    if caller.kind not in kinds:
        name, whom = service.rpartition(".")[2], sorted(kinds) or _("nobody")
        raise NodeError(
            Reason.PERMISSION_DENIED,
            _("{name} is for {whom}; this certificate is of kind {kind}", name=name, whom=whom, kind=caller.kind),
        )
    roles = SERVICE_ROLES.get(service)
    if roles and caller.account and caller.kind is Kind.OFFICER and roles.isdisjoint(caller.account.roles):
        raise NodeError(
            Reason.PERMISSION_DENIED, _("only officers with role {roles} may use this service", roles=sorted(roles))
        )
    setattr(context, _ATTRIBUTE, caller)


def caller_of(context: grpc.ServicerContext) -> str:
    """Who calls, for logs: kind and name; "unknown" where no certificate was known."""
    caller: Principal | None = getattr(context, _ATTRIBUTE, None)
    return f"{caller.kind}:{caller.name}" if caller else "unknown"


def principal(context: grpc.ServicerContext) -> Principal:
    """Who calls, as `authorize` found it."""
    caller: Principal = getattr(context, _ATTRIBUTE)
    return caller
