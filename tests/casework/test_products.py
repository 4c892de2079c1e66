"""What acts make beyond themselves: records and retractions in the same transaction, drafts of what comes next."""

from pathlib import Path
from typing import Any

import pytest

from node.core.log.record import SALT_BYTES, Record
from node.core.standards import standard as standards
from node.core.workflow.declared import WORKFLOWS
from node.core.workflow.model import Product
from node.errors import NodeError, Reason
from node.stubs.standard.v1 import (
    alert_pb2,
    complaint_pb2,
    credit_pb2,
    listing_pb2,
    measure_pb2,
    party_pb2,
    penalty_pb2,
    referral_pb2,
)
from node.usecases.casework.act import Recorded
from node.usecases.casework.follow_up import FOLLOW_UPS
from node.usecases.casework.propose import Submission
from tests.kit.casework.casework_city import (
    AUDITOR,
    LI,
    ZHANG,
    CaseworkCity,
    act,
    at,
    documents,
    files_with,
    referring,
    send,
    with_act,
)
from tests.kit.casework.measures import request
from tests.kit.casework.penalties import CONTENT, NUMBER, investigated, penalising, penalties
from tests.kit.samples.standards import PARTY, alert, complaint, hit, repair


def revoking() -> referral_pb2.Referral:
    papers = documents("撤销行政处罚决定书")
    return referring("revoke_penalty", reasons="证据不足", document_number="撤1号", documents=papers)


@pytest.mark.parametrize("is_own", [False, True])
def test_a_penalty_becomes_a_record_and_its_revocation_destroys_it(
    three: tuple[CaseworkCity, CaseworkCity, CaseworkCity], tmp_path: Path, is_own: bool
) -> None:
    """Of a case handed over, and of a city's own; the record goes to everyone, whoever was party to the case."""
    changsha, hefei, wuhan = three
    origin, handler = (hefei, hefei) if is_own else (changsha, hefei)
    case = investigated(origin, handler)
    recorded = handler.decide("referral", case, penalising())
    assert [(each.product, each.standard) for each in recorded.makes] == [
        (Product.RECORD, "penalty"),
        (Product.DRAFT, "listing.serious"),
    ]
    assert handler.told[-1] == tuple(sorted({"all", origin.city, handler.city}))
    wuhan.see(hefei)
    (made,) = penalties(wuhan)
    assert (made.decision_number, made.decided_on, made.content) == (NUMBER, "2026-05-06", CONTENT)
    assert (made.party.uscc, made.legal_basis) == (PARTY.uscc, "反不正当竞争法 第20条")
    assert [list(each.origins) for each in penalties(hefei)] == [[case]]
    (held,) = _penalty_records(wuhan)
    salts = [opening[:SALT_BYTES] for opening in held.facets if opening]

    handler.decide("referral", case, revoking())
    assert files_with(tmp_path, "wuhan", CONTENT.encode())
    wuhan.see(hefei)
    assert penalties(wuhan) == []
    assert penalties(hefei) == []
    for gone in (CONTENT.encode(), *salts):
        assert not files_with(tmp_path, "wuhan", gone)


def test_the_penalty_of_a_person_with_neither_code_nor_hmac_is_taken_back_too(
    three: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    """By the act that made it; also where somebody said afterwards that the party is another."""
    changsha, hefei, wuhan = three
    case = investigated(changsha, hefei, party=party_pb2.Party(name="李某", kind=party_pb2.PARTY_KIND_NATURAL))
    recorded = hefei.decide("referral", case, penalising())
    index = int(recorded.id.rpartition("-")[2]) - 1
    (record,) = hefei.store.records(0, index, index + 1)
    assert CONTENT.encode() in b"".join(record.bodies())
    hefei.act("referral", case, with_act(referral_pb2.Referral(party=PARTY), "publish_penalty"))
    hefei.decide("referral", case, revoking())
    assert hefei.store.is_retracted(0, index)
    wuhan.see(hefei)
    assert not any(CONTENT.encode() in b"".join(record.bodies()) for record in wuhan.store.records(1, 0, index + 1))


def test_a_revocation_leaves_another_partys_penalty_of_the_same_number_alone(
    three: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    changsha, hefei, _ = three
    other = party_pb2.Party(name="乙", uscc="91420100MA00TEXT0W")
    case = investigated(changsha, hefei, party=other)
    hefei.decide("referral", case, penalising())
    theirs = investigated(hefei, hefei)
    hefei.decide("referral", theirs, penalising())
    hefei.act("referral", case, with_act(referral_pb2.Referral(party=PARTY), "publish_penalty"))
    hefei.decide("referral", case, revoking())
    assert [list(each.origins) for each in penalties(hefei)] == [[theirs]]


def _penalty_records(desk: CaseworkCity) -> list[Record]:
    records = desk.store.by_subject(f"uscc:{PARTY.uscc}")
    return [record for _, record in records if record.header.standard == "penalty"]


def test_what_makes_no_valid_penalty_is_refused_before_anybody_approves_it(
    three: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    changsha, hefei, _ = three
    case = investigated(changsha, hefei)
    body = penalising()
    body.sanction.ClearField("fine")  # a fine states its amount
    with pytest.raises(NodeError) as caught:
        hefei.decide("referral", case, body)
    assert caught.value.reason is Reason.INVALID_FIELD
    assert "fine" in caught.value.message
    with pytest.raises(NodeError) as caught:
        hefei.decide("referral", case, revoking())
    assert caught.value.reason in (Reason.ACT_TOO_EARLY, Reason.ACT_NOT_ALLOWED)


def test_a_credit_repair_takes_a_penalty_off(three: tuple[CaseworkCity, CaseworkCity, CaseworkCity]) -> None:
    changsha, hefei, _ = three
    case = investigated(changsha, hefei)
    hefei.decide("referral", case, penalising())
    body = repair()
    assert isinstance(body, credit_pb2.CreditRepair)
    body.ClearField("listing")
    body.penalty_number, body.home_city = NUMBER, "hefei"
    body.party.CopyFrom(PARTY)
    said = with_act(body, "apply", documents=documents("信用修复申请书"))
    hefei.clock.at_ms = at("2026-08-06")  # it was published for three months
    mending = hefei.act("credit.repair", "", said).case

    def repairing(name: str, **fields: Any) -> credit_pb2.CreditRepair:
        return credit_pb2.CreditRepair(act=act(name, **fields))

    hefei.decide("credit.repair", mending, repairing("accept"))
    approved = repairing("approve", reasons="已履行", documents=documents("准予信用修复决定书"))
    approved.decision_number, approved.decided_on = "修1号", "2026-05-06"
    approved.outcome = credit_pb2.REPAIR_OUTCOME_APPROVED
    hefei.decide("credit.repair", mending, approved)
    assert len(penalties(hefei)) == 1
    hefei.act("credit.repair", mending, repairing("execute"))
    assert penalties(hefei) == []


def test_every_draft_that_is_declared_is_prepared() -> None:
    declared = {
        (each.name, act.name, made.standard)
        for each in WORKFLOWS.values()
        for act in each.acts
        for made in act.makes
        if made.product is Product.DRAFT
    }
    assert {(name, act, found.workflow) for (name, act), found in FOLLOW_UPS.items()} == declared
    for found in FOLLOW_UPS.values():
        assert "" in WORKFLOWS[found.workflow].act[found.act].sources


def prepared(desk: CaseworkCity, recorded: Recorded) -> Any:
    """The body of the draft that an act prepared."""
    (made,) = [each for each in recorded.makes if each.product is Product.DRAFT]
    draft = desk.casework.draft(ZHANG, made.draft)
    assert draft.maker == ""
    return standards.get(draft.workflow).parse(draft.body)


def test_a_penalty_prepares_a_proposal_to_list(three: tuple[CaseworkCity, CaseworkCity, CaseworkCity]) -> None:
    changsha, hefei, _ = three
    recorded = hefei.decide("referral", investigated(changsha, hefei), penalising(facts="违法事实"))
    body = prepared(hefei, recorded)
    assert (body.party.uscc, body.facts, body.penalty.decision_number) == (PARTY.uscc, "违法事实", NUMBER)
    assert list(body.penalty.kinds) == [penalty_pb2.PENALTY_KIND_FINE]


def test_an_id_number_in_what_becomes_public_is_told_before_and_when_it_is_final(
    three: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    """What a referral says of the penalty is for regulators; the record that it makes is for everybody."""
    changsha, hefei, _ = three
    body = penalising(facts="当事人王某（身份证号４３０１０２１９０００１０１００１５）虚假宣传。")
    submission = Submission("referral", investigated(changsha, hefei), body.SerializeToString())
    draft = hefei.casework.prepare(ZHANG, submission)
    told = [("facts", "personal_id_number")]
    assert [(each.field, each.reason) for each in draft.warnings] == told
    recorded = hefei.casework.approve(LI, draft.number)
    assert [(each.field, each.reason) for each in recorded.warnings] == told
    assert "0015" not in str(recorded.warnings)


def test_a_designation_of_a_third_city_prepares_a_new_referral(
    three: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    changsha, hefei, wuhan = three
    case = send(changsha)
    hefei.see(changsha)
    hefei.act("referral", case, referring("receive"))
    hefei.decide("referral", case, referring("object", article="第13条", reasons="无管辖权"))
    changsha.see(hefei)
    asking = referring("escalate", document_number="1号", reasons="协商不成", documents=documents("指定管辖请示"))
    changsha.decide("referral", case, asking)
    decision = referring("designate_elsewhere", documents=documents("指定管辖通知书"))
    decision.designated_city, decision.designation_number = "wuhan", "指1号"
    recorded = changsha.decide("referral", case, decision)
    body = prepared(changsha, recorded)
    assert (body.to_city, body.origins[-1], body.party.uscc) == ("wuhan", case, PARTY.uscc)
    assert body.evidence
    assert not body.number
    number = next(each.draft for each in recorded.makes if each.product is Product.DRAFT)
    added = referral_pb2.Referral(to_organ="武汉市市场监督管理局")
    again = changsha.casework.take_up(ZHANG, number, added.SerializeToString())
    assert again.state == "drafted"  # type: ignore[union-attr]
    del wuhan


def test_a_clue_in_a_complaint_prepares_a_referral_without_the_complainant(
    three: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    changsha, *_ = three
    case = changsha.act("complaint", "", with_act(complaint(), "register")).case
    body = prepared(changsha, changsha.act("complaint", case, _complaining("refer_clue", reasons="涉嫌虚假宣传")))
    assert (body.kind, body.source) == (referral_pb2.REFERRAL_KIND_CLUE, referral_pb2.CLUE_SOURCE_COMPLAINT)
    assert (body.reason, list(body.origins)) == ("涉嫌虚假宣传", [case])
    assert not body.HasField("reporter")


def _complaining(name: str, **fields: Any) -> complaint_pb2.Complaint:
    return complaint_pb2.Complaint(act=act(name, **fields))


def test_a_hit_and_an_alert_prepare_a_request_to_a_platform(
    three: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    changsha, *_ = three
    found = hit()
    assert isinstance(found, listing_pb2.ListingHit)
    found.listing = "hefei-0"
    case = changsha.act("listing.hit", "", with_act(found, "screen")).case
    for name in ("confirm", "tell"):
        changsha.act("listing.hit", case, listing_pb2.ListingHit(act=act(name)))
    asking = listing_pb2.ListingHit(act=act("request_measure"))
    body = prepared(changsha, changsha.act("listing.hit", case, asking))
    assert list(body.origins) == [case, "hefei-0"]
    warned = changsha.decide("alert", "", with_act(alert(), "issue")).case
    following = alert_pb2.Alert(act=act("follow_up", reasons="已排查"))
    body = prepared(changsha, changsha.act("alert", warned, following))
    assert isinstance(body, measure_pb2.MeasureRequest)
    assert body.facts


def test_what_the_software_prepared_binds_nobody_until_two_persons_decide(
    three: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    changsha, *_ = three
    warned = changsha.decide("alert", "", with_act(alert(), "issue")).case
    recorded = changsha.act("alert", warned, alert_pb2.Alert(act=act("follow_up", reasons="已排查")))
    (made,) = recorded.makes
    with pytest.raises(NodeError) as caught:
        changsha.casework.approve(LI, made.draft)
    assert caught.value.reason is Reason.WRONG_ACTOR
    with pytest.raises(NodeError) as caught:
        changsha.casework.discard(AUDITOR, made.draft)
    assert caught.value.reason is Reason.WRONG_ACTOR
    with pytest.raises(NodeError):  # without end date, basis, route of appeal it becomes nothing
        changsha.casework.take_up(ZHANG, made.draft, b"")
    added = request()
    added.act.Clear()
    taken = changsha.casework.take_up(ZHANG, made.draft, added.SerializeToString())
    with pytest.raises(NodeError) as caught:
        changsha.casework.approve(ZHANG, taken.number)  # type: ignore[union-attr]
    assert caught.value.reason is Reason.WRONG_ACTOR
    approved = changsha.casework.approve(LI, taken.number)  # type: ignore[union-attr]
    assert approved.state == "issued"
    with pytest.raises(NodeError) as caught:  # nobody takes one up twice
        changsha.casework.take_up(ZHANG, made.draft, added.SerializeToString())
    assert caught.value.reason is Reason.NOT_FOUND


def test_whoever_works_on_cases_gives_up_what_the_software_prepared(
    three: tuple[CaseworkCity, CaseworkCity, CaseworkCity],
) -> None:
    changsha, *_ = three
    warned = changsha.decide("alert", "", with_act(alert(), "issue")).case
    recorded = changsha.act("alert", warned, alert_pb2.Alert(act=act("follow_up", reasons="已排查")))
    (made,) = recorded.makes
    assert [each.number for each in changsha.casework.drafts(ZHANG)] == [made.draft]
    changsha.casework.discard(ZHANG, made.draft)
    assert changsha.casework.drafts(ZHANG) == []
