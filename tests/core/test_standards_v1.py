"""The standards of the regulators' work: what is right, what they refuse, who may see what."""

from datetime import date
from typing import Any

import pytest
from google.protobuf.message import Message

from node.core.standards.standard import Standard, get, standards
from node.core.standards.table import rule_rows
from node.stubs.standard.v1 import (
    act_pb2,
    alert_pb2,
    evidence_pb2,
    listing_pb2,
    measure_pb2,
    options_pb2,
    party_pb2,
    referral_pb2,
)
from tests.kit.samples.standards import (
    EVIDENCE,
    FOLLOWING,
    HMAC,
    OFFICER,
    OPENING,
    PLATFORM,
    RESIDENT_ID,
    SAMPLES,
    USCC,
    alert,
    referral,
    serious,
)

ALL = pytest.mark.parametrize("standard", [get(name, 1) for name in SAMPLES], ids=lambda standard: standard.name)
# By the adapters' tests, and by those of what the node itself writes.
_TESTED_ELSEWHERE = {"operator.registration", "case.notice", "node.policy_change"}
LEVELS = {"public": 1, "regulator": 2, "personal": 3, "identity": 4}


def errors(name: str, message: Message) -> set[tuple[str, str]]:
    return {(each.field, each.reason) for each in get(name).findings(message) if not each.warning}


def opening_fields(standard: Standard) -> list[str]:
    return [field.path for field in standard.fields if field.options.opening]


def test_every_standard_has_a_sample() -> None:
    assert {standard.name for standard in standards()} == SAMPLES.keys() | _TESTED_ELSEWHERE


@ALL
def test_a_sample_is_right(standard: Standard) -> None:
    assert standard.findings(SAMPLES[standard.name]()) == []


@ALL
def test_facets_hold_what_their_names_say(standard: Standard) -> None:
    assert [facet.level for facet in standard.facets] == [LEVELS[facet.name] for facet in standard.facets]


@ALL
def test_the_act_is_the_first_field_and_for_regulators(standard: Standard) -> None:
    act = next(field for field in standard.fields if field.path == "act")
    assert (act.descriptor.number, act.level) == (1, 2)
    assert act.descriptor.message_type is act_pb2.Act.DESCRIPTOR
    assert next(facet.name for facet in standard.facets if facet.number == act.facet) == "regulator"


@ALL
def test_what_opens_a_case_must_be_stated(standard: Standard) -> None:
    for field in opening_fields(standard):
        message = SAMPLES[standard.name]()
        message.ClearField(field)
        assert (field, "required") in errors(standard.name, message), field


@ALL
def test_an_act_that_follows_states_only_what_is_new(standard: Standard) -> None:
    message = standard.message_type(act=FOLLOWING)
    assert standard.findings(message) == []
    assert standard.subjects(message) == ["case:changsha-3"]


@ALL
def test_split_and_merge(standard: Standard) -> None:
    message = SAMPLES[standard.name]()
    assert standard.merge(standard.split(message.SerializeToString())) == message


@ALL
def test_persons_stand_in_the_identity_facet_alone(standard: Standard) -> None:
    for field in standard.fields:
        message = field.descriptor.message_type
        if message and message.name in {"Person", "IdDocument"}:
            assert field.level == 4, field.path
            assert standard.facets[field.facet - 1].name == "identity", field.path
    bodies = standard.split(SAMPLES[standard.name]().SerializeToString())
    for facet, body in zip(standard.facets, bodies, strict=True):
        assert facet.name == "identity" or RESIDENT_ID.encode() not in body


@pytest.mark.parametrize("standard", standards(), ids=lambda standard: standard.name)
def test_no_subject_key_comes_from_an_identity(standard: Standard) -> None:
    keys = [(field.options.subject, field.level) for field in standard.fields if field.options.subject]
    assert {kind for kind, _ in keys} <= {"uscc", "reg", "licence", "idhmac", "case"}
    assert all(level < 4 for _, level in keys)


@pytest.mark.parametrize("standard", standards(), ids=lambda standard: standard.name)
def test_every_rule_is_told_in_both_languages(standard: Standard) -> None:
    for zh, en in zip(rule_rows(standard, "zh"), rule_rows(standard, "en"), strict=True):
        assert not zh.message.isascii(), zh.id
        assert en.message, en.id
        assert en.message.isascii(), en.id


def test_subjects_are_the_keys_that_screening_looks_for() -> None:
    found = {name: get(name).subjects(make()) for name, make in SAMPLES.items()}
    uscc = f"uscc:{USCC}"
    hmac = f"idhmac:{HMAC.hex()}"
    assert found["listing.serious"] == [uscc, hmac]
    assert found["listing.abnormal"] == [uscc]
    assert found["listing.platform"] == [hmac]
    assert found["alert"] == [uscc, "licence:JY11108071215650"]
    assert found["complaint"] == [uscc]
    # What a platform is asked is not about the platform.
    assert found["measure.request"] == [uscc]


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("measure.request", {"legal_basis": ""}, ("legal_basis", "required")),
        ("measure.request", {"appeal_route": ""}, ("appeal_route", "required")),
        ("measure.request", {"proportionality": ""}, ("proportionality", "required")),
        ("measure.request", {"facts": ""}, ("facts", "required")),
        ("measure.request", {"ends_on": ""}, ("ends_on", "end_missing")),
        ("measure.request", {"ends_on": "2026-05-31"}, ("ends_on", "term_order")),
        ("measure.request", {"number": "3号"}, ("number", "bad_format")),
        ("measure.request", {"measures": [0]}, ("measures[0]", "unknown_code")),
        ("measure.request", {"measures": [1, 1]}, ("measures", "duplicate")),
        ("measure.request", {"target": measure_pb2.Target(platform=PLATFORM)}, ("target.store", "target_missing")),
        ("listing.serious", {"decision_number": "", "decided_on": ""}, ("decision_number", "decision_missing")),
        ("listing.serious", {"act": OPENING, "decided_on": ""}, ("decided_on", "decision_incomplete")),
        ("listing.serious", {"organ": ""}, ("organ", "required")),
        ("listing.serious", {"grounds": []}, ("grounds", "required")),
        ("listing.serious", {"penalty": None}, ("penalty", "penalty_missing")),
        ("listing.serious", {"until": "2026-01-01"}, ("until", "term_order")),
        ("listing.serious", {"published_on": "2026-05-31"}, ("published_on", "published_before_decision")),
        ("listing.serious", {"id_hmac": b"short"}, ("id_hmac", "bytes_len")),
        ("listing.serious", {"party": party_pb2.Party(name="某"), "id_hmac": b""}, ("party", "key_missing")),
        ("listing.abnormal", {"remedies": ""}, ("remedies", "required")),
        ("listing.abnormal", {"party": party_pb2.Party(name="某")}, ("party", "key_missing")),
        ("listing.abnormal", {"removed_on": "2026-05-01"}, ("removed_on", "removed_before_listing")),
        ("listing.platform", {"appeal_route": ""}, ("appeal_route", "required")),
        ("listing.platform", {"until": ""}, ("until", "required")),
        ("listing.platform", {"until": "2026-05-01"}, ("until", "term_order")),
        ("listing.platform", {"id_hmac": b""}, ("party", "key_missing")),
        ("listing.hit", {"party": party_pb2.Party(name="某某食品有限公司")}, ("matched_on", "name_alone")),
        ("listing.hit", {"matched_on": listing_pb2.MATCH_KEY_ID_HMAC}, ("matched_on", "name_alone")),
        ("listing.hit", {"confirmed_by": None}, ("confirmed_by", "confirmation_missing")),
        ("listing.hit", {"listing": "12"}, ("listing", "bad_format")),
        ("credit.repair", {"listing": ""}, ("listing", "target_missing")),
        ("credit.repair", {"outcome": 1}, ("decided_on", "decision_incomplete")),
        (
            "credit.repair",
            {"outcome": 2, "decision_number": "长市监修〔2027〕1号", "decided_on": "2027-06-09"},
            ("remedies", "remedies_missing"),
        ),
        ("referral", {"evidence": []}, ("evidence", "evidence_missing")),
        ("referral", {"kind": referral_pb2.REFERRAL_KIND_ASSISTANCE}, ("questions", "questions_missing")),
        ("referral", {"limitation_on": "2026-04-30"}, ("limitation_on", "limitation_order")),
        ("referral", {"designated_city": "wuhan"}, ("designated_city", "designation_incomplete")),
        ("referral", {"to_city": "Hefei"}, ("to_city", "bad_format")),
        ("referral", {"act": None, "letter": None}, ("number", "number_missing")),
        ("complaint", {"number_12315": ""}, ("number_12315", "required")),
        ("complaint", {"rejection_grounds": [1]}, ("rejection_redirect", "redirect_missing")),
        (
            "complaint",
            {"rejection_grounds": [1], "rejection_redirect": "法院", "termination_grounds": [1]},
            ("rejection_grounds", "rejected_and_terminated"),
        ),
        ("complaint", {"exhibits": [evidence_pb2.Exhibit(title="照片")]}, ("exhibits[0].sha256", "required")),
        ("alert", {"review_on": ""}, ("review_on", "required")),
        ("alert", {"kind": alert_pb2.ALERT_KIND_PRODUCT}, ("product", "product_missing")),
        ("alert", {"severity": 9}, ("severity", "unknown_code")),
        ("penalty", {"fine": None}, ("fine", "fine_missing")),
        ("penalty", {"decided_on": "2026-02-29"}, ("decided_on", "date_invalid")),
        ("operator.verification", {"mismatched_fields": []}, ("mismatched_fields", "mismatch_fields")),
        ("operator.verification", {"as_of_ms": 0}, ("as_of_ms", "as_of_missing")),
    ],
)
def test_refusals(name: str, changes: dict[str, Any], expected: tuple[str, str]) -> None:
    message = SAMPLES[name]()
    for field, value in changes.items():
        message.ClearField(field)
        message.MergeFrom(type(message)(**{field: value}))
    assert errors(name, message) == {expected}


def test_a_listing_under_article_11_needs_no_penalty() -> None:
    message = serious()
    message.ClearField("penalty")
    message.MergeFrom(listing_pb2.ListingSerious(grounds=[listing_pb2.SERIOUS_GROUND_DECISION_DEFIED]))
    assert errors("listing.serious", message) == {("penalty", "penalty_missing")}
    del message.grounds[0]  # type: ignore[attr-defined]
    assert errors("listing.serious", message) == set()


def test_a_draft_of_a_listing_has_no_decision_yet() -> None:
    message = serious()
    for field in ("decision_number", "decided_on", "published_on", "until"):
        message.ClearField(field)
    message.MergeFrom(listing_pb2.ListingSerious(act=OPENING))
    assert errors("listing.serious", message) == set()


@pytest.mark.parametrize(
    ("number", "is_right"),
    [
        ("长市监案移〔2026〕12号", True),
        ("湘长市监稽线移[2026]第003号", True),
        ("合市监协查（2026）7-1号", True),
        ("武汉市市监刑移【2026】1号", True),
        ("长市监案移2026年12号", False),
        ("长公安移〔2026〕12号", False),
        ("长市监案移〔2026〕号", False),
        ("长市监案移 〔2026〕12号", False),
        ("长市监案移〔26〕12号", False),
    ],
)
def test_numbers_of_referrals(number: str, is_right: bool) -> None:
    message = referral()
    message.MergeFrom(referral_pb2.Referral(number=number))
    assert errors("referral", message) == (set() if is_right else {("number", "bad_format")})


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"officers": [OFFICER]}, {("officers", "too_few")}),
        ({"officers": [OFFICER, OFFICER]}, {("officers", "two_officers")}),
        ({"officers": [OFFICER, act_pb2.Officer(name="李某")]}, {("officers", "two_officers")}),
        ({"sha256": ""}, {("sha256", "required")}),
        ({"sha256": "AB" * 32}, {("sha256", "bad_format")}),
        ({"sha256": "ab" * 31}, {("sha256", "bad_format")}),
        ({"sm3": "x"}, {("sm3", "bad_format")}),
        ({"kind": 0}, {("kind", "required")}),
        ({"carrier": ""}, {("carrier", "required")}),
        ({"extraction_method": ""}, {("extraction_method", "required")}),
        ({"extracted_at_ms": 0}, {("extracted_at_ms", "required")}),
    ],
)
def test_evidence(changes: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    evidence = evidence_pb2.Evidence()
    evidence.CopyFrom(EVIDENCE)
    for field, value in changes.items():
        evidence.ClearField(field)  # type: ignore[arg-type]
        evidence.MergeFrom(evidence_pb2.Evidence(**{field: value}))
    found = errors("referral", referral_pb2.Referral(act=FOLLOWING, evidence=[evidence]))
    assert found == {(f"evidence[0].{field}", reason) for field, reason in expected}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"approver": OFFICER}, {("act.approver", "four_eyes")}),
        ({"approver": act_pb2.Officer(name="李某", account="wang")}, {("act.approver", "four_eyes")}),
        ({"approver": act_pb2.Officer(name="李某", certificate_number="430100001")}, {("act.approver", "four_eyes")}),
        ({"approver": act_pb2.Officer(name="王某", certificate_number="430100009")}, set()),
        ({"case": "changsha-3"}, {("act.follows", "follows_missing")}),
        ({"follows": ["changsha-3"]}, {("act.follows", "follows_missing")}),
        ({"case": "changsha-03", "follows": ["changsha-1"]}, {("act.case", "bad_format")}),
        ({"act": ""}, {("act.act", "required")}),
        ({"act": "No Act"}, {("act.act", "bad_format")}),
        ({"city": "长沙"}, {("act.city", "bad_format")}),
        ({"date": "2026-02-30"}, {("act.date", "date_invalid")}),
        ({"documents": [act_pb2.Document(number="1")]}, {("act.documents[0].title", "required")}),
    ],
)
def test_acts(changes: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    act = act_pb2.Act()
    act.CopyFrom(OPENING)
    for field, value in changes.items():
        act.ClearField(field)  # type: ignore[arg-type]
        act.MergeFrom(act_pb2.Act(**{field: value}))
    message = alert()
    message.ClearField("act")
    message.MergeFrom(alert_pb2.Alert(act=act))
    assert errors("alert", message) == expected


# Days that may be to come: terms, limits, plans. Every other day is of something that has happened.
_TO_COME = {
    "until", "limitation_on", "review_on", "starts_on", "ends_on", "appeal_until", "barred_until", "valid_to",
    "public_until", "early_removal_from", "due_again_on", "term_from", "term_to", "hearing_on", "removed_on",
    "valid_until", "due", "restricted_until", "temporary_until",
}  # fmt: skip
_OWN_RULE = {"act.date"}


@pytest.mark.parametrize("standard", standards(), ids=lambda each: each.name)
def test_every_day_says_whether_it_may_be_to_come(standard: Standard) -> None:
    for field in standard.fields:
        is_day = field.options.check == options_pb2.CHECK_DATE or field.path.endswith("_at_ms")
        name = field.path.rpartition(".")[2]
        if is_day and field.path not in _OWN_RULE:
            assert field.options.happened != (name in _TO_COME), f"{field.path}: `happened: true`, or among _TO_COME"
        assert is_day or not field.options.happened


def test_a_day_to_come_is_found_wherever_it_stands() -> None:
    today = date(2026, 5, 6)
    body = referral_pb2.Referral(discovered_on="2026-05-07", limitation_on="2030-01-01")
    body.act.documents.add(title="函", date="2026-05-06")
    body.act.documents.add(title="函", date="9999-12-31")
    found = get("referral").days_to_come(body, today)
    assert [field.path for field in found] == ["act.documents[].date", "discovered_on"]
    # The day ends in Shanghai at 16:00 UTC; a moment beyond the calendar is to come too.
    last_ms = 1_778_083_199_999
    for at_ms, is_later in ((last_ms, False), (last_ms + 1, True), (2**63 - 1, True), (0, False)):
        made = measure_pb2.MeasureRequest(evidence=[evidence_pb2.Evidence(extracted_at_ms=at_ms)])
        assert bool(get("measure.request").days_to_come(made, today)) is is_later
