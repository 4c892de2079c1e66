"""Complaints go where they belong: the node computes it, says it in words, and refuses to hand one over elsewhere."""

from node.core.law.complaint_route import Route, route
from node.core.members.federation import Federation
from node.core.workflow.codes import code_name
from node.core.workflow.declared.complaint_hand_over import PLACE
from node.core.workflow.rules import Broken
from node.errors import NodeError, Reason
from node.stubs.standard.v1.complaint_pb2 import ROUTING_BASIS_FIRST_RECEIVED, Complaint, RoutingBasis
from node.usecases.casework.case_file import CaseFile
from node.usecases.casework.follow_up import overlay, said_in

_HAND_OVER, _PASS_ON = "hand_over", "pass_on"


def route_of(file: CaseFile, federation: Federation, here: str, stated: Complaint | None = None) -> Route:
    """Where the complaint of a case belongs, with what an act to come states.

    Raises:
        NodeError: INVALID_ARGUMENT, no complaint.
    """
    known = said_in(file)
    if not isinstance(known, Complaint):
        raise NodeError(Reason.INVALID_ARGUMENT, f"{file.id} is a case of {file.workflow.name}, no complaint")
    if stated is not None:
        overlay(known, stated)
    members = {member.city: member.region6 for member in federation.members}
    return route(known, members, federation.connections.seat_of(known.platform.name), here)


def say_route(file: CaseFile, message: Complaint, federation: Federation, here: str) -> None:
    """States what an act leaves out: by what a new complaint is here; where to, by what and why one is handed over."""
    found = route_of(file, federation, here, message)
    if message.act.act != _HAND_OVER:
        message.routed_by = message.routed_by or (found.basis if found.city == here else ROUTING_BASIS_FIRST_RECEIVED)
        return
    if not message.to_city:
        message.to_city = found.city
    if not message.routed_by:
        message.routed_by = found.basis
    if not message.act.reasons:
        message.act.reasons = found.words.zh


def broken_by_place(
    file: CaseFile, message: Complaint, federation: Federation, here: str, source: CaseFile | None
) -> list[Broken]:
    """What handing a complaint over breaks: the wrong city, no decision behind it, or the complainant in it.

    Args:
        file: the case of the act.
        message: the act.
        federation: the members and the platforms connected to them.
        here: this city.
        source: of a complaint that is passed on, the case in which that was decided.
    """
    act = message.act.act
    if act == _HAND_OVER:
        found = route_of(file, federation, here, message)
        if found.city != message.to_city or found.city == here:
            return [_broken("complaint.hand_over.to_city", found.words.zh, found.words.en)]
    if act == _PASS_ON:
        return [*_undecided(message, source), *_named(message)]
    return []


def _undecided(message: Complaint, source: CaseFile | None) -> list[Broken]:
    decided = source is not None and source.case.state == "handed_over"
    if source is not None and decided and said_in(source).to_city == message.to_city:  # type: ignore[attr-defined]
        return []
    zh, en = "须先经审批决定移交至该市", "that it is handed over to this city has to be decided first, by two persons"
    return [_broken("complaint.pass_on.origins", zh, en)]


def _named(message: Complaint) -> list[Broken]:
    if not (message.HasField("complainant") or message.HasField("agent")):
        return []
    zh, en = "投诉人身份留在收到投诉的机关", "who complained stays with the city that received it"
    return [_broken("complaint.pass_on.complainant", zh, en)]


def _broken(rule: str, zh: str, en: str) -> Broken:
    return Broken(rule, Reason.ACT_NOT_ALLOWED, PLACE, zh, en)


def basis_code(found: Route) -> str:
    """The code of what it is routed by; empty where that cannot be told."""
    return code_name(RoutingBasis.DESCRIPTOR.values_by_number[found.basis]) if found.basis else ""
