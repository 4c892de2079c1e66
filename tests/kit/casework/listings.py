"""Listings for a desk to decide."""

from typing import Any

from node.stubs.standard.v1 import listing_pb2
from tests.kit.casework.casework_city import CaseworkCity, act, documents, with_act
from tests.kit.samples.standards import PARTY, abnormal, serious

DECISION = "长市监列异〔2026〕1号"


def listed(**fields: Any) -> listing_pb2.ListingAbnormal:
    body = abnormal()
    assert isinstance(body, listing_pb2.ListingAbnormal)
    body.decision_number = DECISION
    body.party.CopyFrom(PARTY)
    with_act(body, "list", documents=documents("列入决定书"), document_number=DECISION, **fields)
    return body


def told_beforehand(desk: CaseworkCity) -> str:
    """A serious listing that waits for its decision; its case."""
    body = serious()
    assert isinstance(body, listing_pb2.ListingSerious)
    for field in ("decision_number", "decided_on", "published_on", "until"):
        body.ClearField(field)
    case = desk.act("listing.serious", "", with_act(body, "propose", reasons="理由")).case
    for name, paper in (("consent", "上级同意意见"), ("pre_notice", "列入告知书")):
        made = listing_pb2.ListingSerious(act=act(name, documents=documents(paper)))
        (desk.decide if name == "pre_notice" else desk.act)("listing.serious", case, made)
    return case


def deciding(until: str, decided_on: str = "2026-05-06") -> Any:
    papers = documents("上级同意意见", "列入告知书", "列入决定书")
    body = listing_pb2.ListingSerious(decision_number="列1号", decided_on=decided_on, until=until, home_city="hefei")
    return with_act(body, "decide", documents=papers)
