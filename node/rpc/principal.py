"""Who calls: the pinned certificate behind a connection, looked up anew for every call."""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, cast

import grpc

from node.core.clients import Kind
from node.core.federation import PinnedCertificate
from node.core.officers import Account, OfficerRole
from node.errors import NodeError, Reason
from node.storage.trust import Trust, Trusted

_ANYONE = frozenset(Kind)

SERVICE_KINDS = {
    "node.exchange.v1.ExchangeService": frozenset({Kind.PEER}),
    "node.intake.v1.IntakeService": frozenset({Kind.OFFICER, Kind.ADAPTER}),
    "node.control.v1.ControlService": frozenset({Kind.OFFICER}),
    "node.casework.v1.CaseService": frozenset({Kind.OFFICER, Kind.PLATFORM}),
    "node.evidence.v1.EvidenceService": frozenset({Kind.OFFICER, Kind.ADAPTER}),
    "node.evidence.v1.EvidenceExchangeService": frozenset({Kind.PEER}),
    "node.evidence.v1.PlatformEvidenceService": frozenset({Kind.PLATFORM}),
    "node.query.v1.QueryService": frozenset({Kind.OFFICER, Kind.ADAPTER, Kind.PLATFORM}),
    "node.screening.v1.ScreeningService": frozenset({Kind.OFFICER, Kind.ADAPTER, Kind.PLATFORM}),
    "node.trust.v1.TrustService": frozenset({Kind.OFFICER, Kind.ADAPTER, Kind.PLATFORM}),
    "grpc.health.v1.Health": _ANYONE,
    "grpc.reflection.v1alpha.ServerReflection": _ANYONE,
}
"""Who may call what; a service that is not listed answers nobody."""

_WRITERS = frozenset({OfficerRole.CASE_OFFICER, OfficerRole.APPROVER, OfficerRole.ADMIN})
SERVICE_ROLES = {
    "node.control.v1.ControlService": frozenset({OfficerRole.ADMIN}),
    "node.intake.v1.IntakeService": frozenset({OfficerRole.CLERK, *_WRITERS}),
}
"""Which officers with an account may call what; the node's own officer, who has none, calls both."""

_ATTRIBUTE = "gongzhi_principal"


class Principal(NamedTuple):
    """A caller. `name` is the city of a peer, the client's name otherwise; `account` that of an officer or platform."""

    kind: Kind
    name: str
    account: Account | None = None


class _Pinned(NamedTuple):
    principal: Principal
    not_before_s: float
    not_after_s: float


class Roster:
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
            raise NodeError(Reason.UNAUTHENTICATED, "this certificate is not, or no longer, pinned here")
        if not pinned.not_before_s <= self._clock() <= pinned.not_after_s:
            raise NodeError(Reason.UNAUTHENTICATED, "this certificate is not in its term")
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


def authenticate(context: grpc.ServicerContext, roster: Roster, service: str) -> Principal:
    """Finds who calls a service and keeps it with the call, for `principal`.

    Raises:
        NodeError: UNAUTHENTICATED, no pinned certificate in its term, or one of a kind that is not answered here;
            PERMISSION_DENIED, an officer of no role for this service.
    """
    # The stubs do not know that the values are sequences.
    presented = cast(Mapping[str, Sequence[bytes]], context.auth_context()).get("x509_pem_cert")
    if not presented:
        raise NodeError(Reason.UNAUTHENTICATED, "no certificate was presented")
    caller = roster.resolve(presented[0])
    if caller.kind not in SERVICE_KINDS.get(service, frozenset()):
        raise NodeError(Reason.UNAUTHENTICATED, f"this service does not answer a certificate of kind {caller.kind}")
    roles = SERVICE_ROLES.get(service)
    if roles and caller.account and caller.kind is Kind.OFFICER and roles.isdisjoint(caller.account.roles):
        raise NodeError(Reason.PERMISSION_DENIED, f"this service is for officers of role {', '.join(sorted(roles))}")
    setattr(context, _ATTRIBUTE, caller)
    return caller


def caller_of(context: grpc.ServicerContext) -> str:
    """Who calls, for logs: kind and name; "unknown" where no certificate was known."""
    caller: Principal | None = getattr(context, _ATTRIBUTE, None)
    return f"{caller.kind}:{caller.name}" if caller else "unknown"


def principal(context: grpc.ServicerContext) -> Principal:
    """Who calls, as `authenticate` found it."""
    caller: Principal = getattr(context, _ATTRIBUTE)
    return caller
