"""Complaints go where they belong: the node computes it, says it in words, and refuses to hand one over elsewhere."""

from collections.abc import Iterator

from node.core.law.complaint_route import Route, find_route
from node.core.members.federation import Federation
from node.core.workflow.codes import code_name
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.rules import Broken
from node.errors import NodeError, Reason
from node.messages import _
from node.stubs.standard.v1.complaint_pb2 import ROUTING_BASIS_FIRST_RECEIVED, Complaint, RoutingBasis
from node.usecases.casework.case_file import CaseFile
from node.usecases.casework.follow_up import WITH_CONSENT, may_go_along, overlay, said_in
from node.usecases.casework.origins import opened
from node.usecases.casework.rules.candidate import Candidate, Knowledge

_HAND_OVER, _PASS_ON = "hand_over", "pass_on"
# Where a complaint belongs.
COMPLAINT = WORKFLOWS["complaint"]
PLACE = COMPLAINT.act[_HAND_OVER].law


def route_of(file: CaseFile, federation: Federation, here: str, stated: Complaint | None = None) -> Route:
    """Where the complaint of a case belongs, with what an act to come states.

    Raises:
        NodeError: INVALID_ARGUMENT, no complaint.
    """
    known = said_in(file)
    if not isinstance(known, Complaint):
        raise NodeError(
            Reason.INVALID_ARGUMENT,
            _(
                "case {case} belongs to workflow {workflow}, not to a complaint",
                case=file.id,
                workflow=file.workflow.name,
            ),
        )
    if stated is not None:
        overlay(known, stated)
    members = {member.city: member.region6 for member in federation.members}
    return find_route(known, members, federation.connections.seat_of(known.platform.name), here)


def say_route(file: CaseFile, message: Complaint, federation: Federation, here: str) -> None:
    """States what an act leaves out: by what a new complaint is here; where to, by what and why one is handed over."""
    route = route_of(file, federation, here, message)
    if message.act.act != _HAND_OVER:
        message.routed_by = message.routed_by or (route.basis if route.city == here else ROUTING_BASIS_FIRST_RECEIVED)
        return
    if not message.to_city:
        message.to_city = route.city
    if not message.routed_by:
        message.routed_by = route.basis
    if not message.act.reasons:
        message.act.reasons = route.words.zh


def broken_by_place(known: Knowledge, candidate: Candidate) -> Iterator[Broken]:
    """What handing a complaint over breaks: the wrong city, no decision behind it, or the complainant in it."""
    message = candidate.message
    if not isinstance(message, Complaint):
        return
    if candidate.act.name == _HAND_OVER:
        route = route_of(candidate.file, known.members(), known.city, message)
        if route.city != message.to_city or route.city == known.city:
            yield candidate.breaks("to_city", PLACE, route.words.zh, route.words.en)
    if candidate.act.name == _PASS_ON:
        # Of a complaint that is passed on, the case in which that was decided.
        source = next(opened(known.cases, message.origins), None)
        if source is None or not _is_decided(source, message.to_city):
            zh = "须先经审批决定移交至该市"
            en = "that it is handed over to this city has to be decided first, by two persons"
            yield candidate.breaks("origins", PLACE, zh, en)
        own = {field.name for field, _ in message.ListFields()}
        if not own.isdisjoint(WITH_CONSENT) and not (source and may_go_along(_stated_in(source))):
            zh = "投诉人未同意转其他机关办理的，联系方式、订单和举证材料不随案移交"
            en = "contact, order and exhibits go along only where the complainant consented to the transfer"
            yield candidate.breaks("consents", PLACE, zh, en)
        if message.HasField("complainant") or message.HasField("agent"):
            zh, en = "投诉人身份留在收到投诉的机关", "who complained stays with the city that received it"
            yield candidate.breaks("complainant", PLACE, zh, en)


def _is_decided(source: CaseFile, city: str) -> bool:
    return source.case.state == "handed_over" and _stated_in(source).to_city == city


def _stated_in(source: CaseFile) -> Complaint:
    known = said_in(source)
    return known if isinstance(known, Complaint) else Complaint()


def basis_code(route: Route) -> str:
    """The code of what it is routed by; empty where that cannot be told."""
    return code_name(RoutingBasis.DESCRIPTOR.values_by_number[route.basis]) if route.basis else ""
