"""One record of each standard of the regulators' work in which nothing is to mend. All of it is made up."""

from collections.abc import Callable

from google.protobuf.message import Message

from node.stubs.standard.v1 import (
    act_pb2,
    alert_pb2,
    complaint_pb2,
    credit_pb2,
    evidence_pb2,
    listing_pb2,
    measure_pb2,
    party_pb2,
    penalty_pb2,
    referral_pb2,
    verification_pb2,
)
from node.stubs.standard.v1 import operator_pb2 as op

USCC = "91430100MA00TEXT01"
DIGEST = "ab" * 32
HMAC = bytes(range(32))
RESIDENT_ID = "360426199101010071"

OFFICER = act_pb2.Officer(name="王某", certificate_number="430100001", account="wang", organ="长沙市市场监督管理局")
COLLEAGUE = act_pb2.Officer(name="李某", certificate_number="430100002", account="li")
LETTER = act_pb2.Document(title="函", number="长市监函〔2026〕1号", date="2026-05-01", sha256=DIGEST)
OPENING = act_pb2.Act(act="open", city="changsha", date="2026-05-01", maker=OFFICER, approver=COLLEAGUE)
FOLLOWING = act_pb2.Act(case="changsha-3", act="note", follows=["changsha-3"], city="wuhan", date="2026-05-02")
PARTY = party_pb2.Party(uscc=USCC, name="某某食品有限公司", kind=party_pb2.PARTY_KIND_LEGAL)
PERSON = party_pb2.Person(name="张某", id_kind=party_pb2.ID_DOCUMENT_KIND_RESIDENT_ID, id_number=RESIDENT_ID)
PLATFORM = party_pb2.Platform(name="某平台", uscc="91420100MA00TEXT0W")
STORE = op.Store(platform="某平台", name="某直播间", url="https://live.example/1", account="a1")
EVIDENCE = evidence_pb2.Evidence(
    kind=evidence_pb2.EVIDENCE_KIND_ELECTRONIC_DATA,
    title="直播回放",
    sha256=DIGEST,
    sm3=DIGEST,
    carrier="光盘",
    extraction_method="录屏",
    extracted_at_ms=1_777_600_000_000,
    maker="某平台",
    officers=[OFFICER, COLLEAGUE],
)
EXHIBIT = evidence_pb2.Exhibit(title="订单截图", sha256=DIGEST)


def verification() -> Message:
    return verification_pb2.OperatorVerification(
        act=OPENING,
        party=PARTY,
        fields_compared=["name", "registered_address.text"],
        purpose="verification",
        legal_basis="网络交易监督管理办法 第24条",
        requester="某平台",
        result=verification_pb2.VERIFICATION_RESULT_MISMATCH,
        mismatched_fields=["name"],
        as_of_ms=1,
        id_hmac=HMAC,
    )


def serious() -> Message:
    return listing_pb2.ListingSerious(
        party=PARTY,
        decision_number="长市监严违〔2026〕1号",
        decided_on="2026-06-01",
        organ="长沙市市场监督管理局",
        grounds=[listing_pb2.SERIOUS_GROUND_FOOD_HARMFUL],
        facts="以非食品原料生产食品。",
        legal_basis="市场监督管理严重违法失信名单管理办法 第5条第2项",
        penalty=listing_pb2.PenaltyLink(
            decision_number="长市监处罚〔2026〕12号", kinds=[penalty_pb2.PENALTY_KIND_LICENCE_REVOKED]
        ),
        removal_conditions="满三年，或者满一年并履行义务。",
        remedies="六十日内申请行政复议，或者六个月内提起行政诉讼。",
        published_on="2026-06-10",
        until="2029-06-01",
        id_hmac=HMAC,
        responsible_persons=[PERSON],
    )


def abnormal() -> Message:
    return listing_pb2.ListingAbnormal(
        party=PARTY,
        decision_number="长市监异〔2026〕9号",
        decided_on="2026-05-04",
        organ="长沙市市场监督管理局",
        grounds=[listing_pb2.ABNORMAL_GROUND_UNREACHABLE],
        facts="两次邮寄均无人签收。",
        legal_basis="企业经营异常名录管理办法 第9条",
        removal_conditions="重新取得联系后申请移出。",
        remedies="公示之日起三十日内书面提出异议。",
    )


def platform_list() -> Message:
    return listing_pb2.ListingPlatform(
        act=OPENING,
        platform=PLATFORM,
        party=party_pb2.Party(name="张某", kind=party_pb2.PARTY_KIND_NATURAL),
        practitioner=listing_pb2.PRACTITIONER_KIND_MARKETER,
        accounts=[STORE],
        grounds=[listing_pb2.PLATFORM_GROUND_LAW_VIOLATED],
        facts="多次虚假宣传。",
        reasons="情节严重。",
        basis="平台规则 第8条",
        listed_on="2026-05-01",
        until="2027-05-01",
        appeal_route="平台申诉中心",
        id_hmac=HMAC,
        practitioner_identity=PERSON,
    )


def hit() -> Message:
    return listing_pb2.ListingHit(
        list=listing_pb2.LIST_KIND_SERIOUS,
        listing="changsha-12",
        matched_on=listing_pb2.MATCH_KEY_USCC,
        party=PARTY,
        screened_by="武汉市市场监督管理局",
        screened_at="某平台入驻名单",
        screened_on="2026-05-05",
        confirmed_by=OFFICER,
        confirmed_on="2026-05-05",
    )


def repair() -> Message:
    return credit_pb2.CreditRepair(
        act=OPENING,
        party=PARTY,
        kind=credit_pb2.REPAIR_KIND_SERIOUS_EARLY_REMOVAL,
        listing="changsha-12",
        organ="长沙市市场监督管理局",
        applied_on="2026-05-05",
        corrections="已停止违法行为并缴纳罚款。",
        commitment=LETTER,
        agent=PERSON,
    )


def referral() -> Message:
    return referral_pb2.Referral(
        act=OPENING,
        number="长市监案移〔2026〕12号",
        kind=referral_pb2.REFERRAL_KIND_CASE,
        from_organ="长沙市市场监督管理局",
        to_organ="合肥市市场监督管理局",
        to_city="hefei",
        article="市场监督管理行政处罚程序规定 第14条",
        reason="违法行为由合肥管辖。",
        party=PARTY,
        alleged_violation="虚假宣传。",
        discovered_on="2026-05-01",
        source=referral_pb2.CLUE_SOURCE_COMPLAINT,
        limitation_on="2028-05-01",
        evidence=[EVIDENCE],
        measures=[
            referral_pb2.MeasureInForce(kind=referral_pb2.COMPULSORY_MEASURE_GOODS_SEIZED, until="2026-06-01"),
        ],
        seized_items=[referral_pb2.SeizedItem(name="饼干", quantity="12箱")],
        contacts=[referral_pb2.Contact(name="王某", phone="0731-01234567")],
        letter=LETTER,
        sealed_by="长沙市市场监督管理局",
        id_hmac=HMAC,
        reporter=PERSON,
    )


def measure() -> Message:
    return measure_pb2.MeasureRequest(
        act=OPENING,
        number="长市监处置〔2026〕3号",
        organ="长沙市市场监督管理局",
        legal_basis="中华人民共和国广告法 第17条",
        case_number="长市监立〔2026〕5号",
        party=PARTY,
        target=measure_pb2.Target(platform=PLATFORM, store=STORE),
        platform_city="wuhan",
        measures=[measure_pb2.PLATFORM_MEASURE_SUSPEND_LIVE],
        facts="直播间销售不合格食品。",
        evidence=[EVIDENCE],
        starts_on="2026-06-01",
        ends_on="2026-06-08",
        proportionality="仅暂停涉案直播间七日。",
        appeal_route="平台申诉中心，或者向本局书面申诉。",
        letter=LETTER,
    )


def complaint() -> Message:
    return complaint_pb2.Complaint(
        act=OPENING,
        number_12315="1430100002026050112345",
        received_on="2026-05-01",
        channel=complaint_pb2.COMPLAINT_CHANNEL_GREEN_CHANNEL,
        party=PARTY,
        facts="收到的商品与直播宣传不符。",
        claims=[complaint_pb2.CLAIM_KIND_REFUND],
        routed_by=complaint_pb2.ROUTING_BASIS_DISPLAYED_ADDRESS,
        consents=[complaint_pb2.CONSENT_MEDIATION],
        order_number="20260428-1",
        exhibits=[EXHIBIT],
        complainant=PERSON,
    )


def alert() -> Message:
    return alert_pb2.Alert(
        act=OPENING,
        kind=alert_pb2.ALERT_KIND_LIVE_COMMERCE,
        severity=alert_pb2.ALERT_SEVERITY_HIGH,
        organ="长沙市市场监督管理局",
        parties=[PARTY, party_pb2.Party(licence_number="JY11108071215650")],
        facts="同一货源在多个直播间虚假宣传。",
        exhibits=[EXHIBIT],
        suggested_measures=[alert_pb2.ALERT_MEASURE_INSPECT],
        review_on="2026-08-01",
    )


def penalty() -> Message:
    return penalty_pb2.Penalty(
        party=PARTY,
        decision_number="长市监处罚〔2026〕12号",
        decided_on="2026-05-04",
        organ="长沙市市场监督管理局",
        violation="虚假宣传",
        legal_basis="反不正当竞争法",
        kinds=[penalty_pb2.PENALTY_KIND_FINE],
        content="罚款五千元。",
        fine=op.Capital(amount_hundredths=5_000_00, currency="CNY"),
        legal_representative="张某",
        representative_id=party_pb2.IdDocument(kind=party_pb2.ID_DOCUMENT_KIND_RESIDENT_ID, number=RESIDENT_ID),
    )


SAMPLES: dict[str, Callable[[], Message]] = {
    "operator.verification": verification,
    "listing.serious": serious,
    "listing.abnormal": abnormal,
    "listing.platform": platform_list,
    "listing.hit": hit,
    "credit.repair": repair,
    "referral": referral,
    "measure.request": measure,
    "complaint": complaint,
    "alert": alert,
    "penalty": penalty,
}
