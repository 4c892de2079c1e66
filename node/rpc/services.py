"""What is served where, and to whom."""

from node.core.members.clients import Kind
from node.core.members.officers import OfficerRole

_ANYONE = frozenset(Kind)
_HEALTH, _REFLECTION = "grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection"

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
    _HEALTH: _ANYONE,
    _REFLECTION: _ANYONE,
}
"""Who may call what; a service that is not listed answers nobody."""

LISTENERS = {
    "exchange": ("node.exchange.v1.ExchangeService", "node.evidence.v1.EvidenceExchangeService", _HEALTH, _REFLECTION),
    "intake": (
        "node.intake.v1.IntakeService",
        "node.evidence.v1.EvidenceService",
        "node.evidence.v1.PlatformEvidenceService",
        "node.casework.v1.CaseService",
        "node.trust.v1.TrustService",
        _HEALTH,
        _REFLECTION,
    ),
    "control": ("node.control.v1.ControlService", "node.trust.v1.TrustService", _HEALTH, _REFLECTION),
    "query": (
        "node.query.v1.QueryService",
        "node.screening.v1.ScreeningService",
        "node.trust.v1.TrustService",
        _HEALTH,
        _REFLECTION,
    ),
}
"""The services of each listener (its name in `listen` of node.yaml)."""

_WRITERS = frozenset({OfficerRole.CASE_OFFICER, OfficerRole.APPROVER, OfficerRole.ADMIN})
SERVICE_ROLES = {
    "node.control.v1.ControlService": frozenset({OfficerRole.ADMIN}),
    "node.intake.v1.IntakeService": frozenset({OfficerRole.CLERK, *_WRITERS}),
}
"""Which officers with an account may call what; the node's own officer, who has none, calls both."""


def listener_of(service: str) -> str | None:
    """The listener that answers for one of our own services; None for any other name."""
    return next((name for name, services in LISTENERS.items() if service in services and service[:5] == "node."), None)
