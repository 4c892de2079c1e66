"""Lists as the law has them: who publishes a listing and by when, and who decides an appeal to a platform."""

from typing import Any

import pytest

from node.errors import Reason
from node.stubs.standard.v1 import credit_pb2, listing_pb2
from node.stubs.standard.v1 import penalty_pb2 as pb
from node.stubs.standard.v1.referral_pb2 import PENALTY_PUBLICATION_NONE
from node.usecases.casework.lists.lifecycle import ListingLifecycle
from node.usecases.casework.propose import ActRefusedError
from tests.kit.casework.casework_city import TAOBAO, CaseworkCity, act, at, broken_in, documents, shown, with_act
from tests.kit.casework.listings import deciding, listed, told_beforehand
from tests.kit.casework.penalties import investigated, penalising
from tests.kit.casework.repairs import applying
from tests.kit.samples.standards import platform_list
from tests.kit.samples.standards import serious as serious_listing

Desks = tuple[CaseworkCity, CaseworkCity]
SERIOUS, PLATFORM = "listing.serious", "listing.platform"


def serious(name: str, **fields: Any) -> listing_pb2.ListingSerious:
    return listing_pb2.ListingSerious(act=act(name), **fields)


def decided(desk: CaseworkCity, home: str) -> str:
    case, decision = told_beforehand(desk), deciding("2029-05-06")
    decision.home_city = home
    desk.decide(SERIOUS, case, decision)
    return case


def clocks(desk: CaseworkCity, case: str, day: str = "2026-05-06") -> dict[str, tuple[str, str]]:
    limits = [each for each in shown(desk, case, day).clocks if "public" in each.rule or "push" in each.rule]
    return {each.rule: (each.due, each.state) for each in limits}


def test_a_party_of_the_own_province_is_published_here_in_twenty_working_days_and_not_pushed(desks: Desks) -> None:
    changsha, _ = desks
    case = decided(changsha, "changsha")
    assert clocks(changsha, case) == {"listing.serious.own_publication": ("2026-06-02", "running")}
    with pytest.raises(ActRefusedError) as caught:
        changsha.act(SERIOUS, case, serious("push", pushed_on="2026-05-06"))
    assert broken_in(caught) == {("listing.serious.push.home", Reason.ACT_NOT_ALLOWED)}
    assert changsha.act(SERIOUS, case, serious("publish_here", published_on="2026-05-06")).state == "published"
    assert clocks(changsha, case)["listing.serious.own_publication"][1] == "met"
    keep = ListingLifecycle(changsha.store, changsha.clock, changsha.cases.repository)
    assert len(keep.run()) == 1


def test_a_party_of_another_province_is_pushed_in_ten_and_published_by_its_home_in_ten(desks: Desks) -> None:
    changsha, hefei = desks
    case = decided(changsha, "hefei")
    assert clocks(changsha, case) == {"listing.serious.push": ("2026-05-19", "running")}
    with pytest.raises(ActRefusedError) as caught:
        changsha.act(SERIOUS, case, serious("publish_here", published_on="2026-05-06"))
    assert ("listing.serious.publish_here.home", Reason.ACT_NOT_ALLOWED) in broken_in(caught)
    changsha.act(SERIOUS, case, serious("push", pushed_on="2026-05-06"))
    assert clocks(changsha, case)["listing.serious.publication"] == ("2026-05-19", "running")
    hefei.see(changsha)
    assert hefei.act(SERIOUS, case, serious("publish", published_on="2026-05-06")).state == "published"


@pytest.mark.parametrize(("home", "is_pushed"), [("changsha", False), ("hefei", True)])
def test_a_repair_is_pushed_to_another_province_alone(desks: Desks, home: str, is_pushed: bool) -> None:
    changsha, _ = desks
    changsha.decide("listing.abnormal", "", listed())
    (record,) = ListingLifecycle(changsha.store, changsha.clock, changsha.cases.repository).run()
    body = applying(record)
    body.home_city = home
    case = changsha.act("credit.repair", "", body).case
    changsha.decide("credit.repair", case, with_act(type(body)(), "accept"))
    papers = documents("准予信用修复决定书")
    approve = type(body)(decision_number="修1号", decided_on="2026-05-06", outcome="REPAIR_OUTCOME_APPROVED")
    changsha.decide("credit.repair", case, with_act(approve, "approve", reasons="已履行", documents=papers))
    changsha.act("credit.repair", case, with_act(type(body)(executed_on="2026-05-06"), "execute"))
    assert ("credit.repair.push" in {each.rule for each in shown(changsha, case).clocks}) is is_pushed
    if is_pushed:
        assert changsha.act("credit.repair", case, with_act(type(body)(), "push")).state == "pushed"
        return
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("credit.repair", case, with_act(type(body)(), "push"))
    assert broken_in(caught) == {("credit.repair.push.home", Reason.ACT_NOT_ALLOWED)}
    assert changsha.act("credit.repair", case, with_act(type(body)(), "confirm")).state == "propagated"


def repaired(desk: CaseworkCity, record: str) -> str:
    """A repair of a listing, approved; its case."""
    case = desk.act("credit.repair", "", applying(record)).case
    desk.decide("credit.repair", case, credit_pb2.CreditRepair(act=act("accept")))
    papers = documents("准予信用修复决定书")
    approve = credit_pb2.CreditRepair(
        act=act("approve", reasons="已履行", documents=papers),
        decision_number="修1号",
        decided_on="2027-05-10",
        outcome=credit_pb2.REPAIR_OUTCOME_APPROVED,
    )
    desk.decide("credit.repair", case, approve)
    return case


def test_a_party_leaves_the_serious_list_early_by_a_repair_alone(desks: Desks) -> None:
    changsha, _ = desks
    case = decided(changsha, "changsha")
    changsha.act(SERIOUS, case, serious("publish_here", published_on="2026-05-06"))
    (record,) = ListingLifecycle(changsha.store, changsha.clock, changsha.cases.repository).run()
    changsha.clock.at_ms = at("2027-05-10")
    removing = serious("remove_early")
    removing.act.MergeFrom(act("remove_early", document_number="移1号", reasons="已履行"))
    removing.act.documents.extend(documents("移出申请书"))

    def refused() -> set[tuple[str, Reason]]:
        with pytest.raises(ActRefusedError) as caught:
            changsha.decide(SERIOUS, case, removing)
        return broken_in(caught)

    without = {("listing.serious.remove_early.repair", Reason.ACT_NOT_ALLOWED)}
    with pytest.raises(ActRefusedError) as undecided:
        changsha.decide(SERIOUS, told_beforehand(changsha), removing)
    assert without < broken_in(undecided)
    assert refused() == without
    repair = repaired(changsha, record)
    assert refused() == without  # approved, and not carried out yet
    changsha.act("credit.repair", repair, credit_pb2.CreditRepair(act=act("execute")))
    assert changsha.decide(SERIOUS, case, removing).state == "early_removed"


def appealed(desk: CaseworkCity, asked: "listing_pb2.AppealReview.ValueType") -> str:
    body = platform_list()
    assert isinstance(body, listing_pb2.ListingPlatform)
    body.platform.name = "淘宝"
    case = desk.act(PLATFORM, "", with_act(body, "list", reasons="理由"), actor=TAOBAO).case
    appeal = listing_pb2.ListingPlatform(act=act("appeal", reasons="申诉"), review_asked=asked)
    desk.act(PLATFORM, case, appeal, actor=TAOBAO)
    return case


def uphold(desk: CaseworkCity, case: str, name: str, **fields: Any) -> str:
    body = listing_pb2.ListingPlatform(act=act(name, reasons="维持"), **fields)
    return desk.act(PLATFORM, case, body, actor=TAOBAO).state


def test_a_person_decides_an_appeal_where_one_is_asked_for(desks: Desks) -> None:
    changsha, _ = desks
    case = appealed(changsha, listing_pb2.APPEAL_REVIEW_PERSON)
    with pytest.raises(ActRefusedError) as caught:
        uphold(changsha, case, "uphold")
    assert broken_in(caught) == {("listing.platform.uphold.review_asked", Reason.ACT_NOT_ALLOWED)}
    with pytest.raises(ActRefusedError) as caught:
        uphold(changsha, case, "uphold_by_person")
    assert broken_in(caught) == {("listing.platform.uphold_by_person.reviewed_by", Reason.ACT_INCOMPLETE)}
    assert uphold(changsha, case, "uphold_by_person", reviewed_by="王某") == "upheld"


@pytest.mark.parametrize("asked", [listing_pb2.APPEAL_REVIEW_UNSPECIFIED, listing_pb2.APPEAL_REVIEW_ANY])
def test_software_may_decide_where_no_person_is_asked_for(
    desks: Desks, asked: "listing_pb2.AppealReview.ValueType"
) -> None:
    changsha, _ = desks
    assert uphold(changsha, appealed(changsha, asked), "uphold") == "upheld"


def proposing(*kinds: "pb.PenaltyKind.ValueType", **link: str) -> listing_pb2.ListingSerious:
    body = serious_listing()
    assert isinstance(body, listing_pb2.ListingSerious)
    for field in ("decision_number", "decided_on", "published_on", "until"):
        body.ClearField(field)
    body.penalty.kinds[:] = kinds
    for field, value in link.items():
        setattr(body.penalty, field, value)
    with_act(body, "propose", reasons="理由")
    return body


@pytest.mark.parametrize("kind", [pb.PENALTY_KIND_WARNING, pb.PENALTY_KIND_FINE, pb.PENALTY_KIND_PROCEEDS_CONFISCATED])
def test_nobody_is_listed_for_a_light_penalty(desks: Desks, kind: "pb.PenaltyKind.ValueType") -> None:
    with pytest.raises(ActRefusedError) as caught:
        desks[0].act(SERIOUS, "", proposing(kind))
    assert broken_in(caught) == {("listing.serious.propose.penalty", Reason.ACT_NOT_ALLOWED)}
    assert [each.law.zh for each in caught.value.broken] == ["市场监督管理严重违法失信名单管理办法第2条"]


@pytest.mark.parametrize(
    ("kind", "heavy_by"),
    [
        (pb.PENALTY_KIND_LICENCE_REVOKED, ""),
        (pb.PENALTY_KIND_BUSINESS_RESTRICTED, ""),
        (pb.PENALTY_KIND_OCCUPATION_RESTRICTED, ""),
        (pb.PENALTY_KIND_FINE, "湖南省市场监管行政处罚裁量基准 广告法第55条 从重"),
    ],
)
def test_a_heavy_penalty_may_lead_to_the_list(desks: Desks, kind: "pb.PenaltyKind.ValueType", heavy_by: str) -> None:
    assert desks[0].act(SERIOUS, "", proposing(kind, heavy_by=heavy_by)).state == "draft"


def test_a_warning_is_not_made_heavy_by_a_clause_nor_by_the_decision(desks: Desks) -> None:
    changsha, _ = desks
    with pytest.raises(ActRefusedError):
        changsha.act(SERIOUS, "", proposing(pb.PENALTY_KIND_WARNING, heavy_by="条款"))
    case, decision = told_beforehand(changsha), deciding("2029-05-06")
    decision.penalty.CopyFrom(proposing(pb.PENALTY_KIND_FINE).penalty)
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide(SERIOUS, case, decision)
    assert broken_in(caught) == {("listing.serious.decide.penalty", Reason.ACT_NOT_ALLOWED)}


def test_who_defies_a_decision_is_listed_whatever_the_penalty(desks: Desks) -> None:
    body = proposing(pb.PENALTY_KIND_FINE)
    body.grounds[:] = [listing_pb2.SERIOUS_GROUND_DECISION_DEFIED]
    assert desks[0].act(SERIOUS, "", body).state == "draft"


@pytest.mark.parametrize(
    ("kind", "drafts"), [(pb.PENALTY_KIND_WARNING, 0), (pb.PENALTY_KIND_FINE, 1), (pb.PENALTY_KIND_CLOSED, 1)]
)
def test_a_penalty_proposes_a_listing_where_it_may_be_heavy(
    desks: Desks, kind: "pb.PenaltyKind.ValueType", drafts: int
) -> None:
    _, hefei = desks
    case, body = investigated(desks[0], hefei), penalising()
    body.sanction.kinds[:] = [kind]
    if kind != pb.PENALTY_KIND_FINE:
        body.sanction.ClearField("fine")
    if kind == pb.PENALTY_KIND_WARNING:
        body.sanction.publication = PENALTY_PUBLICATION_NONE
    made = hefei.decide("referral", case, body).makes
    assert len([each for each in made if each.draft]) == drafts
