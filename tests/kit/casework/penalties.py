"""Penalties: by an act of a referral, or as a registry handed them in."""

from typing import Any

from node.core.standards import standard as standards
from node.storage.sqlite.log import Entry
from node.stubs.record.v1.record_pb2 import Header
from node.stubs.standard.v1 import (
    operator_pb2,
    party_pb2,
    penalty_pb2,
    referral_pb2,
)
from tests.kit.casework.casework_city import (
    TWO,
    CaseworkCity,
    act,
    documents,
    referring,
    send,
)
from tests.kit.samples.standards import PARTY, penalty

NUMBER = "合市监处罚〔2026〕8号"
CONTENT = "没收违法所得并处罚款的具体内容"
FINE = operator_pb2.Capital(amount_hundredths=5_000_00, currency="CNY")


def penalising(**fields: object) -> referral_pb2.Referral:
    told: dict[str, Any] = {
        "violation": "虚假宣传",
        "content": CONTENT,
        "organ": "合肥市市场监督管理局",
        "kinds": [penalty_pb2.PENALTY_KIND_FINE],
        "fine": FINE,
        "publication": referral_pb2.PENALTY_PUBLICATION_OWN_PROVINCE,
    } | fields
    papers = documents("行政处罚告知书", "行政处罚决定书")
    said = {"document_number": NUMBER, "article": "反不正当竞争法 第20条", "reasons": "理由", "documents": papers}
    sanction = referral_pb2.Sanction(**told)
    return referral_pb2.Referral(act=act("penalise", officers=TWO, **said), sanction=sanction)


def investigated(origin: CaseworkCity, handler: CaseworkCity, party: party_pb2.Party | None = None) -> str:
    """A referral that the handler investigates."""
    case = send(origin, handler.city, party)
    if handler is not origin:
        handler.see(origin)
    handler.act("referral", case, referring("receive"))
    handler.decide("referral", case, referring("accept"))
    handler.act("referral", case, referring("verify"))
    papers = documents("立案审批表")
    handler.decide("referral", case, referring("file", officers=TWO, document_number="立1号", documents=papers))
    handler.act("referral", case, referring("investigate", officers=TWO))
    return case


def penalties(desk: CaseworkCity) -> list[Any]:
    """The current records of the party's penalties that this city may see."""
    found = []
    for _, record in desk.store.by_subject(f"uscc:{PARTY.uscc}"):
        if record.header.standard == "penalty":
            found.append(standards.get("penalty").merge(record.bodies()))
    return found


def penalised(desk: CaseworkCity, **party: Any) -> str:
    """A penalty that stands in the log as a registry handed it in; its number."""
    body = penalty()
    assert isinstance(body, penalty_pb2.Penalty)
    body.ClearField("id_hmac")
    body.party.CopyFrom(party.pop("party", PARTY))
    body.kinds[:] = party.pop("kinds", body.kinds)
    body.decided_on = "2026-01-30"  # long enough ago to be repaired
    if body.kinds and penalty_pb2.PENALTY_KIND_FINE not in body.kinds:
        body.ClearField("fine")
    for field, value in party.items():
        setattr(body, field, value)
    standard = standards.get("penalty")
    header = Header(standard="penalty", version=1, city=desk.city, audience=["all"], issued_at_ms=desk.clock.now_ms())
    header.subjects.extend(standard.subjects(body))
    desk.append([Entry.of(header, standard.split(body.SerializeToString()))])
    return body.decision_number
