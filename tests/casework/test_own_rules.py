"""What a city's own node holds its acts to: the day they state, and that nothing that ended is decided anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from node.core import standard as standards
from node.core.workflow.declared import WORKFLOWS
from node.errors import NodeError, Reason
from node.record.v1.record_pb2 import Header
from node.standard.v1 import complaint_pb2, credit_pb2, listing_pb2, party_pb2, penalty_pb2, referral_pb2
from node.storage.log import Entry
from node.usecases.casework.propose import ActRefusedError, Submission
from node.usecases.keep_terms import KeepTerms
from tests.casework.desks import LI, TWO, ZHANG, Desk, act, drafted_referral, referring, send, with_act
from tests.casework.test_cases import at, shown
from tests.casework.test_products import documents
from tests.core.standard_samples import PARTY, abnormal, complaint, hit, penalty, repair, serious

CITIES = ("changsha", "hefei")
DECISION = "长市监列异〔2026〕1号"


@pytest.fixture
def desks(tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    made = tuple(Desk(tmp_path, city, CITIES) for city in CITIES)
    for desk in made:
        desk.clock.at_ms = at("2026-05-06")
    yield made  # type: ignore[misc]
    for desk in made:
        desk.close()


def refused(caught: pytest.ExceptionInfo[ActRefusedError]) -> set[tuple[str, Reason]]:
    return {(each.rule, each.reason) for each in caught.value.broken}


def test_an_act_that_records_a_fact_states_its_day_and_the_clock_runs_from_it(desks: tuple[Desk, Desk]) -> None:
    changsha, _ = desks
    case = changsha.act("complaint", "", with_act(complaint(), "register", date="2026-04-30")).case
    told = shown(changsha, case)
    assert told.acts[0].on == "2026-04-30"
    assert [each.started for each in told.clocks] == ["2026-04-30"]


@pytest.mark.parametrize(
    ("name", "day", "reason"),
    [
        ("register", "2026-05-07", Reason.ACT_TOO_EARLY),
        ("open_settlement", "2027-01-01", Reason.ACT_TOO_EARLY),
    ],
)
def test_no_act_is_dated_in_the_future(desks: tuple[Desk, Desk], name: str, day: str, reason: Reason) -> None:
    with pytest.raises(ActRefusedError) as caught:
        desks[0].act("complaint", "", with_act(complaint(), name, date=day))
    assert refused(caught) == {(f"complaint.{name}.date", reason)}


def test_what_is_done_now_is_not_dated_back(desks: tuple[Desk, Desk]) -> None:
    """Else a limit could be kept by writing another day."""
    changsha, hefei = desks
    case = send(changsha)
    hefei.see(changsha)
    hefei.clock.at_ms = at("2026-05-20")
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, referring("receive", date="2026-05-06"))
    assert refused(caught) == {("referral.receive.date", Reason.ACT_NOT_ALLOWED)}


def test_an_act_is_not_dated_before_those_it_follows(desks: tuple[Desk, Desk]) -> None:
    changsha, _ = desks
    case = changsha.act("complaint", "", with_act(complaint(), "register")).case
    early = complaint_pb2.Complaint(act=act("withdraw", date="2026-05-05"))
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("complaint", case, early)
    assert refused(caught) == {("complaint.withdraw.date", Reason.ACT_NOT_ALLOWED)}


def test_a_day_that_is_none_is_refused(desks: tuple[Desk, Desk]) -> None:
    with pytest.raises(NodeError) as caught:
        desks[0].act("complaint", "", with_act(complaint(), "register", date="2026-02-30"))
    assert caught.value.reason is Reason.INVALID_FIELD


def test_a_decision_is_dated_the_day_it_is_approved(desks: tuple[Desk, Desk]) -> None:
    changsha, _ = desks
    case = changsha.act("complaint", "", with_act(complaint(), "register")).case
    body = complaint_pb2.Complaint(act=act("accept"))
    draft = changsha.casework.prepare(ZHANG, Submission("complaint", case, body.SerializeToString()))
    changsha.clock.at_ms = at("2026-05-08")
    changsha.casework.approve(LI, draft.number)
    assert shown(changsha, case).acts[-1].on == "2026-05-08"


def test_only_what_records_a_fact_or_anothers_decision_may_be_dated() -> None:
    dated = {(each.name, act.name) for each in WORKFLOWS.values() for act in each.acts if act.may_be_dated}
    assert ("referral", "designate") in dated
    assert not {act for _, act in dated} & {"accept", "reject", "file", "decide", "penalise", "receive", "answer"}


def listed(**fields: Any) -> listing_pb2.ListingAbnormal:
    body = abnormal()
    assert isinstance(body, listing_pb2.ListingAbnormal)
    body.decision_number = DECISION
    body.party.CopyFrom(PARTY)
    with_act(body, "list", documents=documents("列入决定书"), document_number=DECISION, **fields)
    return body


def test_a_decision_number_of_a_listing_that_ended_is_refused(desks: tuple[Desk, Desk]) -> None:
    """In casework as at intake: who left the list comes back by a new decision alone."""
    changsha, _ = desks
    case = changsha.decide("listing.abnormal", "", listed()).case
    keep = KeepTerms(changsha.store, changsha.clock, changsha.cases.books)
    assert len(keep.run()) == 1
    removed = listing_pb2.ListingAbnormal(act=act("remove", reasons="已补报", document_number="移1号"))
    changsha.decide("listing.abnormal", case, removed)
    assert len(keep.run()) == 1
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("listing.abnormal", "", listed())
    assert refused(caught) == {("listing.abnormal.list.decision_number", Reason.ACT_NOT_ALLOWED)}
    again = listed()
    again.decision_number = "长市监列异〔2026〕2号"
    assert changsha.decide("listing.abnormal", "", again).state == "listed"


def assisting(desks: tuple[Desk, Desk]) -> str:
    """A request for assistance that Hefei has received."""
    changsha, hefei = desks
    body = drafted_referral()
    assert isinstance(body, referral_pb2.Referral)
    body.kind, body.questions = referral_pb2.REFERRAL_KIND_ASSISTANCE, "请协助核查经营地址"
    case = changsha.act("referral", "", body).case
    changsha.decide("referral", case, referring("approve"))
    changsha.decide("referral", case, referring("send", officers=TWO, article="第45条"))
    hefei.see(changsha)
    hefei.act("referral", case, referring("receive"))
    return case


def due(desk: Desk, case: str) -> str:
    return next(each.due for each in shown(desk, case).clocks if each.rule == "assistance.answer")


def test_a_limit_is_extended_before_it_runs_out_and_not_after(desks: tuple[Desk, Desk]) -> None:
    _, hefei = desks
    case = assisting(desks)
    before = due(hefei, case)
    hefei.act("referral", case, referring("extend_answer", reasons="需外地核查", extends_by=10))
    assert due(hefei, case) > before
    with pytest.raises(ActRefusedError) as caught:  # the law gives it once
        hefei.act("referral", case, referring("extend_answer", reasons="x", extends_by=10))
    assert refused(caught) == {("referral.extend_answer.assistance.answer", Reason.ACT_NOT_ALLOWED)}


def test_a_limit_that_ran_out_is_extended_no_more(desks: tuple[Desk, Desk]) -> None:
    _, hefei = desks
    case = assisting(desks)
    hefei.clock.at_ms = at("2026-07-06")
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, referring("extend_answer", reasons="x", extends_by=10))
    assert refused(caught) == {("referral.extend_answer.assistance.answer", Reason.ACT_NOT_ALLOWED)}
    assert "ran out" in caught.value.message


def test_an_extension_that_takes_an_approver_is_drafted_without_one(desks: tuple[Desk, Desk]) -> None:
    changsha, hefei = desks
    case = send(changsha)
    hefei.see(changsha)
    hefei.act("referral", case, referring("receive"))
    hefei.decide("referral", case, referring("accept"))
    hefei.decide("referral", case, referring("extend_filing", reasons="案情复杂"))
    with pytest.raises(ActRefusedError):
        hefei.decide("referral", case, referring("extend_filing", reasons="x"))


def test_only_what_runs_is_suspended(desks: tuple[Desk, Desk]) -> None:
    changsha, hefei = desks
    case = send(changsha)
    hefei.see(changsha)
    hefei.act("referral", case, referring("receive"))
    hefei.decide("referral", case, referring("accept"))
    hefei.act("referral", case, referring("verify"))
    testing = referring("begin_testing", documents=documents("检测委托书"))
    hefei.act("referral", case, testing)
    with pytest.raises(ActRefusedError) as caught:
        hefei.act("referral", case, testing)
    assert refused(caught) == {("referral.begin_testing.clue.filing_decision", Reason.ACT_NOT_ALLOWED)}


def test_who_had_a_repair_annulled_for_fraud_waits_three_years(desks: tuple[Desk, Desk]) -> None:
    changsha, _ = desks
    changsha.decide("listing.abnormal", "", listed())
    (record,) = KeepTerms(changsha.store, changsha.clock, changsha.cases.books).run()

    def applied() -> str:
        return changsha.act("credit.repair", "", applying(record)).case

    def saying(name: str, **fields: Any) -> credit_pb2.CreditRepair:
        body = credit_pb2.CreditRepair(act=act(name, **fields))
        if "documents" in fields:
            body.decision_number, body.decided_on = f"{name}1号", "2026-05-06"
            body.outcome = (
                credit_pb2.REPAIR_OUTCOME_APPROVED if name == "approve" else credit_pb2.REPAIR_OUTCOME_REVOKED
            )
        return body

    case = applied()
    changsha.decide("credit.repair", case, saying("accept"))
    approve = saying("approve", reasons="已履行", documents=documents("准予信用修复决定书"))
    changsha.decide("credit.repair", case, approve)
    annul = saying("annul_for_fraud", reasons="材料虚假", documents=documents("撤销信用修复决定书"))
    changsha.decide("credit.repair", case, annul)
    for day in ("2026-05-07", "2029-05-05"):
        changsha.clock.at_ms = at(day)
        with pytest.raises(ActRefusedError) as caught:
            applied()
        assert refused(caught) == {("credit.repair.apply.ban", Reason.ACT_TOO_EARLY)}
    changsha.clock.at_ms = at("2029-05-08")
    assert applied() != case


def told_beforehand(desk: Desk) -> str:
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


@pytest.mark.parametrize(
    ("until", "decided_on"),
    [("2029-05-07", "2026-05-06"), ("2099-01-01", "2026-05-06"), ("2029-05-07", "2026-05-07")],
)
def test_no_serious_listing_is_decided_for_longer_than_three_years(
    desks: tuple[Desk, Desk], until: str, decided_on: str
) -> None:
    case = told_beforehand(desks[0])
    with pytest.raises(ActRefusedError) as caught:
        desks[0].decide("listing.serious", case, deciding(until, decided_on))
    assert refused(caught) == {("listing.serious.decide.listing.serious.term", Reason.ACT_NOT_ALLOWED)}
    assert {each.law.article for each in caught.value.broken} == {"20"}
    assert desks[0].decide("listing.serious", case, deciding("2029-05-06")).state == "decided"


def applying(listing: str, code: str = PARTY.uscc) -> Any:
    body = repair()
    assert isinstance(body, credit_pb2.CreditRepair)
    body.home_city, body.listing, body.party.uscc = "changsha", listing, code
    return with_act(body, "apply", documents=documents("信用修复申请书"))


def test_a_repair_waits_a_year_like_every_early_removal(desks: tuple[Desk, Desk]) -> None:
    changsha, _ = desks
    case = told_beforehand(changsha)
    decided = changsha.decide("listing.serious", case, deciding("2029-05-06")).id
    (record,) = KeepTerms(changsha.store, changsha.clock, changsha.cases.books).run()
    changsha.clock.at_ms = at("2027-05-05")
    for listing in (record, decided):
        with pytest.raises(ActRefusedError) as caught:
            changsha.act("credit.repair", "", applying(listing))
        rule = "credit.repair.apply.listing.serious.early_removal"
        assert refused(caught) == {(rule, Reason.ACT_TOO_EARLY)}
        assert {each.law.article for each in caught.value.broken} == {"16"}
    changsha.clock.at_ms = at("2027-05-06")
    assert changsha.act("credit.repair", "", applying(record)).state == "applied"


def test_no_later_act_of_a_repair_names_a_listing_that_is_too_young(desks: tuple[Desk, Desk]) -> None:
    """One applied for a penalty, that is then to take a listing off: also by the approval, also by its execution."""
    changsha, _ = desks
    changsha.decide("listing.serious", told_beforehand(changsha), deciding("2029-05-06"))
    (record,) = KeepTerms(changsha.store, changsha.clock, changsha.cases.books).run()
    body = applying("")
    body.penalty_number = penalised(changsha)
    case = changsha.act("credit.repair", "", body).case
    changsha.decide("credit.repair", case, credit_pb2.CreditRepair(act=act("accept")))
    approving = credit_pb2.CreditRepair(
        act=act("approve", reasons="已履行", documents=documents("准予信用修复决定书")),
        outcome=credit_pb2.REPAIR_OUTCOME_APPROVED,
        decision_number="修1号",
        decided_on="2026-05-06",
    )
    naming = credit_pb2.CreditRepair()
    naming.CopyFrom(approving)
    naming.listing = record
    with pytest.raises(ActRefusedError) as caught:
        changsha.decide("credit.repair", case, naming)
    assert refused(caught) == {("credit.repair.approve.listing.serious.early_removal", Reason.ACT_TOO_EARLY)}
    changsha.decide("credit.repair", case, approving)
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("credit.repair", case, credit_pb2.CreditRepair(act=act("execute"), listing=record))
    assert refused(caught) == {("credit.repair.execute.listing.serious.early_removal", Reason.ACT_TOO_EARLY)}


def penalised(desk: Desk, **party: Any) -> str:
    """A penalty that stands in the log as a registry handed it in; its number."""
    body = penalty()
    assert isinstance(body, penalty_pb2.Penalty)
    body.ClearField("id_hmac")
    body.party.CopyFrom(party.pop("party", PARTY))
    for field, value in party.items():
        setattr(body, field, value)
    standard = standards.get("penalty")
    header = Header(standard="penalty", version=1, city=desk.city, audience=["all"], issued_at_ms=desk.clock.now_ms())
    header.subjects.extend(standard.subjects(body))
    desk.append([Entry(header, standard.split(body.SerializeToString()))])
    return body.decision_number


def repairing(desk: Desk, body: Any) -> str:
    return desk.act("credit.repair", "", body).state


@pytest.mark.parametrize(
    ("number", "code"),
    [("", "91420100MA00TEXT0W"), ("无此文号", PARTY.uscc), ("", "")],
    ids=["party", "number", "name"],
)
def test_a_repair_takes_nobody_elses_penalty_off(desks: tuple[Desk, Desk], number: str, code: str) -> None:
    """Nor one that is not there, nor a person's by name."""
    changsha, _ = desks
    known = penalised(changsha)
    body = applying("", code)
    body.penalty_number = number or known
    with pytest.raises(ActRefusedError) as caught:
        repairing(changsha, body)
    assert refused(caught) == {("credit.repair.apply.penalty_number", Reason.ACT_NOT_ALLOWED)}
    body.penalty_number, body.party.uscc = known, PARTY.uscc
    assert repairing(changsha, body) == "applied"


def test_a_person_is_known_by_the_hmac_of_the_id_number(desks: tuple[Desk, Desk]) -> None:
    changsha, _ = desks
    person = party_pb2.Party(name="张某", kind=party_pb2.PARTY_KIND_NATURAL)
    number = penalised(changsha, party=person, id_hmac=bytes(32))
    body = applying("")
    body.party.CopyFrom(person)
    body.penalty_number, body.id_hmac = number, bytes([1] * 32)
    with pytest.raises(ActRefusedError):
        repairing(changsha, body)
    body.id_hmac = bytes(32)
    assert repairing(changsha, body) == "applied"


def test_a_later_act_of_a_repair_names_no_other_penalty(desks: tuple[Desk, Desk]) -> None:
    changsha, _ = desks
    body = applying("")
    body.penalty_number = penalised(changsha)
    case = changsha.act("credit.repair", "", body).case
    changsha.decide("credit.repair", case, credit_pb2.CreditRepair(act=act("accept")))
    other = party_pb2.Party(name="乙", uscc="91420100MA00TEXT0W")
    number = penalised(changsha, party=other, decision_number="长市监处罚〔2026〕13号")
    said = act("approve", reasons="已履行", documents=documents("准予信用修复决定书"))
    for party in (None, other):
        naming = credit_pb2.CreditRepair(
            act=said,
            outcome=credit_pb2.REPAIR_OUTCOME_APPROVED,
            decision_number="修1号",
            decided_on="2026-05-06",
            penalty_number=number,
            party=party,
        )
        with pytest.raises(ActRefusedError) as caught:
            changsha.decide("credit.repair", case, naming)
        assert refused(caught) == {("credit.repair.approve.penalty_number", Reason.ACT_NOT_ALLOWED)}


@pytest.mark.parametrize("listing", ["changsha-99", "hefei-0"])
def test_a_repair_names_a_listing_of_this_city(desks: tuple[Desk, Desk], listing: str) -> None:
    with pytest.raises(ActRefusedError) as caught:
        repairing(desks[0], applying(listing))
    assert refused(caught) == {("credit.repair.apply.listing", Reason.ACT_NOT_ALLOWED)}


def test_a_repair_takes_nobody_elses_listing_off(desks: tuple[Desk, Desk]) -> None:
    changsha, _ = desks
    changsha.decide("listing.abnormal", "", listed())
    (record,) = KeepTerms(changsha.store, changsha.clock, changsha.cases.books).run()
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("credit.repair", "", applying(record, "91420100MA00TEXT0W"))
    assert refused(caught) == {("credit.repair.apply.listing", Reason.ACT_NOT_ALLOWED)}
    assert changsha.act("credit.repair", "", applying(record)).state == "applied"


@pytest.mark.parametrize("name", ["listing.serious", "listing.abnormal", "listing.platform"])
def test_lists_are_never_merged_and_what_left_is_not_published_again(desks: tuple[Desk, Desk], name: str) -> None:
    forbidden = ("merge", "republish") if name == "listing.serious" else ("merge",)
    assert set(WORKFLOWS[name].forbids) == set(forbidden)
    for word in forbidden:
        body = standards.get(name).message_type()
        with pytest.raises(ActRefusedError) as caught:
            desks[0].act(name, "", with_act(body, word))
        assert refused(caught) == {(f"{name}.{word}.forbidden", Reason.ACT_NOT_ALLOWED)}


def test_a_hit_waits_for_an_officers_confirmation(desks: tuple[Desk, Desk]) -> None:
    changsha, hefei = desks
    found = hit()
    assert isinstance(found, listing_pb2.ListingHit)
    found.listing = "hefei-0"
    case = changsha.act("listing.hit", "", with_act(found, "screen")).case
    with pytest.raises(ActRefusedError) as caught:
        changsha.act("listing.hit", case, listing_pb2.ListingHit(act=act("tell")))
    assert ("listing.hit.tell.state", Reason.ACT_NOT_ALLOWED) in refused(caught)
    assert changsha.casework.act_by_itself() == []  # nor does the software confirm
    hefei.see(changsha)
    assert hefei.casework.cases(LI) == []


def test_a_hit_by_name_alone_is_refused(desks: tuple[Desk, Desk]) -> None:
    found = hit()
    assert isinstance(found, listing_pb2.ListingHit)
    found.listing = "hefei-0"
    found.party.Clear()
    found.party.name = "某某公司"
    with pytest.raises(NodeError) as caught:
        desks[0].act("listing.hit", "", with_act(found, "screen"))
    assert caught.value.reason is Reason.INVALID_FIELD


def test_nobody_is_listed_without_consent_and_notice(desks: tuple[Desk, Desk]) -> None:
    body = serious()
    assert isinstance(body, listing_pb2.ListingSerious)
    for field in ("decision_number", "decided_on", "published_on", "until"):
        body.ClearField(field)
    case = desks[0].act("listing.serious", "", with_act(body, "propose", reasons="理由")).case
    deciding = listing_pb2.ListingSerious(decision_number="列1号", decided_on="2026-05-06", until="2029-05-06")
    deciding.home_city = "hefei"
    with pytest.raises(ActRefusedError) as caught:
        desks[0].decide("listing.serious", case, with_act(deciding, "decide"))
    assert {f"listing.serious.decide.{each}" for each in ("state", "上级同意意见", "列入告知书")} <= {
        rule for rule, _ in refused(caught)
    }
