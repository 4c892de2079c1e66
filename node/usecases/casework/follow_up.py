"""What an act leads to, prepared by the software: drafts that an officer has yet to take up, complete and decide on."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from google.protobuf.message import Message

from node.core.law.heavy_penalty import may_be_heavy
from node.core.standards import standard as standards
from node.storage.sqlite.drafts import Draft
from node.stubs.standard.v1 import alert_pb2, complaint_pb2, listing_pb2, measure_pb2, referral_pb2
from node.stubs.standard.v1.act_pb2 import Act
from node.stubs.standard.v1.penalty_pb2 import PenaltyKind
from node.usecases.casework.case_file import CaseFile

Make = Callable[[str, Any, Any], Message | None]
"""(case, what the case says by now, the act's own message) -> what the draft says; None where nothing follows."""
# Who complained or reported, and whoever speaks for them, stays in the case they came to.
_IDENTITY_LEVEL = 4
WITH_CONSENT: tuple[Literal["contact", "order_number", "exhibits"], ...] = ("contact", "order_number", "exhibits")
"""What of a complaint goes to the city that it is handed over to with the complainant's consent."""


class FollowUp(NamedTuple):
    """The act that is drafted, in a case of which workflow, and how."""

    workflow: str
    act: str
    make: Make


def said_in(file: CaseFile) -> Message:
    """What the acts in force say together, a later one over an earlier; without the act."""
    whole = standards.get(file.workflow.name).message_type()
    for fact in file.case.in_force():
        if fact.id in file.acts:
            overlay(whole, file.acts[fact.id].body)
    whole.ClearField("act")
    return whole


def overlay(base: Message, new: Message) -> None:
    """Fields that `new` states replace those of `base`, lists too."""
    for field, _ in new.ListFields():
        base.ClearField(field.name)
    base.MergeFrom(new)


def prepare(file: CaseFile, case: str, message: Message, now_ms: int) -> list[Draft]:
    """The drafts that an act leads to.

    Args:
        file: the case before the act.
        case: record id of its opening act.
        message: the act.
        now_ms: Unix milliseconds.
    """
    name = message.act.act  # type: ignore[attr-defined]
    follow_ups = FOLLOW_UPS.get((file.workflow.name, name))
    if follow_ups is None:
        return []
    known = said_in(file)
    overlay(known, message)
    made = follow_ups.make(case, known, message)
    if made is None:
        return []
    body = _without_identity(follow_ups.workflow, made)
    body.act.CopyFrom(Act(act=follow_ups.act, reasons=message.act.reasons))  # type: ignore[attr-defined]
    return [Draft(0, follow_ups.workflow, "", follow_ups.act, body.SerializeToString(), (), "", now_ms)]


def completed(draft: Draft, added: bytes) -> bytes:
    """A prepared draft with what an officer adds; of the act the fields stated, of all else as `overlay`."""
    standard = standards.get(draft.workflow)
    body: Any = standard.parse(draft.body)
    stated: Any = standard.parse(added)
    overlay(body.act, stated.act)
    body.act.act = draft.act
    stated.ClearField("act")
    overlay(body, stated)
    return bytes(body.SerializeToString())


def _without_identity(workflow: str, body: Message) -> Message:
    standard = standards.get(workflow)
    bodies = standard.split(body.SerializeToString())
    return standard.merge(bodies[facet.number - 1] for facet in standard.facets if facet.level < _IDENTITY_LEVEL)


def _clue(case: str, known: complaint_pb2.Complaint, act: complaint_pb2.Complaint) -> Message:
    return referral_pb2.Referral(
        kind=referral_pb2.REFERRAL_KIND_CLUE,
        party=_stated(known, "party"),
        alleged_violation=known.facts,
        place=_stated(known, "displayed_address"),
        discovered_on=act.act.date,
        source=referral_pb2.CLUE_SOURCE_COMPLAINT,
        stores=[known.store] if known.HasField("store") else [],
        reason=act.act.reasons,
        origins=[case],
    )


def _handed_over(case: str, known: complaint_pb2.Complaint, act: complaint_pb2.Complaint) -> Message:
    del act
    made = complaint_pb2.Complaint()
    made.CopyFrom(known)
    for name in ("act", "settlement", "abuse_factors"):
        made.ClearField(name)
    if not may_go_along(known):
        for name in WITH_CONSENT:
            made.ClearField(name)
    elif known.HasField("complainant"):
        person = known.complainant
        made.contact.CopyFrom(complaint_pb2.ComplainantContact(name=person.name, phone=person.phone))
    made.origins[:] = [case]
    return made


def may_go_along(known: complaint_pb2.Complaint) -> bool:
    """Whether the complainant let what is theirs (`WITH_CONSENT`) go to the organ that handles the complaint."""
    return complaint_pb2.CONSENT_TRANSFER in known.consents


def _designated(case: str, known: referral_pb2.Referral, act: referral_pb2.Referral) -> Message:
    made = referral_pb2.Referral()
    made.CopyFrom(known)
    for name in ("act", "number", "letter", "sealed_by", "to_organ", "outcome", "feedback", "filing_number", "penalty"):
        made.ClearField(name)
    made.to_city, made.reason = act.designated_city, act.act.reasons or f"指定管辖 {act.designation_number}"
    made.ClearField("designated_city")
    made.ClearField("designation_number")
    made.origins[:] = [*known.origins, case]
    return made


def _listing(case: str, known: referral_pb2.Referral, act: referral_pb2.Referral) -> Message | None:
    del case
    if not may_be_heavy(act.sanction.kinds):
        return None
    kinds: list[PenaltyKind.ValueType] = list(act.sanction.kinds)
    link = listing_pb2.PenaltyLink(
        decision_number=act.act.document_number,
        kinds=kinds,
        organ=act.sanction.organ,
        decided_on=act.act.date,
        restricted_until=act.sanction.restricted_until,
    )
    facts = act.sanction.facts or known.alleged_violation
    return listing_pb2.ListingSerious(
        party=_stated(known, "party"), organ=act.sanction.organ, facts=facts, penalty=link
    )


def _measure_on_hit(case: str, known: listing_pb2.ListingHit, act: listing_pb2.ListingHit) -> Message:
    del act
    return measure_pb2.MeasureRequest(party=_stated(known, "party"), origins=[case, known.listing])


def _measure_on_alert(case: str, known: alert_pb2.Alert, act: alert_pb2.Alert) -> Message:
    del act
    made = measure_pb2.MeasureRequest(facts=known.facts, origins=[case])
    if known.parties:
        made.party.CopyFrom(known.parties[0])
    if known.platforms:
        made.target.platform.CopyFrom(known.platforms[0])
    return made


def _stated(message: Message, field: str) -> Any:
    return getattr(message, field) if message.HasField(field) else None


FOLLOW_UPS: Mapping[tuple[str, str], FollowUp] = MappingProxyType(
    {
        ("complaint", "refer_clue"): FollowUp("referral", "draft", _clue),
        ("complaint", "hand_over"): FollowUp("complaint", "pass_on", _handed_over),
        ("referral", "designate_elsewhere"): FollowUp("referral", "draft", _designated),
        ("referral", "penalise"): FollowUp("listing.serious", "propose", _listing),
        ("listing.hit", "request_measure"): FollowUp("measure.request", "issue", _measure_on_hit),
        ("alert", "follow_up"): FollowUp("measure.request", "issue", _measure_on_alert),
    }
)
"""Every draft that a declaration names: (workflow, act) -> what follows."""
